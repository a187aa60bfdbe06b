#pragma once

#include <string>
#include <vector>

#include "services/common/base/ids.h"
#include "services/common/postgres/fields.h"

namespace rostrum {

// Ids as one parameter of type uuid[].
template <class Tag>
std::string SqlIds(const std::vector<Id<Tag>>& ids) {
  std::vector<std::string> values;
  values.reserve(ids.size());
  for (const Id<Tag>& id : ids) values.push_back(id.value());
  return SqlArray(values);
}

}  // namespace rostrum
