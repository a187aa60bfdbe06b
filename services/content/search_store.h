#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/common/postgres/pool.h"
#include "services/content/post_store.h"

namespace rostrum::content {

// A piece of text. `match` is true for words that were searched for.
struct Passage {
  std::string text;
  bool match = false;
};

struct FoundPost {
  PostSummary post;
  std::vector<Passage> title;    // the whole of it
  std::vector<Passage> excerpt;  // the places in lede and text where the words were found
};

struct FoundPosts {
  std::vector<FoundPost> posts;
  bool more = false;  // whether there are others after them
};

struct SearchQuery {
  std::string words;  // as they were typed
  // Whether to search and quote whole texts, or only what everybody may read.
  bool whole_texts = false;
  std::optional<PostCursor> after;
  int limit = 20;
};

// Searches published posts. Thread-safe.
class SearchStore {
 public:
  virtual ~SearchStore() = default;
  // Newest first, by (publish_time, id). A query with only excluded words finds nothing.
  // UNAVAILABLE when the database cannot be reached.
  virtual absl::StatusOr<FoundPosts> Search(const SearchQuery& query) = 0;
};

class PostgresSearchStore final : public SearchStore {
 public:
  explicit PostgresSearchStore(PgPool& pool) : pool_(pool) {}
  absl::StatusOr<FoundPosts> Search(const SearchQuery& query) override;

 private:
  PgPool& pool_;
};

}  // namespace rostrum::content
