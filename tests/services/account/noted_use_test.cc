#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/services/account/postgres_stores.h"
#include "tests/services/account/stores_contract.h"

namespace rostrum::account {
namespace {

// A session and an access token, used two hours after they were made.
class NotedUseTest : public StoresContract<PostgresStores> {
 protected:
  NotedUseTest() {
    const Account account = MakeAccount("ada@example.org");
    const Session session = Open(account, "session");
    EXPECT_THAT(bundle_.access_tokens.Create({.id = TokenId(NewUuid(now_)),
                                              .account_id = account.id,
                                              .display_name = "program",
                                              .scopes = {"read"},
                                              .create_time = now_,
                                              .expire_time = later_ + absl::Hours(1)},
                                             HashToken("token"), session.id),
                IsOk());
  }
  // Runs `body`, in PL/pgSQL, for each use that is noted.
  void OnNote(const std::string& body) {
    Execute(bundle_.pool,
            absl::StrCat("CREATE FUNCTION on_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ",
                         body,
                         " RETURN NEW; END $$;"
                         "CREATE TRIGGER on_note BEFORE UPDATE ON sessions FOR EACH ROW EXECUTE "
                         "FUNCTION on_note();"
                         "CREATE TRIGGER on_note BEFORE UPDATE ON access_tokens"
                         "  FOR EACH ROW EXECUTE FUNCTION on_note();"));
  }
  // Both are found, whether or not the use was noted.
  void ExpectFound(bool noted) {
    const auto session = bundle_.sessions.Resolve(HashToken("session"), rules_.idle, later_);
    ASSERT_THAT(session, IsOk());
    EXPECT_EQ(session->session.last_use_time, HourOf(noted ? later_ : now_));
    const auto token = bundle_.access_tokens.Resolve(HashToken("token"), later_);
    ASSERT_THAT(token, IsOk());
    EXPECT_EQ(token->token.last_use_time,
              noted ? std::make_optional(HourOf(later_)) : std::nullopt);
  }

  const absl::Time later_ = now_ + absl::Hours(2);
};

TEST_F(NotedUseTest, FailsNobodyWhereOnlyWritesFail) {
  OnNote("RAISE 'the disk is full' USING ERRCODE = '53100';");
  ExpectFound(/*noted=*/false);
}

TEST_F(NotedUseTest, WaitsForNobodyWhoHoldsTheRow) {
  pqxx::connection other(bundle_.database.url);
  Transaction holder(other);
  holder.exec("SELECT 1 FROM sessions FOR UPDATE");
  holder.exec("SELECT 1 FROM access_tokens FOR UPDATE");
  ExpectFound(/*noted=*/false);
}

// A commit that waits for a standby waits as long as that is away.
TEST_F(NotedUseTest, WaitsForNoDiskAndNoStandby) {
  Execute(bundle_.pool,
          "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = on',"
          "                           current_database()); END $$;"
          "CREATE TABLE commits (waits text)");
  bundle_.pool.DiscardIdle();
  OnNote("INSERT INTO commits VALUES (current_setting('synchronous_commit'));");
  ExpectFound(/*noted=*/true);
  EXPECT_EQ(bundle_.Count("SELECT count(*) FROM commits"), 2);
  EXPECT_EQ(bundle_.Count("SELECT count(*) FROM commits WHERE waits = 'off'"), 2);
}

}  // namespace
}  // namespace rostrum::account
