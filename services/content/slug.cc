#include "services/content/slug.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/common/base/ids.h"
#include "services/common/base/utf8.h"

namespace rostrum::content {
namespace {

constexpr size_t kMaxFromTitle = 80;
constexpr int kMostNumber = 9;

// Base letters of U+00C0..U+00FF; '-' where there is none.
constexpr const char* kLatin1[64] = {
    "a", "a", "a", "a", "ae", "a", "ae", "c", "e", "e", "e", "e", "i",  "i", "i",  "i",
    "d", "n", "o", "o", "o",  "o", "oe", "-", "o", "u", "u", "u", "ue", "y", "th", "ss",
    "a", "a", "a", "a", "ae", "a", "ae", "c", "e", "e", "e", "e", "i",  "i", "i",  "i",
    "d", "n", "o", "o", "o",  "o", "oe", "-", "o", "u", "u", "u", "ue", "y", "th", "y"};

bool IsSlugCharacter(char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c); }

std::string Transliterate(char32_t c) {
  if (c < 0x80) {
    const char lower = absl::ascii_tolower(static_cast<char>(c));
    return IsSlugCharacter(lower) ? std::string(1, lower) : "-";
  }
  if (c >= 0xC0 && c <= 0xFF) return kLatin1[c - 0xC0];
  // Apostrophes vanish: "don't" and "don’t" are "dont".
  return c == 0x2019 ? "" : "-";
}

}  // namespace

bool IsSlug(absl::string_view text, size_t max_characters) {
  if (text.empty() || text.size() > max_characters || IsUuid(text)) return false;
  bool after_hyphen = true;
  for (const char c : text) {
    if (c == '-' ? after_hyphen : !IsSlugCharacter(c)) return false;
    after_hyphen = c == '-';
  }
  return !after_hyphen;
}

void CheckSlug(FieldChecks& checks, absl::string_view slug, absl::string_view field,
               size_t max_characters) {
  checks.Require(IsSlug(slug, max_characters), field, "INVALID_SLUG",
                 absl::StrCat("must be 1 to ", max_characters,
                              " of a-z, 0-9 and single hyphens, and not an id"));
}

std::string SlugFromTitle(absl::string_view title) {
  std::string slug;
  while (!title.empty() && slug.size() < kMaxFromTitle) {
    char32_t c = 0;
    const size_t length = DecodeUtf8(title, &c);
    if (length == 0) break;
    title.remove_prefix(length);
    if (c == '\'') continue;
    const std::string written = Transliterate(c);
    if (written != "-") {
      slug += written;
    } else if (!slug.empty() && slug.back() != '-') {
      slug += '-';
    }
  }
  if (slug.size() >= kMaxFromTitle) {
    // Not in the middle of a word, if there is more than one.
    const size_t cut = slug.rfind('-');
    slug.resize(cut == std::string::npos ? kMaxFromTitle : cut);
  }
  if (!slug.empty() && slug.back() == '-') slug.pop_back();
  return IsUuid(slug) ? absl::StrCat("post-", slug) : slug;
}

std::vector<std::string> SlugsFor(absl::string_view title, const PostId& id) {
  std::string slug = SlugFromTitle(title);
  if (slug.empty()) slug = "post";
  std::vector<std::string> slugs = {slug};
  for (int number = 2; number <= kMostNumber; ++number) {
    slugs.push_back(absl::StrCat(slug, "-", number));
  }
  // The first digits of an id are a time, the last ones are random.
  slugs.push_back(absl::StrCat(slug, "-", id.value().substr(id.value().rfind('-') + 1)));
  return slugs;
}

}  // namespace rostrum::content
