#pragma once

#include "services/common/postgres/transaction.h"
#include "services/feed/follow.h"

namespace rostrum::feed {

// Stores the present name and slug of a channel, author or topic.
void UpsertTarget(Transaction& tx, const Target& target);

}  // namespace rostrum::feed
