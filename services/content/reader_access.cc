#include "services/content/reader_access.h"

#include <utility>

#include "services/common/base/status.h"
#include "services/common/rpc/access.h"
#include "services/common/rpc/proto_time.h"
#include "services/common/rpc/visitor_proto.h"

namespace rostrum::content {
namespace {

namespace spb = rostrum::subscription::v1;

bool IsStaff(const PostFacts& post, const Reader& reader) {
  if (reader.account_id.empty()) return false;
  return reader.account_id == post.author_account_id || EditsEverything(reader.roles);
}

// Any reason why subscription does not answer: unavailable, slow, overloaded, broken.
bool IsOutage(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsResourceExhausted(status) || absl::IsInternal(status) || absl::IsUnknown(status);
}

spb::ReadingAccess Granted(spb::AccessReason reason, absl::Time now) {
  spb::ReadingAccess access;
  access.set_granted(true);
  access.set_reason(reason);
  *access.mutable_server_time() = ToProtoTime(now);
  return access;
}

spb::CheckAccessRequest RequestFor(const PostFacts& post, const Reader& reader) {
  spb::CheckAccessRequest request;
  request.set_post_id(post.id.value());
  request.set_access_level(post.access_level);
  request.set_account_id(reader.account_id.value());
  if (!reader.visitor.empty()) *request.mutable_visitor() = ToProto(reader.visitor);
  request.set_network(reader.network);
  return request;
}

// A paywall is never shown because of an outage.
absl::StatusOr<spb::ReadingAccess> DecideInOutage(const PostFacts& post, absl::Time now) {
  if (post.access_level == spb::ACCESS_LEVEL_METERED) {
    return Granted(spb::ACCESS_REASON_METER_UNAVAILABLE, now);
  }
  return CausedBy(
      "subscription",
      RetryLater(absl::StatusCode::kUnavailable, "ACCESS_UNKNOWN",
                 "whether you may read this cannot be found out at this moment", absl::Seconds(5)));
}

}  // namespace

absl::StatusOr<spb::ReadingAccess> ReaderAccess::Decide(const PostFacts& post, const Reader& reader,
                                                        Mode mode) {
  const absl::Time now = clock_.Now();
  if (post.access_level == spb::ACCESS_LEVEL_PUBLIC) {
    return Granted(spb::ACCESS_REASON_PUBLIC, now);
  }
  if (IsStaff(post, reader)) return Granted(spb::ACCESS_REASON_STAFF, now);
  if (!reader.account_id.empty()) {
    ASSIGN_OR_RETURN(const std::optional<KnownEntitlement> known,
                     entitlements_.Find(reader.account_id, now));
    if (known.has_value()) {
      spb::ReadingAccess access = Granted(known->reason, now);
      *access.mutable_entitlement_end_time() = ToProtoTime(known->end_time);
      return access;
    }
  }
  spb::CheckAccessRequest request = RequestFor(post, reader);
  request.set_peek(mode == Mode::kPeek);
  absl::StatusOr<spb::ReadingAccess> access = subscription_.CheckAccess(request);
  if (!IsOutage(access.status())) return access;
  return DecideInOutage(post, now);
}

std::vector<absl::StatusOr<spb::ReadingAccess>> ReaderAccess::DecideForVisitors(
    const std::vector<const PostFacts*>& posts, const std::vector<Reader>& visitors) {
  const absl::Time now = clock_.Now();
  std::vector<absl::StatusOr<spb::ReadingAccess>> decided(posts.size(),
                                                          Granted(spb::ACCESS_REASON_PUBLIC, now));
  spb::BatchCheckVisitorAccessRequest request;
  std::vector<size_t> asked;
  for (size_t i = 0; i < posts.size(); ++i) {
    if (posts[i]->access_level == spb::ACCESS_LEVEL_PUBLIC) continue;
    asked.push_back(i);
    *request.add_reads() = RequestFor(*posts[i], visitors[i]);
  }
  if (asked.empty()) return decided;
  auto answers = subscription_.CheckVisitors(request);
  for (size_t k = 0; k < asked.size(); ++k) {
    if (answers.ok()) {
      decided[asked[k]] = std::move((*answers)[k]);
    } else if (IsOutage(answers.status())) {
      decided[asked[k]] = DecideInOutage(*posts[asked[k]], now);
    } else {
      decided[asked[k]] = answers.status();
    }
  }
  return decided;
}

absl::StatusOr<bool> ReaderAccess::ReadsEverything(const AccountId& account_id,
                                                   const std::set<std::string>& roles) {
  if (account_id.empty()) return false;
  if (EditsEverything(roles)) return true;
  ASSIGN_OR_RETURN(const std::optional<KnownEntitlement> known,
                   entitlements_.Find(account_id, clock_.Now()));
  if (known.has_value()) return true;
  const auto entitlement = subscription_.GetEntitlement(account_id);
  return entitlement.ok() && entitlement->entitled();
}

}  // namespace rostrum::content
