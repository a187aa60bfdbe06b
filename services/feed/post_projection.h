#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "rostrum/content/v1/post_service.pb.h"
#include "services/common/base/ids.h"
#include "services/common/events/event_consumer.h"
#include "services/common/postgres/pool.h"
#include "services/common/postgres/transaction.h"
#include "services/feed/content_client.h"
#include "services/feed/follow.h"

namespace rostrum::feed {

// Feed's own copy of the published posts, from which feeds are read. The events of content
// keep it up to date. The functions that take a Transaction run inside that of an event or of
// a page of a snapshot, and may be repeated.

// The channel, author and topics of a post, in this order.
std::vector<Target> TargetsOf(const content::v1::PostSummary& post);

// Adds a post, or brings it up to date. It counts as reported now, or at `not_before` if that
// is later: by the database's clock, because replicas whose clocks differ read snapshots at
// the same time. INVALID_ARGUMENT if it has no id.
absl::Status ApplyPublished(Transaction& tx, const content::v1::PostSummary& post,
                            absl::Time not_before = absl::UnixEpoch());
void ApplyUnpublished(Transaction& tx, const PostId& post_id);
// The time of the database's clock.
absl::Time TimeNow(Transaction& tx);
// Removes posts that were last reported before `time`. Called after a snapshot that began
// at `time` by the database's clock: posts that it did not contain are no longer published.
void RemoveToldBefore(Transaction& tx, absl::Time time);

// Reads all published posts from content again, and forgets posts that are no longer among
// them. An error of `fence`, which is called in each of its transactions, ends it.
absl::Status ResyncPosts(PgPool& pool, ContentClient& content, const EventConsumer::Fence& fence);

}  // namespace rostrum::feed
