#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "services/account/mail_sender.h"
#include "services/common/postgres/transaction.h"
#include "tests/services/account/postgres_stores.h"
#include "tests/support/storage/child_process.h"

namespace rostrum::account {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// A real SMTP server that keeps what it gets in a maildir. Refuses recipients
// at refused.example for good and puts off those at later.example.
constexpr char kCatcher[] = R"py(
import asyncio, os, sys
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox

class Catcher(Mailbox):
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.endswith('@refused.example'): return '550 no such mailbox'
        if address.endswith('@later.example'): return '451 try again later'
        envelope.rcpt_tos.append(address)
        return '250 OK'

folder = sys.argv[1]
controller = Controller(Catcher(folder + '/mail'), hostname='127.0.0.1', port=0)
# Port 0: the controller would probe it, so it is started by hand.
loop = asyncio.new_event_loop()
server = loop.run_until_complete(loop.create_server(controller._factory_invoker, '127.0.0.1', 0))
with open(folder + '/port.new', 'w') as f: f.write(str(server.sockets[0].getsockname()[1]))
os.rename(folder + '/port.new', folder + '/port')
loop.run_forever()
)py";

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class MailCatcher {
 public:
  MailCatcher() {
    std::ofstream(folder_ + "/catcher.py") << kCatcher;
    process_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{"/usr/bin/python3", folder_ + "/catcher.py", folder_},
        folder_ + "/log");
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    while (!absl::SimpleAtoi(ReadFile(folder_ + "/port"), &port_) && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(20));
    }
    EXPECT_GT(port_, 0) << ReadFile(folder_ + "/log");
  }
  std::string url() const { return absl::StrCat("smtp://127.0.0.1:", port_); }
  void Stop() { process_.reset(); }

  // The mails so far, in no particular order; waits until there are `count`.
  std::vector<std::string> Await(size_t count) {
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    std::vector<std::string> mails;
    do {
      mails.clear();
      std::error_code none_yet;
      for (const auto& entry :
           std::filesystem::directory_iterator(folder_ + "/mail/new", none_yet)) {
        mails.push_back(ReadFile(entry.path()));
      }
      if (mails.size() >= count) break;
      absl::SleepFor(absl::Milliseconds(20));
    } while (absl::Now() < deadline);
    return mails;
  }

 private:
  const std::string folder_ = NewTemporaryFolder();
  std::unique_ptr<ChildProcess> process_;
  int port_ = 0;
};

class MailDeliveryTest : public ::testing::Test {
 protected:
  std::string Outcome(const std::string& id) {
    std::string outcome;
    const absl::Status read = RunTx(stores_.pool, [&](Transaction& tx) {
      outcome = tx.ExecOne("SELECT outcome FROM mails WHERE mail_id = $1", id)[0].c_str();
      return absl::OkStatus();
    });
    EXPECT_THAT(read, IsOk());
    return outcome;
  }
  std::string Queue(const std::string& to) {
    const auto mail = h_.mails.LoginLink(to, NewToken());
    EXPECT_THAT(mail, IsOk());
    EXPECT_THAT(RunTx(stores_.pool,
                      [&](Transaction& tx) {
                        EnqueueMail(tx, *mail, h_.clock().Now());
                        return absl::OkStatus();
                      }),
                IsOk());
    return mail->id;
  }

  PostgresStores stores_;
  AccountHarness h_{stores_.refs()};
  MailCatcher catcher_;
  SmtpTransport transport_{{.url = catcher_.url(), .timeout = absl::Seconds(10)}};
  MailSender sender_{stores_.mails, transport_, "no-reply@example.org", h_.clock(),
                     h_.server.metrics()};
};

TEST_F(MailDeliveryTest, AReadersMailArrivesAndItsLinkWorks) {
  sender_.Start(2, stores_.mail_signal);
  ASSERT_THAT(h_.SignUp(h_.SignUpRequest("ada@example.org")), IsOk());
  const std::vector<std::string> mails = catcher_.Await(1);
  ASSERT_THAT(mails, SizeIs(1));
  EXPECT_THAT(mails[0], AllOf(HasSubstr("To: ada@example.org"),
                              HasSubstr("Subject: Verify your email address for The Test"),
                              HasSubstr("multipart/alternative")));
  std::string bytes = mails[0];  // a maildir keeps lines without CR
  bytes = absl::StrReplaceAll(bytes, {{"\n", "\r\n"}});
  EXPECT_THAT(h_.VerifyToken(TokenIn({.bytes = bytes})), IsOk());
  sender_.Stop();
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM mails WHERE outcome = 'delivered' "
                          "AND recipient = '' AND bytes = ''"),
            1);
}

TEST_F(MailDeliveryTest, RefusalIsFinalAndLaterIsLater) {
  const std::string refused = Queue("ada@refused.example");
  const std::string later = Queue("ada@later.example");
  const std::string fine = Queue("ada@example.org");
  ASSERT_THAT(sender_.SendDue(), IsOk());
  EXPECT_EQ(Outcome(refused), "refused");
  EXPECT_EQ(Outcome(later), "");
  EXPECT_EQ(Outcome(fine), "delivered");
  EXPECT_THAT(catcher_.Await(1), SizeIs(1));
  EXPECT_EQ(stores_.Count("SELECT attempts FROM mails WHERE finish_time IS NULL"), 1);
}

TEST_F(MailDeliveryTest, ABacklogIsWhatIsNotDoneWith) {
  EXPECT_EQ(stores_.mails.Backlog()->pending, 0);
  EXPECT_EQ(stores_.mails.Backlog()->oldest, std::nullopt);
  const absl::Time first = h_.clock().Now();
  Queue("ada@later.example");
  h_.clock().Advance(absl::Minutes(10));
  Queue("ada@example.org");
  EXPECT_EQ(stores_.mails.Backlog()->pending, 2);
  ASSERT_THAT(sender_.SendDue(), IsOk());
  const auto backlog = stores_.mails.Backlog();
  ASSERT_THAT(backlog, IsOk());
  EXPECT_EQ(backlog->pending, 1);
  EXPECT_EQ(backlog->oldest, first);
}

TEST_F(MailDeliveryTest, MailsWaitWhileTheRelayIsAway) {
  catcher_.Stop();
  ASSERT_THAT(h_.SignUp(h_.SignUpRequest("ada@example.org")), IsOk());
  ASSERT_THAT(sender_.SendDue(), IsOk());
  MailCatcher back;
  SmtpTransport transport({.url = back.url()});
  MailSender sender(stores_.mails, transport, "no-reply@example.org", h_.clock(),
                    h_.server.metrics());
  ASSERT_THAT(sender.SendDue(), IsOk());
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM mails WHERE finish_time IS NULL"), 1);
  h_.clock().Advance(absl::Minutes(1));
  ASSERT_THAT(sender.SendDue(), IsOk());
  EXPECT_THAT(back.Await(1), SizeIs(1));
}

TEST_F(MailDeliveryTest, TwoSendersSendEachMailOnce) {
  MailSender other(stores_.mails, transport_, "no-reply@example.org", h_.clock(),
                   h_.server.metrics());
  for (int i = 0; i < 20; ++i) Queue(absl::StrCat("r", i, "@example.org"));
  std::thread thread([&] { EXPECT_THAT(other.SendDue(), IsOk()); });
  EXPECT_THAT(sender_.SendDue(), IsOk());
  thread.join();
  EXPECT_THAT(sender_.SendDue(), IsOk());
  EXPECT_THAT(catcher_.Await(20), SizeIs(20));
}

}  // namespace
}  // namespace rostrum::account
