#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/rpc/visitor_proto.h"
#include "services/content/post_service.h"
#include "tests/services/content/fake_reading.h"
#include "tests/services/content/worlds.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/status_matchers.h"

namespace rostrum::content {
namespace {

const CounterFamily kViews{"views_total", "Views that were counted."};

namespace spb = rostrum::subscription::v1;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kSecret[] = "only for members";

class BatchReadPostsTest : public GrpcFixture {
 protected:
  BatchReadPostsTest() : GrpcFixture("content") {
    Serve({&service_});
    stub_ = v1::PostService::NewStub(channel());
  }

  Manuscript Store(const std::string& title, AccessLevel level = spb::ACCESS_LEVEL_METERED,
                   absl::Time time = kNoon) {
    Manuscript draft = setting_.Draft(title, title);
    draft.content.body_html = std::string("<p>") + kSecret + "</p>";
    draft.content.markdown = kSecret;
    draft.content.access_level = level;
    return StorePublished(world_, draft, time);
  }
  void Rename(const PostId& id, const std::string& title) {
    const auto edit = [&](Manuscript& manuscript) {
      ManuscriptContent content = manuscript.content;
      content.title = title;
      content.body_html = "<p>" + title + "</p>";
      return Edit(manuscript, content, {.account_id = kAnna}, "", kNoon);
    };
    ASSERT_THAT(world_.manuscripts.Update(id, edit), IsOk());
  }
  // Each post by another visitor.
  absl::StatusOr<v1::BatchReadPostsResponse> ReadMany(const std::vector<PostId>& ids,
                                                      const std::string& held_body = "",
                                                      const std::string& held_preview = "",
                                                      const std::string& as = "gateway") {
    v1::BatchReadPostsRequest request;
    for (const PostId& id : ids) {
      v1::VisitorRead& read = *request.add_reads();
      read.set_post_id(id.value());
      *read.mutable_visitor() = ToProto(NewVisitor());
      read.set_network("net");
      read.set_held_body_version(held_body);
      read.set_held_preview_version(held_preview);
    }
    return Read(request, as);
  }
  absl::StatusOr<v1::BatchReadPostsResponse> Read(const v1::BatchReadPostsRequest& request,
                                                  const std::string& as = "gateway") {
    grpc::ClientContext ctx;
    AsService(ctx, as);
    ctx.set_deadline(std::chrono::system_clock::now() + patience_);
    v1::BatchReadPostsResponse response;
    const absl::Status status = FromGrpcStatus(stub_->BatchReadPosts(&ctx, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  double Views() { return metrics().Counter(kViews).Value(); }

  std::chrono::milliseconds patience_{10'000};
  FakeWorld world_;
  Setting<FakeWorld> setting_{world_};
  FakeEntitlementStore entitlements_;
  FakeSubscriptionClient subscription_;
  ReaderAccess access_{entitlements_, subscription_, clock()};
  Redis redis_{{.url = "unix:/nowhere"}, metrics()};
  PgPool pool_{{.url = "postgresql:///none?host=/nowhere"}, metrics()};
  ViewCounter views_{redis_, pool_, clock(), metrics()};
  PageTokens page_tokens_{"a secret of thirty-two bytes or more"};
  PostService service_{world_.posts, world_.catalog, access_, views_, page_tokens_, runtime()};
  std::unique_ptr<v1::PostService::Stub> stub_;
};

TEST_F(BatchReadPostsTest, ManyReadsAreDecidedAndCountedOneByOne) {
  const Manuscript metered = Store("metered");
  const Manuscript open = Store("open", spb::ACCESS_LEVEL_PUBLIC);
  const PostId nowhere(NewUuid(kNoon));
  subscription_.Answer(true, spb::ACCESS_REASON_METER, 1);
  const auto readings = ReadMany({metered.id, open.id, nowhere, metered.id});
  ASSERT_THAT(readings, IsOk());
  ASSERT_EQ(readings->readings_size(), 4);
  const v1::VisitorReading& first = readings->readings(0);
  EXPECT_EQ(first.outcome(), v1::VisitorReading::OUTCOME_DECIDED);
  EXPECT_TRUE(first.access().granted());
  EXPECT_THAT(first.post().body_html(), HasSubstr(kSecret));
  EXPECT_EQ(first.post().summary().title(), "metered");
  EXPECT_FALSE(first.post().has_access());
  EXPECT_EQ(readings->readings(1).access().reason(), spb::ACCESS_REASON_PUBLIC);
  EXPECT_EQ(readings->readings(2).outcome(), v1::VisitorReading::OUTCOME_NOT_FOUND);
  EXPECT_EQ(readings->readings(3).version(), first.version());
  EXPECT_EQ(Views(), 3);
  ASSERT_EQ(subscription_.asked().size(), 2u) << "public posts need no question";
  EXPECT_EQ(subscription_.asked()[0].network(), "net");
}

// Its caller asks again, and that is counted.
TEST_F(BatchReadPostsTest, WhatWasGivenUpMeanwhileIsNotCounted) {
  subscription_.Answer(true, spb::ACCESS_REASON_METER, 1);
  subscription_.too_late = true;
  patience_ = std::chrono::seconds(2);
  EXPECT_THAT(ReadMany({Store("metered").id}), StatusIs(absl::StatusCode::kDeadlineExceeded));
  Stop();
  EXPECT_EQ(subscription_.asked().size(), 1u);
  EXPECT_EQ(Views(), 0);
}

TEST_F(BatchReadPostsTest, AHeldTextIsSentAgainOnlyWhenItChanged) {
  const Manuscript stored = Store("peace");
  subscription_.Answer(true, spb::ACCESS_REASON_METER, 1);
  const std::string version = ReadMany({stored.id})->readings(0).version();
  EXPECT_FALSE(ReadMany({stored.id}, version)->readings(0).has_post());
  EXPECT_EQ(Views(), 2) << "counted all the same";
  // Who is refused gets the preview, and the held text is of no use for that.
  subscription_.Answer(false, spb::ACCESS_REASON_METER_ENDED, 5);
  const auto refused = ReadMany({stored.id}, version);
  EXPECT_EQ(refused->readings(0).post().preview_html(), "<p>The preview</p>\n");
  EXPECT_THAT(refused->SerializeAsString(), Not(HasSubstr(kSecret)));
  EXPECT_FALSE(ReadMany({stored.id}, "", version)->readings(0).has_post());
  EXPECT_EQ(Views(), 2);

  Rename(stored.id, "War");
  subscription_.Answer(true, spb::ACCESS_REASON_METER, 1);
  const auto again = ReadMany({stored.id}, version);
  EXPECT_EQ(again->readings(0).post().summary().title(), "War");
  EXPECT_NE(again->readings(0).version(), version);
}

// An answer has a largest size: what does not go into it is asked for alone.
TEST_F(BatchReadPostsTest, TextsThatAreTooLongTogetherAreLeftOut) {
  Manuscript draft = setting_.Draft("long", "long");
  draft.content.body_html = std::string(3 << 20, 'x');
  draft.content.access_level = spb::ACCESS_LEVEL_PUBLIC;
  const Manuscript stored = StorePublished(world_, draft, kNoon);
  const auto readings = ReadMany({stored.id, stored.id, stored.id}, "an old version");
  ASSERT_THAT(readings, IsOk());
  EXPECT_EQ(readings->readings(0).post().body_html().size(), 3u << 20);
  EXPECT_EQ(readings->readings(1).outcome(), v1::VisitorReading::OUTCOME_DECIDED);
  EXPECT_EQ(readings->readings(2).outcome(), v1::VisitorReading::OUTCOME_NOT_FOUND);
  EXPECT_FALSE(readings->readings(2).has_access());
  EXPECT_EQ(Views(), 2) << "who got no text has read nothing";
}

TEST_F(BatchReadPostsTest, AnOutageOfSubscriptionIsToldOfEachRead) {
  const Manuscript metered = Store("metered");
  const Manuscript premium = Store("premium", spb::ACCESS_LEVEL_PREMIUM);
  subscription_.Answer(absl::UnavailableError("away"));
  const auto readings = ReadMany({metered.id, premium.id});
  ASSERT_THAT(readings, IsOk());
  EXPECT_EQ(readings->readings(0).access().reason(), spb::ACCESS_REASON_METER_UNAVAILABLE);
  EXPECT_EQ(readings->readings(1).outcome(), v1::VisitorReading::OUTCOME_ACCESS_UNKNOWN);
  EXPECT_FALSE(readings->readings(1).has_post());
}

TEST_F(BatchReadPostsTest, APostThatChangesWhileItIsReadIsToBeAskedForAnew) {
  const Manuscript stored = Store("peace");
  subscription_.Answer(true, spb::ACCESS_REASON_METER, 1);
  world_.posts.before_text = [&] {
    ASSERT_THAT(
        world_.manuscripts.Update(stored.id, [](Manuscript& m) { return Unpublish(m, "", kNoon); }),
        IsOk());
  };
  const auto readings = ReadMany({stored.id});
  ASSERT_THAT(readings, IsOk());
  EXPECT_EQ(readings->readings(0).outcome(), v1::VisitorReading::OUTCOME_NOT_FOUND);
  EXPECT_THAT(readings->SerializeAsString(), Not(HasSubstr(kSecret)));
  EXPECT_EQ(Views(), 0);
}

// A gateway keeps the text as that of the version it came with.
TEST_F(BatchReadPostsTest, UnderALeaseNoTextIsOlderThanItsVersion) {
  FakeClock kept_clock(kNoon);
  CachedPostStore posts(world_.posts, 1 << 20, /*lease=*/absl::Hours(1), kept_clock);
  PostService service(posts, world_.catalog, access_, views_, page_tokens_, runtime());
  GrpcTestServer server("content", &clock());
  server.Serve({&service});
  const auto stub = v1::PostService::NewStub(server.channel());
  subscription_.Answer(true, spb::ACCESS_REASON_METER, 1);
  const Manuscript stored = Store("peace");
  const Manuscript other = Store("other");
  const auto read = [&](const std::string& held) {
    v1::BatchReadPostsRequest request;
    for (const PostId& id : {stored.id, other.id}) {
      v1::VisitorRead& visit = *request.add_reads();
      visit.set_post_id(id.value());
      *visit.mutable_visitor() = ToProto(NewVisitor());
      visit.set_held_body_version(held);
    }
    grpc::ClientContext ctx;
    server.AsService(ctx, "gateway");
    v1::BatchReadPostsResponse response;
    EXPECT_TRUE(stub->BatchReadPosts(&ctx, request, &response).ok());
    EXPECT_EQ(response.readings(1).outcome(), v1::VisitorReading::OUTCOME_DECIDED);
    return response.readings(0);
  };
  const std::string former = read("").version();
  Rename(stored.id, "War");
  EXPECT_THAT(read("").post().body_html(), HasSubstr(kSecret)) << "the lease runs";
  EXPECT_FALSE(read(former).has_post());
  // What brings a later state than the lease knows ends it.
  kept_clock.Advance(CachedPostStore::kFresh);
  EXPECT_EQ(read("").post().summary().title(), "War");
  const v1::VisitorReading present = read(former);
  EXPECT_NE(present.version(), former);
  EXPECT_EQ(present.post().summary().title(), "War");
  EXPECT_EQ(present.post().body_html(), "<p>War</p>");
  server.Stop();
}

TEST_F(BatchReadPostsTest, APostIsFoundWhereItStands) {
  const Manuscript metered = Store("metered");
  subscription_.Answer(true, spb::ACCESS_REASON_METER, 1);
  v1::BatchReadPostsRequest request;
  const auto add = [&](const std::string& channel, const std::string& slug) {
    v1::VisitorRead& read = *request.add_reads();
    *read.mutable_visitor() = ToProto(NewVisitor());
    read.set_channel(channel);
    read.set_slug(slug);
  };
  add("news", "metered");
  add("news", "nothing");
  add("no slug", "METERED");
  add("", "");
  const auto readings = Read(request);
  ASSERT_THAT(readings, IsOk());
  EXPECT_EQ(readings->readings(0).post().summary().post_id(), metered.id.value());
  EXPECT_THAT(readings->readings(0).post().body_html(), HasSubstr(kSecret));
  for (int i : {1, 2, 3}) {
    EXPECT_EQ(readings->readings(i).outcome(), v1::VisitorReading::OUTCOME_NOT_FOUND) << i;
  }
  EXPECT_EQ(Views(), 1);
  request.mutable_reads(0)->set_post_id(metered.id.value());
  EXPECT_THAT(Read(request).status(), HasViolation("post_id"));
}

TEST_F(BatchReadPostsTest, ABatchIsForGatewaysAndBounded) {
  const Manuscript stored = Store("peace");
  EXPECT_THAT(ReadMany({stored.id}, "", "", "comment").status(), HasReason("SERVICE_ONLY"));
  EXPECT_THAT(ReadMany(std::vector<PostId>(501, stored.id)).status(), HasViolation("reads"));
  EXPECT_THAT(ReadMany({PostId("x")}).status(), HasViolation("post_id"));
  EXPECT_EQ(ReadMany({})->readings_size(), 0);
}

}  // namespace
}  // namespace rostrum::content
