#include "services/common/mail/message.h"

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/child_process.h"

namespace rostrum {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// What Python's email package, which shares nothing with ours, reads.
class Parsed {
 public:
  explicit Parsed(const std::string& mail) {
    const std::string folder = NewTemporaryFolder();
    std::ofstream(folder + "/mail", std::ios::binary) << mail;
    RunToEnd({"/usr/bin/python3", std::string(MAIL_TOOLS) + "/parse_mail.py", folder + "/mail",
              folder + "/json"});
    json_ = nlohmann::json::parse(std::ifstream(folder + "/json"));
    EXPECT_THAT(json_["defects"], IsEmpty()) << json_["defects"];
  }
  // Values of a header, in order.
  std::vector<std::string> Headers(const std::string& name) const {
    std::vector<std::string> values;
    for (const auto& header : json_["headers"]) {
      if (header[0] == name) values.push_back(header[1]);
    }
    return values;
  }
  std::string Header(const std::string& name) const {
    const std::vector<std::string> values = Headers(name);
    EXPECT_EQ(values.size(), 1u) << name;
    return values.empty() ? "" : values[0];
  }
  // Without the line break that a part always ends with.
  std::string Content(size_t part = 0) const {
    std::string content = json_["parts"][part]["content"];
    if (absl::EndsWith(content, "\n")) content.pop_back();
    return content;
  }
  const nlohmann::json& operator[](const char* key) const { return json_[key]; }

 private:
  nlohmann::json json_;
};

MailMessage Message() {
  return {.from = "no-reply@example.org",
          .from_name = "Rostrum",
          .to = "anna@example.org",
          .subject = "Welcome",
          .text = "Hello.\n",
          .message_id = "<1234@example.org>",
          .date = absl::FromCivil(absl::CivilSecond(2026, 7, 31, 12, 34, 56), absl::UTCTimeZone())};
}

std::string Build(const MailMessage& message) {
  const absl::StatusOr<std::string> mail = BuildMail(message);
  EXPECT_THAT(mail, IsOk());
  for (const absl::string_view line : absl::StrSplit(*mail, "\r\n")) {
    EXPECT_LE(line.size(), 998u);
    EXPECT_FALSE(absl::StrContains(line, "\n") || absl::StrContains(line, "\r")) << line;
    for (const char c : line) EXPECT_TRUE(c >= 0x20 && c <= 0x7e) << static_cast<int>(c);
  }
  EXPECT_TRUE(absl::EndsWith(*mail, "\r\n"));
  return *mail;
}

std::string BodyOf(const std::string& mail) { return mail.substr(mail.find("\r\n\r\n") + 4); }

TEST(BuildMailTest, HasTheHeadersOfAMail) {
  const Parsed mail(Build(Message()));
  EXPECT_EQ(mail["date"], "2026-07-31T12:34:56+00:00");
  EXPECT_EQ(mail["from"], nlohmann::json({"Rostrum", "no-reply@example.org"}));
  EXPECT_EQ(mail.Header("To"), "anna@example.org");
  EXPECT_EQ(mail.Header("Subject"), "Welcome");
  EXPECT_EQ(mail.Header("Message-ID"), "<1234@example.org>");
  EXPECT_EQ(mail.Header("Auto-Submitted"), "auto-generated");
  EXPECT_EQ(mail["type"], "text/plain");
  EXPECT_EQ(mail["parts"][0]["charset"], "utf-8");
  EXPECT_THAT(mail.Headers("List-Unsubscribe"), IsEmpty());
}

TEST(BuildMailTest, IsTheSameEachTime) { EXPECT_EQ(Build(Message()), Build(Message())); }

TEST(BuildMailTest, KeepsSubjectsOfAnyText) {
  for (const std::string subject : {"Добро пожаловать", "鍵をなくした", "Grüße, 100% = all",
                                    "=?UTF-8?Q?not_a_word?=", "a_b?c=d", "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀",
                                    "\"quoted\" <angle>, (comment); and: more",
                                    "A rather long subject of plain words, which no line should "
                                    "hold at once, if it can be helped"}) {
    MailMessage message = Message();
    message.subject = subject;
    EXPECT_EQ(Parsed(Build(message)).Header("Subject"), subject);
  }
}

TEST(BuildMailTest, KeepsALongSubjectInShortLines) {
  MailMessage message = Message();
  for (int i = 0; i < 60; ++i) message.subject += "Привет 鍵 ";
  message.subject += ".";
  const std::string mail = Build(message);
  EXPECT_EQ(Parsed(mail).Header("Subject"), message.subject);
  // RFC 2047, 2: lines with encoded words.
  for (const absl::string_view line : absl::StrSplit(mail, "\r\n"))
    EXPECT_LE(line.size(), 76u) << line;
}

TEST(BuildMailTest, KeepsNamesOfAnyText) {
  for (const std::string name : {"Rostrum, the \"best\"", "O\\Neil", "Анна Каренина", "a@b.example",
                                 "<evil@example.org>", "鍵屋の編集部からのお知らせと毎週の手紙"}) {
    MailMessage message = Message();
    message.from_name = name;
    EXPECT_EQ(Parsed(Build(message))["from"], nlohmann::json({name, "no-reply@example.org"}));
  }
  MailMessage message = Message();
  message.from_name = "";
  EXPECT_EQ(Parsed(Build(message)).Header("From"), "no-reply@example.org");
}

TEST(BuildMailTest, KeepsTextsOfAnyKind) {
  const std::string long_line(5000, 'x');
  for (const std::string& text :
       {std::string("ключ = 鍵 😀"), long_line, absl::StrCat(long_line, " ", long_line),
        std::string("trailing blanks  \nand a tab\t\nend"), std::string("\n\nblank lines\n\n\nend"),
        std::string(".\n..\n.dot"), std::string("From the start\nFrom again"),
        std::string("--=_boundary--"), std::string("https://example.org/x?a=b&c=d=41"),
        std::string(400, '='), std::string("nul \0 inside", 12)}) {
    MailMessage message = Message();
    message.text = text;
    EXPECT_EQ(Parsed(Build(message)).Content(), text);
  }
}

TEST(BuildMailTest, MakesLineBreaksOfAnyKindOne) {
  MailMessage message = Message();
  message.text = "a\r\nb\rc\nd";
  EXPECT_EQ(Parsed(Build(message)).Content(), "a\nb\nc\nd");
}

TEST(BuildMailTest, LeavesTransportsNothingToChange) {
  MailMessage message = Message();
  message.text = absl::StrCat(std::string(3000, '.'), "\nFrom x\n", std::string(300, 'F'));
  const std::string mail = Build(message);
  for (const absl::string_view line : absl::StrSplit(BodyOf(mail), "\r\n")) {
    EXPECT_LE(line.size(), 76u);
    EXPECT_FALSE(absl::StartsWith(line, ".") || absl::StartsWith(line, "From ")) << line;
  }
  EXPECT_EQ(Parsed(mail).Content(), message.text);
}

TEST(BuildMailTest, OffersHtmlAsTheBetterAlternative) {
  MailMessage message = Message();
  message.text = "Привет";
  message.html =
      absl::StrCat("<p style=\"color: red\">Привет</p>", std::string(2000, 'y'), "\n<p>--=_x</p>");
  const Parsed mail(Build(message));
  EXPECT_EQ(mail["type"], "multipart/alternative");
  ASSERT_EQ(mail["parts"].size(), 2u);
  EXPECT_EQ(mail["parts"][0]["type"], "text/plain");
  EXPECT_EQ(mail["parts"][1]["type"], "text/html");
  EXPECT_EQ(mail.Content(0), message.text);
  EXPECT_EQ(mail.Content(1), message.html);
}

TEST(BuildMailTest, CanBeUnsubscribedFromByOneClick) {
  MailMessage message = Message();
  message.list_unsubscribe_url = "https://example.org/u?t=1";
  const Parsed mail(Build(message));
  EXPECT_EQ(mail.Header("List-Unsubscribe"), "<https://example.org/u?t=1>");
  EXPECT_EQ(mail.Header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
}

TEST(BuildMailTest, RefusesALinkThatIsNoneOrMakesTooLongALine) {
  for (const std::string& url :
       {"https://example.org/" + std::string(1'000, 'a'), std::string("https://example.org/a b"),
        std::string("https://example.org/>, <https://other.example")}) {
    MailMessage message = Message();
    message.list_unsubscribe_url = url;
    EXPECT_THAT(BuildMail(message), StatusIs(absl::StatusCode::kInvalidArgument)) << url;
  }
}

TEST(BuildMailTest, RefusesHeadersThatWouldHoldALineBreak) {
  for (const std::string& evil :
       {std::string("x\r\nBcc: all@example.org"), std::string("x\nBcc: y"), std::string("x\ry"),
        std::string("x\0y", 3), std::string("\xff\xfe")}) {
    for (std::string MailMessage::*field :
         {&MailMessage::from, &MailMessage::from_name, &MailMessage::to, &MailMessage::subject,
          &MailMessage::message_id, &MailMessage::list_unsubscribe_url}) {
      MailMessage message = Message();
      message.*field = evil;
      EXPECT_THAT(BuildMail(message), StatusIs(absl::StatusCode::kInvalidArgument));
    }
  }
}

TEST(BuildMailTest, RefusesAMailThatLacksSomething) {
  for (std::string MailMessage::*field :
       {&MailMessage::from, &MailMessage::to, &MailMessage::text, &MailMessage::message_id}) {
    MailMessage message = Message();
    (message.*field).clear();
    EXPECT_THAT(BuildMail(message), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  MailMessage message = Message();
  message.to = "anna@example.org, all@example.org";
  EXPECT_THAT(BuildMail(message), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(IsMailAddressTest, TakesWhatIsOne) {
  for (const std::string& address :
       {std::string("a@b"), std::string("anna.k+news@mail.example.org"),
        std::string("!#$%&'*+-/=?^_`{|}~@x.org"), std::string(64, 'a') + "@example.org",
        "a@" + std::string(63, 'b') + ".org"}) {
    EXPECT_TRUE(IsMailAddress(address)) << address;
  }
}

TEST(IsMailAddressTest, RefusesWhatIsNot) {
  for (const std::string& address : {std::string(),
                                     std::string("@"),
                                     std::string("a@"),
                                     std::string("@b"),
                                     std::string("a"),
                                     std::string("a@b@c"),
                                     std::string("a b@c"),
                                     std::string(".a@b"),
                                     std::string("a.@b"),
                                     std::string("a..b@c"),
                                     std::string("a@.b"),
                                     std::string("a@b."),
                                     std::string("a@b..c"),
                                     std::string("a@-b"),
                                     std::string("a@b-"),
                                     std::string("a@b_c"),
                                     std::string("a@b\r\n"),
                                     std::string("\"a b\"@c"),
                                     std::string("<a@b>"),
                                     std::string("a@[127.0.0.1]"),
                                     std::string("ä@b"),
                                     std::string(65, 'a') + "@b",
                                     "a@" + std::string(64, 'b') + ".org",
                                     std::string("a\0@b", 4)}) {
    EXPECT_FALSE(IsMailAddress(address)) << address;
  }
  std::string long_domain = "a@";
  while (long_domain.size() < 254) long_domain += "bbbbbbb.";
  EXPECT_FALSE(IsMailAddress(long_domain + "org"));
}

}  // namespace
}  // namespace rostrum
