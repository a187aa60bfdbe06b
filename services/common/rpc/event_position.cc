#include "services/common/rpc/event_position.h"

#include <map>
#include <string>

#include "absl/strings/numbers.h"
#include "services/common/base/status.h"

namespace rostrum {

std::optional<event::v1::Position> PositionIn(const absl::Status& status) {
  const ErrorDetails details = DetailsOf(status);
  if (details.reason != "EPOCH_CHANGED" && details.reason != "POSITION_PURGED") {
    return std::nullopt;
  }
  const auto field = [&](const char* key) {
    const auto found = details.metadata.find(key);
    return found == details.metadata.end() ? std::string() : found->second;
  };
  uint64_t xid = 0;
  int64_t id = 0;
  if (!absl::SimpleAtoi(field("xid"), &xid) || !absl::SimpleAtoi(field("id"), &id)) {
    return std::nullopt;
  }
  event::v1::Position position;
  position.set_epoch(field("epoch"));
  position.set_xid(xid);
  position.set_id(id);
  return position;
}

}  // namespace rostrum
