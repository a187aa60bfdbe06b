#include "services/common/rpc/request_context.h"

#include <thread>

#include "gmock/gmock.h"
#include "services/common/base/crypto.h"

namespace rostrum {
namespace {

TEST(VisitorPassTest, ComesBack) {
  const VisitorPass pass{Base64Url(RandomBytes(16)), Base64Url(RandomBytes(32)), true};
  const auto read = VisitorPass::Parse(pass.ToString());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->id, pass.id);
  EXPECT_EQ(read->secret, pass.secret);
  EXPECT_TRUE(read->fresh);
  EXPECT_FALSE(VisitorPass::Parse(pass.id + "." + pass.secret)->fresh);
}

TEST(VisitorPassTest, RefusesAnythingElse) {
  const std::string id = Base64Url(std::string(16, 'i'));
  const std::string secret = Base64Url(std::string(32, 's'));
  for (const std::string& bad :
       {std::string(), id, id + ".", "." + secret, secret + "." + id, id + "." + secret + ".",
        id + "." + secret + ".Fresh", id + "." + secret + ".fresh.fresh", " " + id + "." + secret,
        id + "." + secret.substr(1), id + "=." + secret, std::string(1 << 20, 'a')}) {
    EXPECT_FALSE(VisitorPass::Parse(bad).has_value()) << bad.substr(0, 100);
  }
}

// Else one pass could be written in several ways, and each would have free reads.
TEST(VisitorPassTest, TakesOnlyWhatIsCanonicalBase64Url) {
  const std::string id = Base64Url(RandomBytes(16));
  const std::string secret = Base64Url(RandomBytes(32));
  for (int c = 0; c < 256; ++c) {
    for (const size_t place :
         {size_t{0}, id.size() - 1, id.size() + 1, id.size() + secret.size()}) {
      std::string text = id + "." + secret;
      text[place] = static_cast<char>(c);
      const bool canonical = Base64UrlDecode(text.substr(0, id.size())).ok() &&
                             Base64UrlDecode(text.substr(id.size() + 1)).ok();
      EXPECT_EQ(VisitorPass::Parse(text).has_value(), canonical) << text;
    }
  }
}

TEST(VisitorPassTest, DigestDependsOnSecretAndSubject) {
  VisitorPass a{"id", "secret-a", false};
  VisitorPass b{"id", "secret-b", false};
  EXPECT_EQ(a.Digest("post"), a.Digest("post"));
  EXPECT_NE(a.Digest("post"), a.Digest("other"));
  EXPECT_NE(a.Digest("post"), b.Digest("post"));
  EXPECT_EQ(a.KeyHash(), b.KeyHash());
}

TEST(IsRequestIdTest, AllowsAShortPlainWord) {
  EXPECT_TRUE(IsRequestId("0192-Ab._"));
  EXPECT_TRUE(IsRequestId(std::string(64, 'a')));
  for (const std::string& bad :
       {std::string(), std::string(65, 'a'), std::string("a b"), std::string("a\n"),
        std::string("é"), std::string("a\0b", 3), std::string("a\"")}) {
    EXPECT_FALSE(IsRequestId(bad)) << bad;
  }
}

TEST(ScopedRequestContextTest, BindsToThisThreadAndNests) {
  RequestContext outer, inner;
  outer.request_id = "outer";
  inner.request_id = "inner";
  EXPECT_EQ(RequestContext::Current().request_id, "");
  {
    const ScopedRequestContext bind_outer(outer);
    {
      const ScopedRequestContext bind_inner(inner);
      EXPECT_EQ(RequestContext::Current().request_id, "inner");
      std::thread([] { EXPECT_EQ(RequestContext::Current().request_id, ""); }).join();
    }
    EXPECT_EQ(RequestContext::Current().request_id, "outer");
  }
  EXPECT_EQ(RequestContext::Current().deadline, absl::InfiniteFuture());
}

TEST(ScopedBatchContextTest, WorksForThePartOfTheRequestThatIsAtIt) {
  RequestContext request;
  request.request_id = "request";
  request.trace = TraceContext::Continue("", "");
  request.deadline = absl::Now() + absl::Milliseconds(1);
  const ScopedRequestContext bound(request);
  const TraceContext part = TraceContext::Continue(request.trace.Traceparent(), "");
  const ScopedTrace bound_part(part);
  const ScopedBatchContext batch(absl::Minutes(1));
  EXPECT_EQ(TraceContext::Current().span_id, part.span_id);
  EXPECT_EQ(RequestContext::Current().request_id, "request");
  EXPECT_GT(RequestContext::Current().TimeLeft(), absl::Seconds(1));
}

}  // namespace
}  // namespace rostrum
