#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "services/comment/comment_store.h"
#include "services/common/postgres/transaction.h"
#include "services/common/trace/trace_context.h"

namespace rostrum::comment {

// A comment that somebody wants to write.
struct Creation {
  NewComment comment;
  IdempotencyKey key;
  TraceContext trace;  // of the request: its event belongs there
};

struct CreatedComment {
  Comment comment;
  bool fresh = false;  // not made by an earlier request
};

// Writes comments together, each with its event, as CommentStore::Create says. What is
// wrong with one is its own result, in the order of `wanted`, and keeps none of the
// others from being written.
std::vector<absl::StatusOr<CreatedComment>> CreateComments(Transaction& tx,
                                                           const std::vector<Creation>& wanted);

}  // namespace rostrum::comment
