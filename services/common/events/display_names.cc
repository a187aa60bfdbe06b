#include "services/common/events/display_names.h"

#include <string>
#include <utility>
#include <vector>

#include "rostrum/account/v1/account_service.grpc.pb.h"
#include "rostrum/account/v1/events.pb.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"

namespace rostrum {
namespace {

constexpr char kBeforeAllIds[] = "00000000-0000-0000-0000-000000000000";

}  // namespace

DisplayNames::DisplayNames(PgPool& pool, const EventSource& account, Options options)
    : pool_(pool), account_(account), options_(std::move(options)) {}

EventConsumer::Options DisplayNames::ConsumerOptions() {
  const auto apply = [this](Transaction& tx, const event::v1::Event& event) -> absl::Status {
    account::v1::ProfileChanged changed;
    if (!event.payload().UnpackTo(&changed)) return absl::InternalError("not a ProfileChanged");
    options_.rename(tx, AccountId(changed.account_id()), changed.display_name());
    return absl::OkStatus();
  };
  return {.handlers = {{account::v1::ProfileChanged::descriptor()->full_name(), apply}},
          .resync = [this](const EventConsumer::Fence& fence) { return Refresh(fence); }};
}

absl::Status DisplayNames::Refresh(const EventConsumer::Fence& fence) {
  const auto stub = account::v1::AccountService::NewStub(account_.channel);
  std::string last = kBeforeAllIds;
  while (true) {
    account::v1::BatchGetProfilesRequest request;
    ASSIGN_OR_RETURN(const std::vector<std::string> known,
                     RunQuery<std::vector<std::string>>(
                         pool_, [&](Transaction& tx) -> absl::StatusOr<std::vector<std::string>> {
                           std::vector<std::string> ids;
                           for (const pqxx::row& row : tx.Exec(options_.known_sql, last)) {
                             ids.push_back(ReadText(row[0]));
                           }
                           return ids;
                         }));
    if (known.empty()) return absl::OkStatus();
    last = known.back();
    request.mutable_account_ids()->Add(known.begin(), known.end());
    account::v1::BatchGetProfilesResponse response;
    RETURN_IF_ERROR(account_.caller.Call("BatchGetProfiles", [&](grpc::ClientContext* ctx) {
      return stub->BatchGetProfiles(ctx, request, &response);
    }));
    RETURN_IF_ERROR(RunTx(pool_, [&](Transaction& tx) -> absl::Status {
      RETURN_IF_ERROR(fence(tx));
      for (const account::v1::Profile& profile : response.profiles()) {
        options_.rename(tx, AccountId(profile.account_id()), profile.display_name());
      }
      return absl::OkStatus();
    }));
  }
}

}  // namespace rostrum
