#pragma once

#include <string>
#include <vector>

#include "services/common/postgres/transaction.h"
#include "services/content/post.h"

namespace rostrum::content {

// Reads summaries inside a transaction, for the stores of posts and of manuscripts.

// When a statement is planned: once per connection, or at each call if the best plan
// depends on the arguments.
enum class Plan { kOnce, kEachTime };

// `tail` is what follows FROM: more joins, WHERE (p is posts), ORDER BY, LIMIT.
std::vector<PostSummary> LoadSummaries(Transaction& tx, const std::string& tail,
                                       const std::vector<std::string>& arguments,
                                       Plan plan = Plan::kOnce);

// Writes PostPublished with the present state of each post.
void WritePostsPublished(Transaction& tx, const std::vector<PostSummary>& posts, absl::Time now);

}  // namespace rostrum::content
