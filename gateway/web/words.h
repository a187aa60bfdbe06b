#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rostrum::gateway {

// The texts of the interface, one catalogue per language: lines of "NAME = text", where
// {place} stands for a value that is inserted. Templates use them as {{W_NAME}}. Immutable,
// thread-safe.
class Words {
 public:
  // INVALID_ARGUMENT names the line that is malformed.
  static absl::StatusOr<Words> Parse(const std::string& catalogue);

  bool Has(absl::string_view name) const { return texts_.find(name) != texts_.end(); }
  // The text. A missing name is a bug: ends the process.
  const std::string& Get(absl::string_view name) const;
  using Places = std::vector<std::pair<std::string, std::string>>;
  std::string Format(absl::string_view name, const Places& places) const;
  // NAME_ONE or NAME_OTHER, by the count, with {count} filled in.
  std::string Count(absl::string_view name, int64_t count) const;

  const std::map<std::string, std::string, std::less<>>& all() const { return texts_; }

 private:
  std::map<std::string, std::string, std::less<>> texts_;
};

}  // namespace rostrum::gateway
