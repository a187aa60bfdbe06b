// Following, from the button to the answer.
#include <string>

#include "absl/strings/str_cat.h"
#include "gateway/web/rpcs.h"
#include "services/common/base/status.h"
#include "tests/gateway/web/site_fixture.h"

namespace rostrum::gateway {
namespace {

namespace fpb = rostrum::feed::v1;
using ::testing::HasSubstr;

TEST_F(SiteTest, WhatAVisitorWantsToFollowIsAskedAgainAfterTheLogin) {
  const std::string kind = absl::StrCat(static_cast<int>(fpb::FOLLOW_KIND_AUTHOR));
  const std::string form = absl::StrCat("kind=", kind, "&target=ana&return=/c/world/peace");
  told_.Refuse(rpcs::kCreateFollow,
               Error(absl::StatusCode::kUnauthenticated, "LOGIN_REQUIRED", "log in"));
  const http::HttpResponse asked = Post("/follow", form);
  EXPECT_EQ(Header(asked, "Location"),
            absl::StrCat("/login?needed=1&return=/follow%3Fkind%3D", kind,
                         "%26target%3Dana%26return%3D/c/world/peace"));
  EXPECT_THAT(Header(Get("/follow?" + form), "Location"), HasSubstr("/login?needed=1&return="));
  told_.Answer(rpcs::kCreateFollow, {});
  const std::string page(Get("/follow?" + form, SignedIn()).bytes());
  EXPECT_THAT(page, HasSubstr("you follow Ana."));
  EXPECT_THAT(page, HasSubstr("name=\"target\" value=\"ana\""));
  EXPECT_EQ(Header(Post("/follow", form, SignedIn()), "Location"), "/c/world/peace");
}

}  // namespace
}  // namespace rostrum::gateway
