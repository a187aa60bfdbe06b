#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rostrum::gateway {

// The words of the interface, in one catalogue a language: lines of
// "NAME = text", where {place} stands for what is put in. Templates say
// {{W_NAME}}. Immutable, thread-safe.
class Words {
 public:
  // INVALID_ARGUMENT naming the line that is none.
  static absl::StatusOr<Words> Parse(const std::string& catalogue);

  bool Has(absl::string_view name) const { return texts_.find(name) != texts_.end(); }
  // The text; a name that is missing is an error of ours and dies.
  const std::string& Get(absl::string_view name) const;
  using Places = std::vector<std::pair<std::string, std::string>>;
  std::string Format(absl::string_view name, const Places& places) const;
  // NAME_ONE or NAME_OTHER by the count, with {count} put in.
  std::string Count(absl::string_view name, int64_t count) const;

  const std::map<std::string, std::string, std::less<>>& all() const { return texts_; }

 private:
  std::map<std::string, std::string, std::less<>> texts_;
};

}  // namespace rostrum::gateway
