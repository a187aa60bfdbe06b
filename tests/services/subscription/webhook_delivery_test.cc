#include "services/subscription/webhook_delivery.h"
#include "services/common/postgres/transaction.h"

#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "services/common/base/ids.h"
#include "services/common/postgres/fields.h"
#include "services/subscription/webhook_signature.h"
#include "subscription_migrations.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/child_process.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum::subscription {
namespace {

// Answers with what stands in the file "status", and keeps what it was sent.
constexpr char kReceiver[] = R"py(
import http.server, os, sys
os.chdir(sys.argv[1])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with open("received", "a") as f:
            f.write(self.headers["Rostrum-Signature"] + "\n" + body + "\n")
        self.send_response(int(open("status").read()))
        self.end_headers()
    def log_message(self, *args):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
with open("port.new", "w") as f:
    f.write(str(server.server_port))
os.rename("port.new", "port")
server.serve_forever()
)py";

std::string Read(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class WebhookDeliveryTest : public ::testing::Test {
 protected:
  WebhookDeliveryTest() {
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (Read(folder_ + "/port").empty() && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(10));
    }
  }
  void AnswerWith(int status) { std::ofstream(folder_ + "/status") << status; }
  std::string Received() { return Read(folder_ + "/received"); }
  void Write(const std::string& body) {
    pqxx::connection connection(database_.url);
    Transaction tx(connection);
    tx.Exec(
        "INSERT INTO test_deliveries (event_id, body, create_time, next_time) "
        "VALUES ($1, $2, $3, $3)",
        NewUuid(clock_.Now()), body, SqlTime(clock_.Now()));
    tx.commit();
  }
  int Waiting() {
    pqxx::connection connection(database_.url);
    Transaction tx(connection);
    return tx.exec1("SELECT count(*) FROM test_deliveries")[0].as<int>();
  }

  FakeClock clock_;
  const std::string folder_ = NewTemporaryFolder();
  ChildProcess receiver_{{"python3", "-c", kReceiver, folder_}, folder_ + "/log"};
  TestDatabase database_{MigrationsOf("subscription", migrations::Files())};
  std::string Url() { return "http://127.0.0.1:" + Read(folder_ + "/port") + "/"; }
};

TEST_F(WebhookDeliveryTest, DeliversSignedAndOnce) {
  WebhookDelivery delivery(database_.pool, Url(), "secret", clock_);
  AnswerWith(200);
  Write(R"({"a":1})");
  ASSERT_THAT(delivery.DeliverDue(), IsOk());
  ASSERT_THAT(delivery.DeliverDue(), IsOk());
  EXPECT_EQ(Received(), SignWebhook("secret", R"({"a":1})", clock_.Now()) + "\n{\"a\":1}\n");
  EXPECT_EQ(Waiting(), 0);
}

TEST_F(WebhookDeliveryTest, TriesAgainLaterAndGivesUpAtLast) {
  WebhookDelivery delivery(database_.pool, Url(), "secret", clock_);
  AnswerWith(503);
  Write("{}");
  ASSERT_THAT(delivery.DeliverDue(), IsOk());
  const std::string once = Received();
  ASSERT_THAT(delivery.DeliverDue(), IsOk());
  EXPECT_EQ(Received(), once) << "it waits before it tries again";
  EXPECT_EQ(Waiting(), 1);
  clock_.Advance(absl::Seconds(1));
  ASSERT_THAT(delivery.DeliverDue(), IsOk());
  EXPECT_GT(Received().size(), once.size());
  clock_.Advance(absl::Hours(73));
  ASSERT_THAT(delivery.DeliverDue(), IsOk());
  EXPECT_EQ(Waiting(), 0);
}

TEST_F(WebhookDeliveryTest, DeliversAllThatIsDue) {
  WebhookDelivery delivery(database_.pool, Url(), "secret", clock_);
  AnswerWith(200);
  for (int i = 0; i < 30; ++i) Write("{}");
  ASSERT_THAT(delivery.DeliverDue(), IsOk());
  EXPECT_EQ(Waiting(), 0);
}

TEST_F(WebhookDeliveryTest, BeginsNoOtherWhenItIsToStop) {
  WebhookDelivery delivery(database_.pool, Url(), "secret", clock_);
  AnswerWith(200);
  Write("{}");
  delivery.Stop();
  ASSERT_THAT(delivery.DeliverDue(), IsOk());
  EXPECT_EQ(Waiting(), 1);
}

TEST_F(WebhookDeliveryTest, NobodyThereIsAFailureLikeAnother) {
  WebhookDelivery delivery(database_.pool, "http://127.0.0.1:1/", "secret", clock_);
  Write("{}");
  ASSERT_THAT(delivery.DeliverDue(), IsOk());
  EXPECT_EQ(Waiting(), 1);
}

}  // namespace
}  // namespace rostrum::subscription
