#include "services/common/markdown/markdown.h"

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/base/status.h"
#include "tests/services/common/markdown/html_oracle.h"

namespace rostrum {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kPicture[] = "/v1/media/01234567-89ab-7def-8123-456789abcdef";

std::string Comment(const std::string& source) {
  const auto rendered = RenderMarkdown(source, kCommentMarkdown, "comment.body");
  EXPECT_TRUE(rendered.ok()) << rendered.status();
  return rendered.ok() ? rendered->html : "";
}

RenderedMarkdown Article(const std::string& source) {
  auto rendered = RenderMarkdown(source, kArticleMarkdown, "markdown");
  EXPECT_TRUE(rendered.ok()) << rendered.status();
  return rendered.ok() ? *std::move(rendered) : RenderedMarkdown();
}

TEST(MarkdownTest, RendersWhatWritersUse) {
  EXPECT_EQ(Article("# Title\n\nSome *text*, **bold**, ~~gone~~ and `code`.\n").html,
            "<h2>Title</h2>\n"
            "<p>Some <em>text</em>, <strong>bold</strong>, <del>gone</del> and "
            "<code>code</code>.</p>\n");
  EXPECT_EQ(Article("- one\n- two\n").html, "<ul><li>one</li><li>two</li></ul>\n");
  EXPECT_EQ(Article("3. three\n4. four\n").html,
            "<ol start=\"3\"><li>three</li><li>four</li></ol>\n");
  EXPECT_EQ(Article("> said\n").html, "<blockquote><p>said</p></blockquote>\n");
  EXPECT_EQ(Article("```c++\nint x = a < b;\n```\n").html,
            "<pre><code class=\"language-c++\">int x = a &lt; b;\n</code></pre>\n");
  EXPECT_EQ(Article("| a | b |\n|---|---|\n| 1 | 2 |\n").html,
            "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>\n");
}

TEST(MarkdownTest, LinksOfReadersAreMarkedAsSuch) {
  EXPECT_EQ(
      Comment("[x](https://example.org/a?b=1&c=2)"),
      "<p><a href=\"https://example.org/a?b=1&amp;c=2\" rel=\"ugc nofollow noopener\">x</a></p>\n");
  EXPECT_EQ(Comment("[x](/p/local)"), "<p><a href=\"/p/local\">x</a></p>\n");
}

TEST(MarkdownTest, LinksToElsewhereThanTheWebAreTextOnly) {
  for (const char* url :
       {"javascript:alert(1)", "JaVaScRiPt:alert(1)", "vbscript:x", "data:text/html,x",
        "//evil.example", "/\\evil.example", "file:///etc/passwd", "ftp://x",
        "&#106;avascript:alert(1)", "java\tscript:alert(1)"}) {
    const std::string html = Comment(absl::StrCat("[x](<", url, ">)"));
    EXPECT_THAT(html, Not(HasSubstr("<a "))) << url << ": " << html;
    EXPECT_EQ(FindForbidden(html), "") << html;
  }
}

TEST(MarkdownTest, PicturesAreOurOwnAndInArticlesOnly) {
  const std::string own = absl::StrCat("![a \"b\"](", kPicture, ")");
  EXPECT_EQ(Article(own).html, absl::StrCat("<p><img src=\"", kPicture,
                                            "\" alt=\"a &quot;b&quot;\" loading=\"lazy\"></p>\n"));
  EXPECT_EQ(Comment(own), "<p>a &quot;b&quot;</p>\n");
  for (const char* url :
       {"https://tracker.example/p.gif", "//evil/x.png", "data:image/png;base64,AA",
        "/v1/media/../../etc", "/v1/media/01234567-89ab-7def-8123-456789abcdef/x"}) {
    EXPECT_THAT(Article(absl::StrCat("![alt](", url, ")")).html, Not(HasSubstr("<img"))) << url;
  }
}

TEST(MarkdownTest, HtmlIsShownAsTyped) {
  EXPECT_EQ(Comment("<script>alert(1)</script>"), "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n");
  EXPECT_EQ(Comment("a <b onclick=x>c</b>"), "<p>a &lt;b onclick=x&gt;c&lt;/b&gt;</p>\n");
  EXPECT_EQ(Comment("a <!-- hidden --> b"), "<p>a  b</p>\n");
}

TEST(MarkdownTest, ThePreviewEndsAtTheMarker) {
  const RenderedMarkdown rendered = Article("One.\n\n<!--more-->\n\nTwo.\n\nThree.\n");
  EXPECT_EQ(rendered.preview_html, "<p>One.</p>\n");
  EXPECT_EQ(rendered.html, "<p>One.</p>\n<p>Two.</p>\n<p>Three.</p>\n");
}

TEST(MarkdownTest, TextAfterACommentOnItsLineIsKept) {
  EXPECT_EQ(Comment("<!-- note --> The *text* & more."), "<p>The *text* &amp; more.</p>\n");
  EXPECT_EQ(Comment("<!-- a\nb --> text\nof the next line"),
            "<p>text</p>\n<p>of the next line</p>\n");
  EXPECT_EQ(Comment("<!-- a --><!-- b --> text <!-- c --> more <!-- d"), "<p>text  more</p>\n");
  EXPECT_EQ(Comment("<!-- never ends\n\ntext"), "");
  EXPECT_EQ(Comment("<!--> text"), "<p>text</p>\n");
  EXPECT_EQ(Comment("<div><!-- note --></div>"), "<p>&lt;div&gt;&lt;/div&gt;</p>\n");
}

TEST(MarkdownTest, TextAfterTheMarkerIsNotInThePreview) {
  const RenderedMarkdown rendered = Article("One.\n\n<!--more--> Two goes on.\n\nThree.\n");
  EXPECT_EQ(rendered.preview_html, "<p>One.</p>\n");
  EXPECT_EQ(rendered.html, "<p>One.</p>\n<p>Two goes on.</p>\n<p>Three.</p>\n");
  EXPECT_EQ(rendered.word_count, 5);
  EXPECT_EQ(Article("<!--more--> All.\n").preview_html, "");
}

TEST(MarkdownTest, ThePreviewIsTwoBlocksWithoutAMarkerAndNeverEverything) {
  EXPECT_EQ(Article("One.\n\nTwo.\n\nThree.\n").preview_html, "<p>One.</p>\n<p>Two.</p>\n");
  EXPECT_EQ(Article("One.\n\nTwo.\n").preview_html, "");
  EXPECT_EQ(Article("One.\n\nTwo.\n\n<!--more-->\n").preview_html, "");
}

TEST(MarkdownTest, CountsWords) {
  EXPECT_EQ(Article("One two *three* `four five`.\n\n- six\n").word_count, 6 + 1);
}

TEST(MarkdownTest, RefusesWhatItCannotRenderWell) {
  const auto reason = [](const std::string& source) {
    const auto rendered = RenderMarkdown(source, kCommentMarkdown, "comment.body");
    return DetailsOf(rendered.status()).violations.at(0).reason;
  };
  EXPECT_EQ(reason(std::string(50'000, 'a')), "TOO_LONG");
  EXPECT_EQ(reason("a\xff"), "INVALID_UTF8");
  EXPECT_EQ(reason(std::string("a\0b", 3)), "INVALID_UTF8");
  std::string brackets;
  while (brackets.size() < 30'000) brackets += "![[]()";
  EXPECT_EQ(reason(brackets), "TOO_COMPLEX");
  EXPECT_EQ(reason(std::string(200, '>')), "TOO_COMPLEX");
  EXPECT_EQ(reason("www.a" + std::string(10'000, ')')), "TOO_COMPLEX");
  std::string links;  // each becomes eight times as long
  while (links.size() < 30'000) links += "www.a.b ";
  EXPECT_EQ(reason(links), "TOO_COMPLEX");
  EXPECT_NE(Comment(links.substr(0, 10'000)), "");
}

std::string Repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

// Each of these took cmark-gfm seconds; the longest 130.
TEST(MarkdownTest, RefusesWhatTakesLongToParse) {
  constexpr size_t kMost = 128 << 10;
  const std::string sources[] = {
      Repeated("- ", kMost / 4) + "a\n" + std::string(kMost / 2 - 2, '\n'),
      Repeated("- ", 2500) + "a\n" + std::string(5000, '\n'),
      Repeated("(|a|\n|-|\n", kMost / 9),
      Repeated("a\n:-:\n", kMost / 6),
      Repeated("(|a|\n|-|\f\n", kMost / 10),
      Repeated("(|a|\n> 1. |-|\v\n", kMost / 15),
      Repeated("a&#64;", 8000) + Repeated("a.", 20'000),
      Repeated("a <? ", kMost / 5),
      Repeated("www.a_", kMost / 6),
      Repeated("a <! ", kMost / 5),
  };
  for (const std::string& source : sources) {
    const auto rendered = RenderMarkdown(source, kArticleMarkdown, "markdown");
    ASSERT_FALSE(rendered.ok()) << source.substr(0, 20);
    EXPECT_EQ(DetailsOf(rendered.status()).violations.at(0).reason, "TOO_COMPLEX");
  }
}

TEST(MarkdownTest, TakesLongArticlesOfAllKinds) {
  const std::string paragraph = Repeated("Words of a sentence. ", 20) + "\n\n";
  const std::string code = "```\n" + Repeated(std::string(80, ' ') + "f(x);\n", 400) + "```\n\n";
  const std::string list = Repeated("- one\n  - two\n    - three\n\n", 400);
  const std::string table = "| a | b |\n|---|---|\n" + Repeated("| 1 | 2 |\n", 500) + "\n";
  const std::string numbers = "| year | a |\n|---:|---:|\n" + Repeated("| 2001 | 12.5 |\n", 1000) +
                              "\n" + "```\n" + Repeated("0.1 0.2 0.3 0.4 0.5 0.6 0.7\n", 500) +
                              "```\n\n";
  const std::string quote = Repeated("> > She said, and he:\n> 1. first\n", 200) + "\n";
  const std::string source = Repeated(paragraph, 50) + code + list + table + numbers + quote +
                             std::string(100, '-') + "\n\n" + Repeated("<!-- note -->\n\n", 100);
  const auto rendered = RenderMarkdown(source, kArticleMarkdown, "markdown");
  EXPECT_TRUE(rendered.ok()) << rendered.status();
}

TEST(MarkdownTest, RefusesTablesThatFewLettersMakeHuge) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    for (const std::string indent : {"", "> "}) {
      const std::string table = indent + Repeated("|x", 1250) + "|" + end + indent +
                                Repeated("|-", 1250) + "|" + end +
                                Repeated(indent + "a" + end, 2500);
      EXPECT_EQ(RenderMarkdown(table, kArticleMarkdown, "markdown").status().code(),
                absl::StatusCode::kInvalidArgument)
          << indent << end.size();
    }
  }
  const std::string fine = Repeated("|x", 10) + "|\n" + Repeated("|-", 10) + "|\n" +
                           Repeated(Repeated("|y", 10) + "|\n", 500);
  EXPECT_THAT(Article(fine).html, HasSubstr("<table>"));
  EXPECT_NE(Article(Repeated("a | b | c\n\n", 9'000)).html, "");
}

TEST(MarkdownTest, KnownAttacksAreHarmless) {
  for (const char* attack : {"<img src=x onerror=alert(1)>",
                             "<svg/onload=alert(1)>",
                             "[a](javascript:prompt(1))",
                             "<a href=\"javascript:alert(1)\">x</a>",
                             "![x](x\"onerror=\"alert(1))",
                             "[x](https://a\"onmouseover=\"alert(1))",
                             "[x](<https://a onmouseover=alert(1)>)",
                             "<https://example.org/\"onclick=\"x>",
                             "```\"><script>x</script>\n```",
                             "``` \"onload=x\ncode\n```",
                             "<!--><script>alert(1)</script>-->",
                             "<![CDATA[<script>x</script>]]>",
                             "<style>@import 'https://evil'</style>",
                             "<iframe src=https://evil></iframe>",
                             "[x]: javascript:alert(1)\n\n[x]",
                             "<math><mtext></p><script>x</script>",
                             "| <script> | \n|---|\n| <img src=x onerror=y> |",
                             "https://a.example/<script>",
                             "<details open ontoggle=alert(1)>",
                             "&lt;script&gt;x&lt;/script&gt;",
                             "<base href=//evil>"}) {
    EXPECT_EQ(FindForbidden(Comment(attack)), "") << attack << "\n" << Comment(attack);
    EXPECT_EQ(FindForbidden(Article(attack).html), "") << attack;
  }
}

// Random text from the pieces that matter to the parser. The seed is fixed, so
// that a failure can be seen again.
TEST(MarkdownTest, RandomTextStaysOnTheAllowList) {
  const std::vector<std::string> pieces = {
      "<",     ">",        "\"",          "'",        "&",   "[",     "]",    "(",   ")",
      "!",     "`",        "*",           "_",        "~~",  "\n",    "\n\n", " ",   "|",
      "-",     "#",        "1.",          ":",        "/",   "\\",    "a",    "b",   "script",
      "href=", "onerror=", "javascript:", "https://", "//",  "data:", "<!--", "-->", "]]>",
      "<a ",   "</",       "&#x3c;",      "\t",       "```", "---",   "> "};
  std::mt19937 random(42);
  for (int round = 0; round < 3000; ++round) {
    std::string source;
    for (int i = 0; i < 40; ++i) source += pieces[random() % pieces.size()];
    for (const MarkdownOptions& options : {kCommentMarkdown, kArticleMarkdown}) {
      const auto rendered = RenderMarkdown(source, options, "body");
      if (!rendered.ok()) continue;
      ASSERT_EQ(FindForbidden(rendered->html), "") << source << "\n->\n" << rendered->html;
      ASSERT_EQ(FindForbidden(rendered->preview_html), "") << source;
    }
  }
}

}  // namespace
}  // namespace rostrum
