// Logging in, by password or by a link, and what is said when it fails.
#include <string>

#include "gateway/web/rpcs.h"
#include "services/common/base/status.h"
#include "tests/gateway/web/site_fixture.h"

namespace rostrum::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(SiteTest, ARefusalIsSaidInWords) {
  told_.Refuse(rpcs::kLogIn,
               Error(absl::StatusCode::kUnauthenticated, "LOGIN_FAILED", "no such login"));
  EXPECT_THAT(std::string(Post("/login", "email=a").bytes()),
              HasSubstr("Email address or password is not right."));
  told_.Refuse(rpcs::kLogIn, Error(absl::StatusCode::kUnauthenticated, "RARE", "the door is shut"));
  EXPECT_THAT(std::string(Post("/login", "email=a").bytes()), HasSubstr(">The door is shut.<"));
  // Not in the words of the API.
  told_.Refuse(rpcs::kLogIn, InvalidField("hidden_field", "REQUIRED", "must not be empty"));
  EXPECT_THAT(std::string(Post("/login", "email=a").bytes()), Not(HasSubstr("hidden_field")));
}

TEST_F(SiteTest, ALinkThatWorksNoMoreLeadsToAnother) {
  const absl::Status over = Error(absl::StatusCode::kUnauthenticated, "LINK_INVALID", "no");
  told_.Refuse(rpcs::kRedeemLoginLink, over);
  const http::HttpResponse link = Post("/login/link", "token=t");
  EXPECT_EQ(link.status, 400);
  EXPECT_THAT(std::string(link.bytes()), HasSubstr("href=\"/login/link\">"));
  EXPECT_THAT(std::string(link.bytes()), Not(HasSubstr("One more click")));
  EXPECT_THAT(std::string(link.bytes()), Not(HasSubstr("<form")));
  told_.Refuse(rpcs::kResetPassword, over);
  const std::string reset(Post("/reset", "token=t&password=p").bytes());
  EXPECT_THAT(reset, HasSubstr("href=\"/reset\">"));
  EXPECT_THAT(reset, Not(HasSubstr("<form")));

  told_.Answer(rpcs::kRequestLoginLink, {});
  const std::string sent = Header(Post("/login/link", "email=a&return=/feed"), "Location");
  EXPECT_THAT(std::string(Get(sent).bytes()), HasSubstr("href=\"/login/link?return=/feed\""));
}

}  // namespace
}  // namespace rostrum::gateway
