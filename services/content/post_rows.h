#pragma once

#include <string>
#include <vector>

#include "services/common/postgres/transaction.h"
#include "services/content/post.h"

namespace rostrum::content {

// Reading summaries inside a transaction, for the stores of posts and
// manuscripts.

// When a statement is planned: once for a connection, or each time, if the best plan
// depends on the arguments.
enum class Plan { kOnce, kEachTime };

// `tail` is what follows FROM: more joins, WHERE (p is posts), ORDER BY, LIMIT.
std::vector<PostSummary> LoadSummaries(Transaction& tx, const std::string& tail,
                                       const std::vector<std::string>& arguments,
                                       Plan plan = Plan::kOnce);

// Writes PostPublished as the post stands now.
void WritePostPublished(Transaction& tx, const PostSummary& post, absl::Time now);

}  // namespace rostrum::content
