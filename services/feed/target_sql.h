#pragma once

#include <string>
#include <vector>

#include "services/common/postgres/transaction.h"
#include "services/feed/follow.h"

namespace rostrum::feed {

// Storing channels, authors and topics. Those that are stored and have not changed are not
// locked: a transaction that applies many events would make those wait who follow them.

// The columns of targets, as arrays for unnest.
struct TargetColumns {
  explicit TargetColumns(const std::vector<Target>& targets);
  std::string kinds, ids, display_names, slugs;
};

// Adds those that are not stored yet; the others keep their name and slug.
void InsertTargets(Transaction& tx, const TargetColumns& targets);
// Gives those that are stored their present name and slug.
void UpdateTargets(Transaction& tx, const TargetColumns& targets);

}  // namespace rostrum::feed
