#include "services/account/mail_sender.h"

#include <deque>

#include "absl/time/clock.h"
#include "tests/services/account/account_harness.h"
#include "tests/support/kept_spans.h"
#include "tests/support/status_matchers.h"

namespace rostrum::account {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Answers as it was told, then OK.
class ScriptedTransport final : public MailTransport {
 public:
  absl::Status Send(const std::string& from, const std::string& to,
                    const std::string& bytes) override {
    absl::MutexLock lock(&mu_);
    sent_.push_back(from + " " + to + " " + bytes);
    if (answers_.empty()) return absl::OkStatus();
    absl::Status answer = answers_.front();
    answers_.pop_front();
    return answer;
  }
  void Answer(std::deque<absl::Status> answers) {
    absl::MutexLock lock(&mu_);
    answers_ = std::move(answers);
  }
  std::vector<std::string> sent() {
    absl::MutexLock lock(&mu_);
    return sent_;
  }
  void WaitForSent(size_t count) {
    const auto enough = [&]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return sent_.size() >= count; };
    absl::MutexLock lock(&mu_);
    EXPECT_TRUE(mu_.AwaitWithTimeout(absl::Condition(&enough), absl::Seconds(10)));
  }

 private:
  absl::Mutex mu_;
  std::deque<absl::Status> answers_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> sent_ ABSL_GUARDED_BY(mu_);
};

class MailSenderTest : public ::testing::Test {
 protected:
  void Enqueue(const std::string& id, const std::string& to,
               std::optional<absl::Time> expire_time = std::nullopt) {
    absl::MutexLock lock(&stores_.data.mu);
    stores_.data.Enqueue({id, to, "bytes of " + id}, clock_.Now(), expire_time);
  }
  FakeAccountData::MailRow Row(size_t index) {
    absl::MutexLock lock(&stores_.data.mu);
    return stores_.data.mails.at(index);
  }

  FakeClock clock_;
  Metrics metrics_;
  FakeStores stores_;
  ScriptedTransport transport_;
  MailSender sender_{stores_.mails, transport_, "no-reply@example.org", clock_, metrics_};
};

TEST_F(MailSenderTest, SendsWhatIsDueOnceAndErasesIt) {
  Enqueue("1", "ada@example.org");
  Enqueue("2", "");
  Enqueue("3", "eve@example.org");
  ASSERT_THAT(sender_.SendDue(), IsOk());
  ASSERT_THAT(sender_.SendDue(), IsOk());
  EXPECT_THAT(transport_.sent(), ElementsAre("no-reply@example.org ada@example.org bytes of 1",
                                             "no-reply@example.org eve@example.org bytes of 3"));
  EXPECT_EQ(Row(0).outcome, "delivered");
  EXPECT_EQ(Row(0).claimed.mail.bytes, "");
  EXPECT_EQ(Row(1).outcome, "unaddressed");
}

TEST_F(MailSenderTest, SendsTheSameBytesAgainAfterABackoff) {
  Enqueue("1", "ada@example.org");
  transport_.Answer({absl::UnavailableError("busy"), absl::UnavailableError("busy")});
  ASSERT_THAT(sender_.SendDue(), IsOk());
  clock_.Advance(absl::Seconds(4));
  ASSERT_THAT(sender_.SendDue(), IsOk());
  EXPECT_EQ(transport_.sent().size(), 1u);
  clock_.Advance(absl::Seconds(1));
  ASSERT_THAT(sender_.SendDue(), IsOk());
  clock_.Advance(absl::Minutes(1));
  ASSERT_THAT(sender_.SendDue(), IsOk());
  ASSERT_EQ(transport_.sent().size(), 3u);
  EXPECT_EQ(transport_.sent()[0], transport_.sent()[2]);
  EXPECT_EQ(Row(0).outcome, "delivered");
}

TEST_F(MailSenderTest, BackoffGrowsAsDocumented) {
  EXPECT_EQ(MailBackoff(1), absl::Seconds(5));
  EXPECT_EQ(MailBackoff(2), absl::Minutes(1));
  EXPECT_EQ(MailBackoff(3), absl::Minutes(5));
  EXPECT_EQ(MailBackoff(4), absl::Minutes(30));
  EXPECT_EQ(MailBackoff(5), absl::Hours(2));
  EXPECT_EQ(MailBackoff(6), absl::Hours(8));
  EXPECT_EQ(MailBackoff(7), absl::Hours(24));
  EXPECT_EQ(MailBackoff(8), absl::Hours(24));
}

TEST_F(MailSenderTest, PermanentRefusalIsFinal) {
  Enqueue("1", "nobody@example.org");
  transport_.Answer({absl::InvalidArgumentError("no such mailbox")});
  ASSERT_THAT(sender_.SendDue(), IsOk());
  clock_.Advance(absl::Hours(24));
  ASSERT_THAT(sender_.SendDue(), IsOk());
  EXPECT_EQ(transport_.sent().size(), 1u);
  EXPECT_EQ(Row(0).outcome, "refused");
}

TEST_F(MailSenderTest, DropsAMailAfterThreeDays) {
  Enqueue("1", "ada@example.org");
  transport_.Answer(std::deque<absl::Status>(100, absl::UnavailableError("away")));
  for (int hour = 0; hour < 80; ++hour) {
    ASSERT_THAT(sender_.SendDue(), IsOk());
    clock_.Advance(absl::Hours(1));
  }
  EXPECT_EQ(Row(0).outcome, "dropped");
  EXPECT_EQ(Row(0).claimed.mail.bytes, "");
}

TEST_F(MailSenderTest, ALinkThatWorksNoMoreIsNotSent) {
  Enqueue("1", "ada@example.org", clock_.Now() + absl::Minutes(30));
  transport_.Answer({absl::UnavailableError("away")});
  ASSERT_THAT(sender_.SendDue(), IsOk());
  clock_.Advance(absl::Minutes(30));
  ASSERT_THAT(sender_.SendDue(), IsOk());
  EXPECT_EQ(transport_.sent().size(), 1u);
  EXPECT_EQ(Row(0).outcome, "dropped");
  EXPECT_THAT(metrics_.Expose(), HasSubstr("mails_total{outcome=\"dropped\"} 1\n"));
  Enqueue("2", "ada@example.org", clock_.Now() + absl::Minutes(30));
  clock_.Advance(absl::Minutes(29));
  ASSERT_THAT(sender_.SendDue(), IsOk());
  EXPECT_EQ(Row(1).outcome, "delivered");
}

TEST_F(MailSenderTest, ALinkIsTriedForAsLongAsItWorks) {
  Enqueue("1", "ada@example.org", clock_.Now() + absl::Minutes(30));
  transport_.Answer(std::deque<absl::Status>(6, absl::UnavailableError("away")));
  for (int minute = 0; minute < 29; ++minute) {
    ASSERT_THAT(sender_.SendDue(), IsOk());
    clock_.Advance(absl::Minutes(1));
  }
  EXPECT_EQ(Row(0).outcome, "delivered");
}

TEST_F(MailSenderTest, TellsHowManyWaitAndForHowLong) {
  const auto told = [&](const std::string& pending, const std::string& age) {
    ASSERT_THAT(sender_.TellBacklog(), IsOk());
    EXPECT_THAT(metrics_.Expose(), AllOf(HasSubstr("mails_pending " + pending + "\n"),
                                         HasSubstr("mails_oldest_age_seconds " + age + "\n")));
  };
  Enqueue("1", "ada@example.org");
  clock_.Advance(absl::Minutes(10));
  Enqueue("2", "eve@example.org");
  Enqueue("3", "");
  told("2", "600");
  transport_.Answer({absl::UnavailableError("later")});
  ASSERT_THAT(sender_.SendDue(), IsOk());
  told("1", "600");  // what is put off is as old as before
  clock_.Advance(absl::Minutes(1));
  ASSERT_THAT(sender_.SendDue(), IsOk());
  told("0", "0");
}

TEST_F(MailSenderTest, TellsOfMailsThatWaitBesideSending) {
  Enqueue("1", "ada@example.org");
  transport_.Answer(std::deque<absl::Status>(100, absl::UnavailableError("away")));
  MailSignal signal;
  sender_.Start(1, signal);
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  while (metrics_.Expose().find("mails_pending 1\n") == std::string::npos &&
         absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_THAT(metrics_.Expose(), HasSubstr("mails_pending 1\n"));
  sender_.Stop();
}

TEST_F(MailSenderTest, SendingIsPartOfTheTraceOfTheMail) {
  KeptSpans kept;
  Enqueue("1", "ada@example.org");
  {
    absl::MutexLock lock(&stores_.data.mu);
    stores_.data.mails.at(0).claimed.traceparent =
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  }
  transport_.Answer({absl::UnavailableError("later")});
  ASSERT_THAT(sender_.SendDue(), IsOk());
  const auto spans = kept.Take();
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0]->kind, SpanKind::kConsumer);
  EXPECT_EQ(spans[0]->context.parent_id, "00f067aa0ba902b7");
  std::vector<std::string> names;
  for (const LogField& field : spans[0]->attributes) names.push_back(field.key);
  EXPECT_THAT(names, ElementsAre("messaging.system", "messaging.destination.name",
                                 "messaging.operation.name", "messaging.operation.type",
                                 "rostrum.attempt", "error.type"));
}

TEST_F(MailSenderTest, IsWokenAtOnceAfterACommit) {
  MailSignal signal;
  sender_.Start(2, signal);
  Enqueue("1", "ada@example.org");
  signal.Notify();
  transport_.WaitForSent(1);
  sender_.Stop();
  signal.Notify();
}

TEST(MailsTest, PutNoStrangersWordsIntoAMail) {
  FakeStores stores;
  AccountHarness h(stores.refs());
  auto request = h.SignUpRequest("ada@example.org");
  request.set_display_name("Win <b>now</b> at http://evil.example");
  ASSERT_THAT(h.SignUp(request), IsOk());
  EXPECT_THAT(Readable(h.TakeMail().bytes), Not(HasSubstr("evil.example")));
}

TEST(MailsTest, EscapeTheNameOfTheSite) {
  FakeClock clock;
  const Mails mails({.site_name = "Fish & <Chips>",
                     .public_url = "https://example.org",
                     .from = "no-reply@example.org",
                     .from_name = "Fish & <Chips>"},
                    clock);
  const auto mail = mails.PasswordChanged("ada@example.org");
  ASSERT_THAT(mail, IsOk());
  EXPECT_THAT(Readable(mail->bytes), HasSubstr("Fish &amp; &lt;Chips&gt;"));
}

TEST(MailsTest, RefuseAnAddressThatWouldAddAHeader) {
  FakeClock clock;
  const Mails mails({.site_name = "S",
                     .public_url = "https://example.org",
                     .from = "no-reply@example.org",
                     .from_name = "S"},
                    clock);
  EXPECT_THAT(mails.AlreadyMember("ada@example.org\r\nBcc: eve@example.org"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace rostrum::account
