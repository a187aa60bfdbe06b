#pragma once

#include <string>
#include <vector>

#include "account_migrations.h"
#include "services/account/postgres_access_token_store.h"
#include "services/account/postgres_account_store.h"
#include "services/account/postgres_mail_queue.h"
#include "services/account/postgres_one_time_token_store.h"
#include "services/account/postgres_session_store.h"
#include "services/account/postgres_sign_up_store.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"
#include "tests/services/account/account_harness.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum::account {

// The real stores on a database of a test's own.
struct PostgresStores {
  TestDatabase database{MigrationsOf("account", migrations::Files())};
  PgPool& pool = database.pool;
  OutboxSignal events;
  MailSignal mail_signal;
  PostgresAccountStore accounts{pool, events, mail_signal};
  PostgresSignUpStore sign_ups{pool, events, mail_signal};
  PostgresSessionStore sessions{pool, events};
  PostgresOneTimeTokenStore one_time_tokens{pool, events, mail_signal};
  PostgresAccessTokenStore access_tokens{pool, events};
  PostgresMailQueue mails{pool};

  StoreRefs refs() { return {accounts, sign_ups, sessions, one_time_tokens, access_tokens, mails}; }

  // The answer to a query that gives one number.
  int64_t Count(const std::string& sql) {
    const auto count = RunRead<int64_t>(pool, [&](Transaction& tx) -> absl::StatusOr<int64_t> {
      return tx.exec1(sql)[0].as<int64_t>();
    });
    EXPECT_THAT(count, IsOk()) << sql;
    return count.value_or(-1);
  }
  // The events of a type, such as "AccountVerified", as consumers read them.
  template <class Event>
  std::vector<Event> Events() {
    std::vector<Event> events;
    const absl::Status read = RunTx(pool, [&](Transaction& tx) {
      events.clear();
      for (const pqxx::row& row :
           tx.Exec("SELECT payload FROM outbox WHERE type = $1 ORDER BY xid, id",
                   Event::descriptor()->full_name())) {
        Event event;
        EXPECT_TRUE(event.ParseFromString(ReadBytes(row[0])));
        events.push_back(event);
      }
      return absl::OkStatus();
    });
    EXPECT_THAT(read, IsOk());
    return events;
  }
};

}  // namespace rostrum::account
