#pragma once

#include "services/common/postgres/transaction.h"
#include "services/feed/follow.h"

namespace rostrum::feed {

// Keeps the name of something that can be followed up to date.
void UpsertTarget(Transaction& tx, const Target& target);

}  // namespace rostrum::feed
