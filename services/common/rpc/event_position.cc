#include "services/common/rpc/event_position.h"

#include <map>
#include <string>

#include "absl/strings/numbers.h"
#include "services/common/base/status.h"

namespace rostrum {

std::optional<ResumePoints> ResumePointsIn(const absl::Status& status) {
  const ErrorDetails details = DetailsOf(status);
  if (details.reason != "EPOCH_CHANGED" && details.reason != "POSITION_PURGED") {
    return std::nullopt;
  }
  const auto field = [&](const char* key) {
    const auto found = details.metadata.find(key);
    return found == details.metadata.end() ? std::string() : found->second;
  };
  const auto position = [&](const char* xid_key,
                            const char* id_key) -> std::optional<event::v1::Position> {
    uint64_t xid = 0;
    int64_t id = 0;
    if (!absl::SimpleAtoi(field(xid_key), &xid) || !absl::SimpleAtoi(field(id_key), &id)) {
      return std::nullopt;
    }
    event::v1::Position position;
    position.set_epoch(field("epoch"));
    position.set_xid(xid);
    position.set_id(id);
    return position;
  };
  const auto after_snapshot = position("xid", "id");
  const auto before_first = position("purged_xid", "purged_id");
  if (!after_snapshot.has_value()) return std::nullopt;
  // A producer of an earlier release does not send `before_first`.
  return ResumePoints{*after_snapshot, before_first.value_or(*after_snapshot)};
}

}  // namespace rostrum
