#include "services/common/markdown/source_check.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/common/base/status.h"
#include "services/common/base/utf8.h"

namespace rostrum {
namespace {

// Each unmatched bracket has the ones before it looked at: 12 ms for 5,000, and nobody writes
// so many links.
constexpr int kMaxBrackets = 4000;
// Each closing parenthesis after what looks like a link has the word counted again: 0.4 s for
// 40,000 in one word.
constexpr int kMaxParentheses = 2000;
// For each "www." and "@" (also as an entity, "&#64;") the rest of the word is looked at: 13 s
// for a word of 22,000, which are three billion letters.
constexpr size_t kMaxLinkLetters = 20'000'000;
// For each "<?" or "<!" all of the rest is searched for its end: 2 s for 26,000.
constexpr int kMaxMarkup = 500;
// A table's rows are all as wide as its first: 2,500 short lines under one of 1,250 cells are
// 10 kB of text, three million cells, 730 MiB in memory and 30 MB of HTML.
constexpr size_t kMaxCells = 50'000;
// For each line like "|-|" the paragraph before it is parsed as the head of a table: 3 s for
// 3,000 in 32 kB, which are 50 million bytes.
constexpr size_t kMaxHeadBytes = 4'000'000;
// Each line is looked at by all lists and quotes that are open, also an empty one: 5 s for
// 25,000 lines in 4,000 lists, which begin with 8,000 letters.
constexpr size_t kMaxNesting = 2'000'000;

// What is expensive in the lines of a text, each as an upper limit.
class Lines {
 public:
  explicit Lines(absl::string_view source) {
    while (!source.empty()) {
      const size_t end = std::min(source.find_first_of("\r\n"), source.size());
      Add(source.substr(0, end));
      source.remove_prefix(end);
      if (!absl::ConsumePrefix(&source, "\r\n")) source.remove_prefix(source.empty() ? 0 : 1);
    }
  }

  // Of the largest table: all lines between two blank ones are counted as one.
  size_t cells() const { return cells_; }
  // That are parsed as heads of tables.
  size_t head_bytes() const { return head_bytes_; }
  // Lists and quotes that are open, for each line.
  size_t nesting() const { return lines_ * longest_indent_; }

 private:
  void Add(absl::string_view line) {
    ++lines_;
    // All that may begin a list or a quote, or continue one.
    longest_indent_ = std::max(longest_indent_, LengthOf(line, " \t\v\f>-+*0123456789.)"));
    if (LengthOf(line, " \t") == line.size()) {
      table_lines_ = columns_ = paragraph_bytes_ = 0;
      return;
    }
    ++table_lines_;
    columns_ = std::max<size_t>(columns_, std::count(line.begin(), line.end(), '|') + 1);
    cells_ = std::max(cells_, table_lines_ * columns_);
    if (MayEndHead(line)) head_bytes_ += paragraph_bytes_;
    paragraph_bytes_ += line.size() + 1;
  }

  // Whether cmark-gfm may take the line for the one below a table's head: "|-|", also within
  // lists and quotes. Not for a row of numbers.
  static bool MayEndHead(absl::string_view line) {
    constexpr absl::string_view kOfHead = " \t\v\f|:-";
    if (LengthOf(line, " \t\v\f>-+*0123456789.)|:") < line.size()) return false;
    const size_t before = line.find_last_not_of(kOfHead);
    const absl::string_view end = line.substr(before == absl::string_view::npos ? 0 : before + 1);
    return absl::StrContains(end, '-');
  }

  // How many letters of `among` the line begins with.
  static size_t LengthOf(absl::string_view line, absl::string_view among) {
    return std::min(line.find_first_not_of(among), line.size());
  }

  size_t lines_ = 0;
  size_t longest_indent_ = 0;
  size_t table_lines_ = 0;
  size_t columns_ = 0;
  size_t paragraph_bytes_ = 0;
  size_t cells_ = 0;
  size_t head_bytes_ = 0;
};

bool HasWordOfParentheses(absl::string_view source) {
  int in_word = 0;
  for (const char c : source) {
    if (absl::ascii_isspace(c)) in_word = 0;
    if (c == ')' && ++in_word > kMaxParentheses) return true;
  }
  return false;
}

size_t CountLinks(absl::string_view word) {
  size_t count =
      std::count(word.begin(), word.end(), '@') + std::count(word.begin(), word.end(), '&');
  for (size_t at = 0; (at = word.find("www.", at)) != absl::string_view::npos; ++at) ++count;
  return count;
}

// How many letters are looked at for links, as an upper limit.
size_t LinkLetters(absl::string_view source) {
  size_t letters = 0;
  for (const absl::string_view word : absl::StrSplit(source, absl::ByAnyChar(" \t\r\n"))) {
    letters += CountLinks(word) * word.size();
  }
  return letters;
}

int CountMarkup(absl::string_view source) {
  int count = 0;
  for (size_t i = 0; i + 1 < source.size(); ++i) {
    if (source[i] == '<' && (source[i + 1] == '?' || source[i + 1] == '!')) ++count;
  }
  return count;
}

// What makes the text expensive, or nullptr.
const char* WhatIsTooMuch(absl::string_view source) {
  if (std::count(source.begin(), source.end(), '[') > kMaxBrackets) return "has too many brackets";
  if (HasWordOfParentheses(source)) return "has too many brackets in one word";
  if (LinkLetters(source) > kMaxLinkLetters) return "has too many links in one word";
  if (CountMarkup(source) > kMaxMarkup) return "has too many comments";
  const Lines lines(source);
  if (lines.cells() > kMaxCells) return "has a table of too many cells";
  if (lines.head_bytes() > kMaxHeadBytes) return "has too many tables without a blank line between";
  if (lines.nesting() > kMaxNesting) return "has lines of too many dashes, quotes or spaces";
  return nullptr;
}

}  // namespace

absl::Status CheckMarkdownSource(absl::string_view source, size_t max_bytes,
                                 absl::string_view field) {
  if (source.size() > max_bytes) {
    return InvalidField(field, "TOO_LONG", absl::StrCat("must be at most ", max_bytes, " bytes"));
  }
  if (!IsCleanUtf8(source)) {
    return InvalidField(field, "INVALID_UTF8", "must be UTF-8 without NUL");
  }
  if (const char* what = WhatIsTooMuch(source)) return InvalidField(field, "TOO_COMPLEX", what);
  return absl::OkStatus();
}

}  // namespace rostrum
