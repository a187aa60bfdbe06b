#include "services/content/slug.h"

#include <string>

#include "gtest/gtest.h"
#include "services/content/manuscript.h"
#include "tests/support/status_matchers.h"

namespace rostrum::content {
namespace {

TEST(SlugTest, IsLettersDigitsAndSingleHyphens) {
  for (const std::string& slug :
       {std::string("a"), std::string("peace-2"), std::string("7"), std::string(60, 'a')}) {
    EXPECT_TRUE(IsSlug(slug, 60)) << slug;
  }
  for (const std::string& text :
       {std::string(), std::string("-a"), std::string("a-"), std::string("a--b"), std::string("A"),
        std::string("a b"), std::string("\xC3\xA4"), std::string("a/b"), std::string("a\0b", 3),
        std::string(61, 'a')}) {
    EXPECT_FALSE(IsSlug(text, 60)) << text;
  }
}

TEST(SlugTest, NeverLooksLikeAnId) {
  EXPECT_FALSE(IsSlug("00000000-0000-7000-8000-000000000001", 60));
  EXPECT_EQ(SlugFromTitle("00000000-0000-7000-8000-000000000001"),
            "post-00000000-0000-7000-8000-000000000001");
}

TEST(SlugTest, NamesTheField) {
  FieldChecks checks;
  CheckSlug(checks, "Not a slug", "channel.slug", 60);
  EXPECT_THAT(checks.status(), HasViolation("channel.slug"));
}

TEST(SlugTest, ReadsLikeTheTitle) {
  EXPECT_EQ(SlugFromTitle("Peace, at last!"), "peace-at-last");
  EXPECT_EQ(SlugFromTitle("  --Don't \xE2\x80\x94 don\xE2\x80\x99t?  "), "dont-dont");
  EXPECT_EQ(SlugFromTitle("\xC3\x9C"
                          "ber Stra\xC3\x9F"
                          "en und Caf\xC3\xA9s"),
            "ueber-strassen-und-cafes");
  EXPECT_EQ(SlugFromTitle("\xD0\x9C\xD0\xB8\xD1\x80"), "");  // nothing to write it with
  EXPECT_EQ(SlugFromTitle(""), "");
}

TEST(SlugTest, EndsWithAWholeWordAndIsAlwaysASlug) {
  const std::string words = SlugFromTitle(
      "The quick brown fox jumps over the lazy dog while everybody else is looking elsewhere");
  EXPECT_EQ(words, "the-quick-brown-fox-jumps-over-the-lazy-dog-while-everybody-else-is-looking");
  EXPECT_EQ(SlugFromTitle(std::string(200, 'x')), std::string(80, 'x'));
  for (const std::string& title :
       {std::string(79, 'x') + " y", std::string(79, 'x') + "\xC3\xA4", std::string("\xFF broken"),
        std::string(78, 'x') + " - - -", std::string(80, 'x') + " tail"}) {
    const std::string slug = SlugFromTitle(title);
    EXPECT_TRUE(slug.empty() || IsSlug(slug, 80)) << title << " became " << slug;
  }
}

TEST(SlugTest, APostGetsOneFromItsTitleAndAtWorstOneOfItsOwn) {
  const PostId id("01234567-89ab-7cde-8123-456789abcdef");
  const std::vector<std::string> slugs = SlugsFor("Peace!", id);
  EXPECT_EQ(slugs.front(), "peace");
  EXPECT_EQ(slugs[1], "peace-2");
  EXPECT_EQ(slugs[8], "peace-9");
  EXPECT_EQ(slugs.back(), "peace-456789abcdef");
  EXPECT_EQ(SlugsFor("\xD0\x9C\xD0\xB8\xD1\x80", id).back(), "post-456789abcdef");
  for (const std::string& slug : SlugsFor(std::string(200, 'x'), id)) {
    EXPECT_TRUE(IsSlug(slug, kMaxPostSlug)) << slug;
  }
}

}  // namespace
}  // namespace rostrum::content
