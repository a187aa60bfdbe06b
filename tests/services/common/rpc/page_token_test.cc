#include "services/common/rpc/page_token.h"

#include "gmock/gmock.h"
#include "rostrum/comment/v1/comment_service.pb.h"
#include "tests/support/status_matchers.h"

namespace rostrum {
namespace {

namespace pb = rostrum::comment::v1;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<std::string> kCursor = {"1700000000000000", std::string("a\0b", 3), ""};

class PageTokensTest : public testing::Test {
 protected:
  const PageTokens tokens_{"a secret that all replicas share"};
};

TEST_F(PageTokensTest, GivesTheCursorBack) {
  EXPECT_THAT(tokens_.Decode("s", tokens_.Encode("s", kCursor), 3), IsOkAndHolds(kCursor));
}

TEST_F(PageTokensTest, TakesTheEmptyTokenForTheFirstPage) {
  EXPECT_THAT(tokens_.Decode("s", "", 3), IsOkAndHolds(IsEmpty()));
}

TEST_F(PageTokensTest, RefusesAnotherScopeSecretOrNumberOfParts) {
  const std::string token = tokens_.Encode("scope", kCursor);
  EXPECT_THAT(tokens_.Decode("other", token, 3), HasReason("PAGE_TOKEN_INVALID"));
  EXPECT_THAT(tokens_.Decode("scope", token, 2), HasReason("PAGE_TOKEN_INVALID"));
  EXPECT_THAT(PageTokens("another secret").Decode("scope", token, 3),
              HasReason("PAGE_TOKEN_INVALID"));
  EXPECT_THAT(tokens_.Decode("other", token, 3), HasViolation("page_token"));
}

TEST_F(PageTokensTest, RefusesEveryChange) {
  const std::string token = tokens_.Encode("s", kCursor);
  for (size_t i = 0; i < token.size() * 8; ++i) {
    std::string changed = token;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
    EXPECT_THAT(tokens_.Decode("s", changed, 3), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  for (size_t size = 1; size < token.size(); ++size) {
    EXPECT_THAT(tokens_.Decode("s", token.substr(0, size), 3), HasReason("PAGE_TOKEN_INVALID"));
  }
}

TEST_F(PageTokensTest, RefusesGarbageAndWhatIsTooLong) {
  EXPECT_THAT(tokens_.Decode("s", "%%%", 3), HasReason("PAGE_TOKEN_INVALID"));
  const std::vector<std::string> large = {std::string(2000, 'x')};
  EXPECT_THAT(tokens_.Decode("s", tokens_.Encode("s", large), 1), HasReason("PAGE_TOKEN_INVALID"));
}

TEST_F(PageTokensTest, DoesNotConfuseParts) {
  EXPECT_NE(tokens_.Encode("s", {"ab", "c"}), tokens_.Encode("s", {"a", "bc"}));
}

TEST_F(PageTokensTest, APageIsCutAndTheNextBeginsThere) {
  const auto cursor_of = [](int entry) { return std::vector<std::string>{std::to_string(entry)}; };
  pb::ListCommentsRequest request;
  request.set_post_id("p");
  request.set_page_size(3);
  const ListPage all = ListPage::Read(tokens_, Caller(), request, 1).value();
  EXPECT_THAT(all.cursor(), IsEmpty());
  EXPECT_EQ(all.limit(), 4);
  std::vector<int> entries = {3, 5, 8};
  EXPECT_EQ(all.Cut(entries, cursor_of), "") << "the last page";
  EXPECT_THAT(entries, ElementsAre(3, 5, 8));

  request.set_page_size(2);
  const ListPage first = ListPage::Read(tokens_, Caller(), request, 1).value();
  request.set_page_token(first.Cut(entries, cursor_of));
  EXPECT_THAT(entries, ElementsAre(3, 5));
  EXPECT_THAT(ListPage::Read(tokens_, Caller(), request, 1)->cursor(), ElementsAre("5"));
  const ListPage shorter = ListPage::Read(tokens_, Caller(), request, 1).value();
  request.set_page_token(shorter.Cut(entries, 1, cursor_of));
  EXPECT_THAT(ListPage::Read(tokens_, Caller(), request, 1)->cursor(), ElementsAre("3"));

  Caller account;
  account.kind = Caller::Kind::kAccount;
  EXPECT_THAT(ListPage::Read(tokens_, account, request, 1).status(),
              HasReason("PAGE_TOKEN_INVALID"));
  request.set_post_id("another");
  EXPECT_THAT(ListPage::Read(tokens_, Caller(), request, 1).status(),
              HasReason("PAGE_TOKEN_INVALID"));
  request.set_page_token("");
  request.set_page_size(-1);
  EXPECT_THAT(ListPage::Read(tokens_, Caller(), request, 1).status(), HasReason("NEGATIVE"));
}

TEST(PageScopeTest, LeavesOutPageSizeAndTokenOnly) {
  const Caller nobody;
  pb::ListCommentsRequest request;
  request.set_post_id("p");
  const std::string scope = PageScope(nobody, request);
  request.set_page_size(50);
  request.set_page_token("t");
  EXPECT_EQ(PageScope(nobody, request), scope);
  EXPECT_EQ(request.page_size(), 50);
  request.set_flat(true);
  EXPECT_NE(PageScope(nobody, request), scope);
}

TEST(PageScopeTest, IsBoundToTheCallerAndTheList) {
  Caller account;
  account.kind = Caller::Kind::kAccount;
  account.account_id = AccountId("a");
  EXPECT_NE(PageScope(account, pb::ListCommentsRequest()),
            PageScope(Caller(), pb::ListCommentsRequest()));
  EXPECT_NE(PageScope(Caller(), pb::ListCommentRevisionsRequest()),
            PageScope(Caller(), pb::ListCommentsRequest()));
}

TEST(PageSizeTest, FollowsAip158) {
  EXPECT_THAT(PageSize(0), IsOkAndHolds(20));
  EXPECT_THAT(PageSize(7), IsOkAndHolds(7));
  EXPECT_THAT(PageSize(1'000'000), IsOkAndHolds(100));
  EXPECT_THAT(PageSize(-1), HasViolation("page_size"));
}

}  // namespace
}  // namespace rostrum
