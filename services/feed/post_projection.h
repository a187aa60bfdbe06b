#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "rostrum/content/v1/post_service.pb.h"
#include "services/common/base/ids.h"
#include "services/common/postgres/transaction.h"
#include "services/feed/follow.h"

namespace rostrum::feed {

// The copy of what is published that feeds are read from. Kept by the events of
// content; each function runs inside the transaction of an event or of a page
// of a snapshot, and may be repeated.

// The channel, author and topics of a post, in this order.
std::vector<Target> TargetsOf(const content::v1::PostSummary& post);

// Adds a post, or brings it up to date. INVALID_ARGUMENT if it has no id.
absl::Status ApplyPublished(Transaction& tx, const content::v1::PostSummary& post, absl::Time now);
void ApplyUnpublished(Transaction& tx, const PostId& post_id);
// Removes what was last told before `time`: a snapshot that began then did not
// tell it any more.
void RemoveToldBefore(Transaction& tx, absl::Time time);

}  // namespace rostrum::feed
