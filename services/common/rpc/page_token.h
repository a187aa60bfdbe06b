#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "services/common/rpc/caller.h"

namespace rostrum {

// Opaque page tokens (AIP-158): a keyset cursor, signed, bound to the caller
// and to every other argument of the list. Changing page_size is allowed, any
// other change is INVALID_ARGUMENT (reason PAGE_TOKEN_INVALID). Thread-safe.
class PageTokens {
 public:
  // `secret` is shared by all replicas of a service.
  explicit PageTokens(absl::string_view secret);

  // `scope` is the method and its other arguments, see PageScope.
  std::string Encode(absl::string_view scope, const std::vector<std::string>& cursor) const;
  // The cursor, with exactly `parts` parts; an empty vector for an empty token (the first
  // page).
  absl::StatusOr<std::vector<std::string>> Decode(absl::string_view scope, absl::string_view token,
                                                  size_t parts) const;

  // A list reads one entry more than fits its page, to find out whether there is a next
  // page. Cuts `entries` to the page and returns the token of the next one, empty at the
  // last page. `cursor_of` returns the cursor of an entry.
  template <class Entry, class CursorOf>
  std::string CutPage(absl::string_view scope, size_t page_size, std::vector<Entry>& entries,
                      CursorOf&& cursor_of) const {
    if (entries.size() <= page_size) return "";
    entries.erase(entries.begin() + page_size, entries.end());
    return Encode(scope, cursor_of(entries.back()));
  }

 private:
  std::string key_;
};

// The scope of a list: the caller, and every argument but page_size and page_token.
std::string PageScope(const Caller& caller, const google::protobuf::Message& request);

// The most common cursor: the time and the id of the last entry.
std::vector<std::string> TimeCursorParts(absl::Time time, const std::string& id);
namespace page_token_internal {
absl::StatusOr<absl::Time> ReadTimePart(const std::string& part);
}
// Parses it into Cursor{absl::Time, IdType}; nullopt for the first page.
template <class Cursor, class IdType>
absl::StatusOr<std::optional<Cursor>> ParseTimeCursor(const std::vector<std::string>& parts) {
  if (parts.empty()) return std::optional<Cursor>();
  const absl::StatusOr<absl::Time> time = page_token_internal::ReadTimePart(parts[0]);
  if (!time.ok()) return time.status();
  return std::make_optional(Cursor{*time, IdType(parts[1])});
}

// 0 means `fallback`, too large is coerced to `max`, negative is
// INVALID_ARGUMENT.
absl::StatusOr<int> PageSize(int requested, int fallback = 20, int max = 100);

}  // namespace rostrum
