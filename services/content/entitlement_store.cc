#include "services/content/entitlement_store.h"

#include "rostrum/subscription/v1/events.pb.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/proto_time.h"

namespace rostrum::content {
namespace {

constexpr char kFind[] =
    "SELECT reason, end_time FROM entitlements WHERE account_id = $1 AND end_time > $2";

constexpr char kUpsert[] = R"sql(
  INSERT INTO entitlements (account_id, reason, end_time) VALUES ($1, $2, $3)
  ON CONFLICT (account_id) DO UPDATE SET reason = excluded.reason, end_time = excluded.end_time)sql";

}  // namespace

absl::StatusOr<std::optional<KnownEntitlement>> PostgresEntitlementStore::Find(
    const AccountId& account_id, absl::Time now) {
  return RunQuery<std::optional<KnownEntitlement>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::optional<KnownEntitlement>> {
        const pqxx::result rows = tx.Exec(kFind, account_id.value(), SqlTime(now));
        if (rows.empty()) return std::nullopt;
        return KnownEntitlement{static_cast<subscription::v1::AccessReason>(rows[0][0].as<int>()),
                                ReadTime(rows[0][1])};
      });
}

absl::Status PostgresEntitlementStore::Clear(
    const std::function<absl::Status(Transaction&)>& fence) {
  return RunTx(pool_, [&](Transaction& tx) -> absl::Status {
    RETURN_IF_ERROR(fence(tx));
    tx.exec("DELETE FROM entitlements");
    return absl::OkStatus();
  });
}

absl::Status ApplyEntitlementChanged(Transaction& tx, const event::v1::Event& event) {
  subscription::v1::EntitlementChanged changed;
  if (!event.payload().UnpackTo(&changed)) {
    return absl::InternalError("not an EntitlementChanged");
  }
  if (changed.entitled()) {
    tx.Exec(kUpsert, changed.account_id(), static_cast<int>(changed.reason()),
            SqlTime(FromProtoTime(changed.end_time())));
  } else {
    tx.Exec("DELETE FROM entitlements WHERE account_id = $1", changed.account_id());
  }
  return absl::OkStatus();
}

}  // namespace rostrum::content
