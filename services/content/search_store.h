#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/common/postgres/pool.h"
#include "services/content/post_store.h"

namespace rostrum::content {

// Plain text, or words in it that were searched for.
struct Passage {
  std::string text;
  bool match = false;
};

struct FoundPost {
  PostSummary post;
  std::vector<Passage> title;    // the whole of it
  std::vector<Passage> excerpt;  // where the words stand in lede and text
};

struct FoundPosts {
  std::vector<FoundPost> posts;
  bool more = false;  // whether there are others after them
};

struct SearchQuery {
  std::string words;  // as they were typed
  // Whether whole texts are searched and quoted, or only what everybody gets.
  bool whole_texts = false;
  std::optional<PostCursor> after;
  int limit = 20;
};

// Searches published posts. Thread-safe.
class SearchStore {
 public:
  virtual ~SearchStore() = default;
  // Newest first, by (publish_time, id). A query that only excludes finds
  // nothing. UNAVAILABLE when the database cannot be reached.
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
