#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "services/comment/comment_store.h"
#include "services/common/postgres/transaction.h"
#include "services/common/trace/trace_context.h"

namespace rostrum::comment {

// A comment to be written.
struct Creation {
  NewComment comment;
  IdempotencyKey key;
  TraceContext trace;  // of the request; the event becomes part of it
};

struct CreatedComment {
  Comment comment;
  bool fresh = false;  // false if an earlier request created it
};

// Writes several comments in one transaction, each with its event, under the rules of
// CommentStore::Create. Returns one result for each of `wanted`, in that order; an error of
// one does not keep the others from being written.
std::vector<absl::StatusOr<CreatedComment>> CreateComments(Transaction& tx,
                                                           const std::vector<Creation>& wanted);

}  // namespace rostrum::comment
