#include <cstring>
#include <string>

#include "gateway/web/caught_mail.h"
#include "gateway/web/form.h"
#include "gateway/web/ledger.h"
#include "gateway/web/page.h"
#include "gateway/web/words.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "web_ledgers.h"

namespace rostrum::gateway {
namespace {

EmbeddedFile LedgerFile(const char* name, const char* text) { return {name, {text, strlen(text)}}; }

TEST(FormTest, ReadsFieldsAsBrowsersSendThem) {
  const auto form = Form::Parse("name=Ada+Lovelace&text=a%26b%3Dc&empty=&name=second&flag");
  ASSERT_TRUE(form.ok());
  EXPECT_EQ(form->Get("name"), "Ada Lovelace");
  EXPECT_EQ(form->Get("text"), "a&b=c");
  EXPECT_TRUE(form->Has("empty"));
  EXPECT_TRUE(form->Has("flag"));
  EXPECT_EQ(form->Get("none"), "");
}

TEST(FormTest, ALineBreakIsTheSameHoweverItIsSent) {
  const auto form = Form::Parse("form=a%0D%0Ab%0D%0A%0D%0A&script=a%0Ab%0A%0A&old=a%0Db%0D%0D");
  ASSERT_TRUE(form.ok());
  EXPECT_EQ(form->Get("form"), "a\nb\n\n");
  EXPECT_EQ(form->Get("script"), "a\nb\n\n");
  EXPECT_EQ(form->Get("old"), "a\nb\n\n");
}

TEST(FormTest, RefusesWhatIsNoForm) {
  EXPECT_FALSE(Form::Parse("a=%zz").ok());
  EXPECT_FALSE(Form::Parse("a=%ff").ok());
  EXPECT_FALSE(Form::Parse("a=%00").ok());
  std::string many;
  for (int i = 0; i < 65; ++i) many += "a=1&";
  EXPECT_FALSE(Form::Parse(many).ok());
}

TEST(WordsTest, PutsValuesInAndCounts) {
  const Words words =
      Words::Parse(
          "# comment\nHELLO = Hello {name}\nN_ONE = {count} thing\nN_OTHER = {count} things\n")
          .value();
  EXPECT_EQ(words.Format("HELLO", {{"name", "{name}"}}), "Hello {name}");
  EXPECT_EQ(words.Count("N", 1), "1 thing");
  EXPECT_EQ(words.Count("N", 0), "0 things");
  EXPECT_FALSE(Words::Parse("no line of words").ok());
  EXPECT_FALSE(Words::Parse("A = 1\nA = 2").ok());
}

TEST(LedgerTest, ReadsTablesKeysAndCookies) {
  const auto ledgers =
      ParseLedgers({LedgerFile("feed.ledger",
                               "# comment\n\n"
                               "table follows | What is followed. | always\n"
                               "account_id, kind | who and what\n"
                               "create_time | since when\n"
                               "redis a:<b> | A key. | 1 day\n"),
                    LedgerFile("gateway.ledger", "cookie pass | An id. | 2 days")});
  ASSERT_TRUE(ledgers.ok()) << ledgers.status();
  ASSERT_EQ(ledgers->size(), 2u);
  EXPECT_EQ(ledgers->at(0).program, "feed");
  const LedgerEntry& table = ledgers->at(0).entries.at(0);
  EXPECT_EQ(table.kind, LedgerEntry::Kind::kTable);
  EXPECT_EQ(table.name, "follows");
  EXPECT_EQ(table.meaning, "What is followed.");
  EXPECT_EQ(table.kept, "always");
  ASSERT_EQ(table.columns.size(), 2u);
  EXPECT_EQ(table.columns[0].names, "account_id, kind");
  EXPECT_EQ(table.columns[1].meaning, "since when");
  EXPECT_EQ(ledgers->at(0).entries.at(1).kind, LedgerEntry::Kind::kRedisKey);
  EXPECT_EQ(ledgers->at(0).entries.at(1).name, "a:<b>");
  EXPECT_EQ(ledgers->at(1).entries.at(0).kind, LedgerEntry::Kind::kCookie);
}

TEST(LedgerTest, NamesTheLineThatIsMalformed) {
  for (const char* text : {
           "table follows | always",                     // no meaning
           "table follows |  | always",                  // an empty one
           "table follows | What. | always",             // no columns
           "redis a | A key. | 1 day\nb | of no table",  // columns of a key
           "account_id | of no table",
           "cookie pass | An id. | 2 days | more",
       }) {
    const auto ledgers = ParseLedgers({LedgerFile("feed.ledger", text)});
    EXPECT_EQ(ledgers.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(ledgers.status().message()), ::testing::StartsWith("feed.ledger: "))
        << text;
  }
}

TEST(LedgerTest, HasWhatEveryProgramStores) {
  const auto ledgers = ParseLedgers(web_ledgers::Files());
  ASSERT_TRUE(ledgers.ok()) << ledgers.status();
  EXPECT_EQ(ledgers->size(), 7u);
  for (const Ledger& ledger : *ledgers) EXPECT_FALSE(ledger.entries.empty()) << ledger.program;
}

TEST(PageTest, QueryValuesCannotEndTheQuery) {
  EXPECT_EQ(QueryValue("/p/x?a=b&c#d\"<'"), "/p/x%3Fa%3Db%26c%23d%22%3C%27");
}

TEST(CaughtMailTest, DecodesWhatOurServicesSend) {
  const CaughtMail mail = ParseMail(
      "To: ada@reader.example\r\nSubject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\n =?UTF-8?Q?_an_Ada?=\r\n"
      "Date: Mon, 23 Nov 2026 12:00:00 +0000\r\n"
      "Content-Type: multipart/alternative; boundary=\"b1\"\r\n\r\n"
      "--b1\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
      "Open https://site.example/verify?token=3Dab=\r\nc now\r\n\r\n--b1\r\n"
      "Content-Type: text/html\r\n\r\n<p>x</p>\r\n--b1--\r\n",
      "https://site.example");
  EXPECT_EQ(mail.to, "ada@reader.example");
  EXPECT_EQ(mail.subject,
            "Gr\xC3\xBC\xC3\x9F"
            "e an Ada");
  EXPECT_EQ(mail.link_path, "/verify?token=abc");
}

TEST(CaughtMailTest, HostileBytesAreNoTrouble) {
  for (const std::string& bytes :
       {std::string(), std::string("Subject: =?UTF-8?Q?"), std::string("\n\n\xff\xfe"),
        std::string(1000, '='), std::string("boundary=\"\"\n\n--\n\n")}) {
    EXPECT_EQ(ParseMail(bytes, "https://site.example").link_path, "") << bytes;
  }
}

}  // namespace
}  // namespace rostrum::gateway
