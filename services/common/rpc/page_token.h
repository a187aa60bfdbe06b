#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "services/common/rpc/caller.h"

namespace rostrum {

// Opaque page tokens (AIP-158): a keyset cursor, signed, bound to the caller
// and to every other argument of the list (ListPage). Changing page_size is allowed, any
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

 private:
  std::string key_;
};

// The scope of a list: the caller, and every argument but page_size and page_token. Lists
// whose addresses people share have no caller, `Caller()`: a token gives nobody access.
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

// The page that a request for a list asks for.
class ListPage {
 public:
  // `parts` is how many parts the cursor of the list has. INVALID_ARGUMENT for a bad page_size
  // or page_token.
  template <class Request>
  static absl::StatusOr<ListPage> Read(const PageTokens& tokens, const Caller& caller,
                                       const Request& request, size_t parts) {
    const absl::StatusOr<int> size = PageSize(request.page_size());
    if (!size.ok()) return size.status();
    ListPage page(tokens, *size, PageScope(caller, request));
    absl::StatusOr<std::vector<std::string>> cursor =
        tokens.Decode(page.scope_, request.page_token(), parts);
    if (!cursor.ok()) return cursor.status();
    page.cursor_ = *std::move(cursor);
    return page;
  }

  int size() const { return size_; }
  // How many entries to read: one more than fits, to find out whether there is a next page.
  int limit() const { return size_ + 1; }
  // Of the last entry of the page before; empty for the first page.
  const std::vector<std::string>& cursor() const { return cursor_; }
  // The most common cursor, as Cursor{absl::Time, IdType}.
  template <class Cursor, class IdType>
  absl::StatusOr<std::optional<Cursor>> After() const {
    return ParseTimeCursor<Cursor, IdType>(cursor_);
  }

  // Cuts `entries` to the page and returns the token of the next one, empty at the last page.
  // `cursor_of` returns the cursor of an entry.
  template <class Entry, class CursorOf>
  std::string Cut(std::vector<Entry>& entries, CursorOf&& cursor_of) const {
    return Cut(entries, size_, cursor_of);
  }
  // The same for a page of fewer entries than were asked for.
  template <class Entry, class CursorOf>
  std::string Cut(std::vector<Entry>& entries, size_t size, CursorOf&& cursor_of) const {
    if (entries.size() <= size) return "";
    entries.erase(entries.begin() + size, entries.end());
    return TokenAfter(cursor_of(entries.back()));
  }
  // The token of a page that begins after this cursor.
  std::string TokenAfter(const std::vector<std::string>& cursor) const {
    return tokens_->Encode(scope_, cursor);
  }

 private:
  ListPage(const PageTokens& tokens, int size, std::string scope)
      : tokens_(&tokens), size_(size), scope_(std::move(scope)) {}

  const PageTokens* tokens_;
  int size_;
  std::string scope_;
  std::vector<std::string> cursor_;
};

}  // namespace rostrum
