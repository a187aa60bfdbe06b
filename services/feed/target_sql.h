#pragma once

#include "pqxx/pqxx"
#include "services/feed/follow.h"

namespace rostrum::feed {

// Keeps the name of something that can be followed up to date.
void UpsertTarget(pqxx::work& tx, const Target& target);

}  // namespace rostrum::feed
