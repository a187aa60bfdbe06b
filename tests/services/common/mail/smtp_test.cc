#include "services/common/mail/smtp.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/child_process.h"

namespace rostrum {
namespace {

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

constexpr char kFrom[] = "no-reply@example.org";
constexpr char kTo[] = "anna@example.org";
constexpr char kMail[] = "Subject: hello\r\n\r\nHello.\r\n";

class SmtpTransportTest : public ::testing::Test {
 protected:
  SmtpTransportTest()
      : folder_(NewTemporaryFolder()),
        server_({"/usr/bin/python3", std::string(MAIL_TOOLS) + "/smtp_server.py", folder_},
                folder_ + "/log") {
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    while (!std::filesystem::exists(folder_ + "/port") && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(20));
    }
    url_ = absl::StrCat("smtp://127.0.0.1:", ReadAll(folder_ + "/port"));
  }
  SmtpOptions Options() { return {.url = url_, .timeout = absl::Seconds(20)}; }
  absl::Status Send(const std::string& to, const std::string& bytes = kMail) {
    return SmtpTransport(Options()).Send(kFrom, to, bytes);
  }
  bool Delivered(int number) {
    return std::filesystem::exists(absl::StrCat(folder_, "/mail-", number));
  }
  std::string Mail(int number) { return ReadAll(absl::StrCat(folder_, "/mail-", number)); }

  const std::string folder_;
  ChildProcess server_;
  std::string url_;
};

TEST_F(SmtpTransportTest, DeliversTheVeryBytes) {
  ASSERT_THAT(Send(kTo), IsOk()) << ReadAll(folder_ + "/log");
  EXPECT_EQ(Mail(1), kMail);
  const nlohmann::json envelope = nlohmann::json::parse(ReadAll(folder_ + "/mail-1.json"));
  EXPECT_EQ(envelope["from"], kFrom);
  EXPECT_EQ(envelope["to"], nlohmann::json({kTo}));
}

TEST_F(SmtpTransportTest, DeliversLongMailsAndLinesOfDots) {
  std::string bytes = "Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n";
  for (int i = 0; i < 20'000; ++i) absl::StrAppend(&bytes, "line ", i, " of a long mail\r\n");
  ASSERT_THAT(Send(kTo, bytes), IsOk());
  EXPECT_EQ(Mail(1), bytes);
}

TEST_F(SmtpTransportTest, ServesManyThreads) {
  SmtpTransport transport(Options());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { EXPECT_THAT(transport.Send(kFrom, kTo, kMail), IsOk()); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(Delivered(4));
}

TEST_F(SmtpTransportTest, ARecipientRefusedForGoodIsInvalid) {
  for (const char* to : {"unknown@example.org", "moved@example.org", "nowhere@example.org"}) {
    const absl::Status status = Send(to);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument)) << to;
    EXPECT_THAT(status, HasReason("MAIL_REFUSED")) << to;
  }
  EXPECT_FALSE(Delivered(1));
}

TEST_F(SmtpTransportTest, ARefusalForNowIsUnavailable) {
  for (const char* to : {"busy@example.org", "full@example.org"}) {
    EXPECT_THAT(Send(to), StatusIs(absl::StatusCode::kUnavailable)) << to;
  }
  EXPECT_FALSE(Delivered(1));
}

// Such a mail is sent once the relay was mended.
TEST_F(SmtpTransportTest, WhatIsRefusedOfTheSenderIsNotTheRecipientsFault) {
  for (const char* from : {"unauthenticated@example.org", "stranger@example.org"}) {
    EXPECT_THAT(SmtpTransport(Options()).Send(from, kTo, kMail),
                StatusIs(absl::StatusCode::kUnavailable))
        << from;
  }
  // Of the text, and what relays have against the sender when they hear of the recipient.
  for (const char* to : {"spam@example.org", "relayed@example.org", "doubted@example.org"}) {
    EXPECT_THAT(Send(to), StatusIs(absl::StatusCode::kUnavailable)) << to;
  }
  EXPECT_FALSE(Delivered(1));
}

TEST_F(SmtpTransportTest, ARelayThatLetsNobodyInIsNotTheRecipientsFault) {
  url_ = absl::StrCat("smtp://127.0.0.1:", ReadAll(folder_ + "/refusing-port"));
  EXPECT_THAT(Send(kTo), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(SmtpTransportTest, SendsNothingInTheClearWhereTlsIsRequired) {
  SmtpOptions options = Options();
  options.require_tls = true;
  EXPECT_THAT(SmtpTransport(options).Send(kFrom, kTo, kMail),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(Delivered(1));
}

TEST_F(SmtpTransportTest, AnAddressCannotCarryACommand) {
  for (const std::string evil :
       {"anna@example.org>\r\nRCPT TO:<all@example.org", "anna@example.org\n", ""}) {
    EXPECT_THAT(Send(evil), StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(SmtpTransport(Options()).Send(evil, kTo, kMail),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_FALSE(Delivered(1));
}

TEST_F(SmtpTransportTest, NobodyListeningIsUnavailable) {
  server_.Stop(SIGKILL);
  EXPECT_THAT(Send(kTo), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(SmtpTransportTest, ARelayThatDoesNotAnswerIsUnavailable) {
  server_.Signal(SIGSTOP);
  SmtpOptions options = Options();
  options.timeout = absl::Milliseconds(200);
  EXPECT_THAT(SmtpTransport(options).Send(kFrom, kTo, kMail),
              StatusIs(absl::StatusCode::kUnavailable));
  server_.Signal(SIGCONT);
}

}  // namespace
}  // namespace rostrum
