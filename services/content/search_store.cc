#include "services/content/search_store.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"
#include "services/content/post_rows.h"

namespace rostrum::content {
namespace {

// Put around the words that were found. A text may contain them too (Markdown is checked for NUL
// only, and "&#2;" becomes one): QuoteSql takes them out.
constexpr char kBegin = '\x02';
constexpr char kEnd = '\x03';

// $1 is the query, $2 and $3 the cursor, $4 the limit.
std::string FindTail(bool whole_texts) {
  return absl::StrCat("WHERE p.state = 3 AND p.", whole_texts ? "whole_search" : "open_search",
                      R"sql( @@ websearch_to_tsquery('post_search', $1)
      AND querytree(websearch_to_tsquery('post_search', $1)) NOT IN ('', 'T')
      AND ($2 = '' OR (p.publish_time, p.post_id)
                      < (nullif($2, '')::timestamptz, nullif($3, '')::uuid))
    ORDER BY p.publish_time DESC, p.post_id DESC LIMIT $4::bigint)sql");
}

// $1 is the query, $2 the posts. Only the text that was searched is quoted, and only its first
// 20000 characters, because quoting takes long: words further down are found but not quoted. What
// is left of a tag or an entity at the end goes.
std::string QuoteSql(bool whole_texts) {
  const char* text = whole_texts ? "p.body_html"
                                 : "CASE p.access_level WHEN 1 THEN p.body_html "
                                   "ELSE p.preview_html END";
  return absl::StrCat(R"sql(
    SELECT p.post_id,
      ts_headline('post_search', p.title, q, E'StartSel="\x02", StopSel="\x03", HighlightAll=true'),
      ts_headline('post_search', translate(p.lede || ' ' || text_of_html(
                    regexp_replace(left()sql",
                      text, R"sql(, 20000), '(<[^>]*|&[^;]*)$', '')), E'\x02\x03', ''), q,
                  E'StartSel="\x02", StopSel="\x03", MaxWords=40, MinWords=20')
    FROM posts p, websearch_to_tsquery('post_search', $1) q
    WHERE p.post_id = any($2::uuid[]))sql");
}

std::vector<Passage> Passages(const std::string& text) {
  std::vector<Passage> passages;
  Passage current;
  const auto end = [&](bool next_matches) {
    if (!current.text.empty()) passages.push_back(std::move(current));
    current = {.text = "", .match = next_matches};
  };
  for (const char c : text) {
    if (c == kBegin || c == kEnd) {
      end(c == kBegin);
    } else {
      current.text.push_back(c);
    }
  }
  end(false);
  return passages;
}

void Quote(Transaction& tx, const SearchQuery& query, std::vector<FoundPost>& found) {
  absl::flat_hash_map<std::string, FoundPost*> by_id;
  std::vector<std::string> ids;
  for (FoundPost& each : found) {
    by_id[each.post.id.value()] = &each;
    ids.push_back(each.post.id.value());
  }
  for (const pqxx::row& row :
       tx.exec_params(QuoteSql(query.whole_texts), query.words, SqlArray(ids))) {
    FoundPost& quoted = *by_id.at(ReadText(row[0]));
    quoted.title = Passages(ReadText(row[1]));
    quoted.excerpt = Passages(ReadText(row[2]));
  }
}

}  // namespace

absl::StatusOr<FoundPosts> PostgresSearchStore::Search(const SearchQuery& query) {
  return RunRead<FoundPosts>(pool_, [&](Transaction& tx) -> absl::StatusOr<FoundPosts> {
    std::vector<PostSummary> posts = LoadSummaries(
        tx, FindTail(query.whole_texts),
        {query.words, query.after.has_value() ? SqlTime(query.after->publish_time) : "",
         query.after.has_value() ? query.after->id.value() : "", absl::StrCat(query.limit + 1)},
        Plan::kEachTime);
    FoundPosts found{.posts = {}, .more = posts.size() > static_cast<size_t>(query.limit)};
    if (found.more) posts.resize(query.limit);
    found.posts.reserve(posts.size());
    for (PostSummary& post : posts) {
      found.posts.push_back({.post = std::move(post), .title = {}, .excerpt = {}});
    }
    if (!found.posts.empty()) Quote(tx, query, found.posts);
    return found;
  });
}

}  // namespace rostrum::content
