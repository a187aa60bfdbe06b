#include "services/common/events/display_names.h"

#include <map>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rostrum/account/v1/account_service.grpc.pb.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"
#include "tests/services/common/events/producer.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/status_matchers.h"

namespace rostrum {
namespace {

constexpr char kKnown[] =
    "SELECT account_id FROM people WHERE account_id > $1 ORDER BY account_id LIMIT 100";

// Knows every second account by another name than before.
class Profiles final : public account::v1::AccountService::Service {
 public:
  grpc::Status BatchGetProfiles(grpc::ServerContext*,
                                const account::v1::BatchGetProfilesRequest* request,
                                account::v1::BatchGetProfilesResponse* response) override {
    EXPECT_LE(request->account_ids_size(), 100);
    for (const std::string& id : request->account_ids()) {
      if (id.back() == 'f') continue;
      account::v1::Profile* profile = response->add_profiles();
      profile->set_account_id(id);
      profile->set_display_name(absl::StrCat("new ", id));
    }
    return grpc::Status::OK;
  }
};

class DisplayNamesTest : public GrpcFixture {
 protected:
  DisplayNamesTest() : GrpcFixture("account") {
    EXPECT_THAT(RunTx(database_.pool,
                      [](Transaction& tx) -> absl::Status {
                        tx.exec("CREATE TABLE people (account_id uuid PRIMARY KEY, name text)");
                        tx.exec(
                            "INSERT INTO people SELECT lpad(to_hex(n), 32, '0')::uuid, 'old' "
                            "FROM generate_series(1, 250) n");
                        return absl::OkStatus();
                      }),
                IsOk());
    Serve({&profiles_});
    account_.emplace("account", channel(), signer("comment"), metrics());
  }
  int Count(const std::string& condition) {
    return RunRead<int>(
               database_.pool,
               [&](Transaction& tx) -> absl::StatusOr<int> {
                 return tx.exec1("SELECT count(*) FROM people WHERE " + condition)[0].as<int>();
               })
        .value();
  }

  TestDatabase database_{ProducerSchema()};
  Profiles profiles_;
  std::optional<EventSource> account_;
};

TEST_F(DisplayNamesTest, AsksForAllThatAreKnownAndLeavesOthersAlone) {
  DisplayNames names(database_.pool, *account_,
                     {.known_sql = kKnown,
                      .rename = [](Transaction& tx, const AccountId& id, const std::string& name) {
                        tx.Exec("UPDATE people SET name = $2 WHERE account_id = $1", id.value(),
                                name);
                      }});
  EXPECT_THAT(names.Refresh([](Transaction&) { return absl::OkStatus(); }), IsOk());
  EXPECT_EQ(Count("name = 'new ' || account_id"), 235);
  EXPECT_EQ(Count("name = 'old'"), 15);
}

TEST_F(DisplayNamesTest, ChangesNothingWhenAnotherReplicaHasDoneIt) {
  DisplayNames names(
      database_.pool, *account_,
      {.known_sql = kKnown,
       .rename = [](Transaction&, const AccountId&, const std::string&) { FAIL(); }});
  EXPECT_THAT(names.Refresh([](Transaction&) { return absl::AbortedError("another has"); }),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(Count("name = 'old'"), 250);
}

}  // namespace
}  // namespace rostrum
