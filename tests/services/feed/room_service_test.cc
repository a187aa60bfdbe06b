#include "services/feed/room_service.h"

#include <memory>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/feed/feed_proto.h"
#include "tests/services/feed/fake_clients.h"
#include "tests/services/feed/fake_room_store.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/status_matchers.h"

namespace rostrum::feed {
namespace {

const AccountId kAnna("00000000-0000-7000-8000-00000000000a");
const AccountId kBert("00000000-0000-7000-8000-00000000000b");

class RoomServiceTest : public GrpcFixture {
 protected:
  RoomServiceTest() : GrpcFixture("feed") {
    Serve({&service_});
    stub_ = pb::RoomService::NewStub(channel());
    subscription_.members = {kAnna};
  }

  // Makes one call as an account, or as nobody for an empty id.
  template <class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (pb::RoomService::Stub::*method)(grpc::ClientContext*,
                                                                              const Request&,
                                                                              Response*),
                                const Request& request, const AccountId& as,
                                const std::set<std::string>& roles = {}) {
    grpc::ClientContext ctx;
    if (as.empty()) {
      AsAnonymous(ctx);
    } else {
      AsAccount(ctx, as, roles);
    }
    Response response;
    const absl::Status status = FromGrpcStatus((stub_.get()->*method)(&ctx, request, &response));
    if (!status.ok()) return status;
    return response;
  }
  absl::StatusOr<pb::Room> Get(const AccountId& as, const std::string& channel_id = kChannel) {
    pb::GetRoomRequest request;
    request.set_channel_id(channel_id);
    return Call(&pb::RoomService::Stub::GetRoom, request, as);
  }
  absl::StatusOr<pb::Room> Join(const AccountId& as, bool listed = false,
                                const std::set<std::string>& roles = {}) {
    pb::JoinRoomRequest request;
    request.set_channel_id(kChannel);
    request.set_listed(listed);
    return Call(&pb::RoomService::Stub::JoinRoom, request, as, roles);
  }
  absl::StatusOr<pb::ListRoomMembersResponse> Members(const AccountId& as,
                                                      const std::string& page_token = "") {
    pb::ListRoomMembersRequest request;
    request.set_channel_id(kChannel);
    request.set_page_size(1);
    request.set_page_token(page_token);
    return Call(&pb::RoomService::Stub::ListRoomMembers, request, as);
  }
  absl::StatusOr<pb::Room> Leave(const AccountId& as) {
    pb::LeaveRoomRequest request;
    request.set_channel_id(kChannel);
    return Call(&pb::RoomService::Stub::LeaveRoom, request, as);
  }
  // As the comment service.
  absl::StatusOr<pb::RoomAccess> Check(const AccountId& account_id, const std::string& role = "") {
    grpc::ClientContext ctx;
    AsService(ctx, "comment");
    pb::CheckRoomAccessRequest request;
    request.set_channel_id(kChannel);
    request.set_account_id(account_id.value());
    if (!role.empty()) request.add_roles(role);
    pb::CheckRoomAccessResponse response;
    const absl::Status status = FromGrpcStatus(stub_->CheckRoomAccess(&ctx, request, &response));
    if (!status.ok()) return status;
    return response.access();
  }

  FakeRoomStore store_;
  FakeContentClient content_;
  FakeSubscriptionClient subscription_;
  PageTokens page_tokens_{"a secret of thirty-two bytes or more"};
  RoomService service_{store_, content_, subscription_, page_tokens_, clock(), runtime()};
  std::unique_ptr<pb::RoomService::Stub> stub_;
};

TEST_F(RoomServiceTest, VisitorsSeeWhatItIs) {
  const auto room = Get(AccountId());
  ASSERT_THAT(room, IsOk());
  EXPECT_EQ(room->display_name(), "The Channel");
  EXPECT_EQ(room->member_count(), 0);
  EXPECT_FALSE(room->may_enter());
  EXPECT_THAT(Get(kAnna, "00000000-0000-7000-8000-00000000dead").status(),
              HasReason("CHANNEL_NOT_FOUND"));
  EXPECT_THAT(Get(kAnna, "x").status(), HasViolation("channel_id"));
}

TEST_F(RoomServiceTest, MembersJoinAndLeave) {
  EXPECT_TRUE(Get(kAnna)->may_enter());
  const auto joined = Join(kAnna, /*listed=*/true);
  ASSERT_THAT(joined, IsOk());
  EXPECT_TRUE(joined->joined());
  EXPECT_TRUE(joined->listed());
  EXPECT_TRUE(joined->has_join_time());
  EXPECT_EQ(joined->member_count(), 1);
  EXPECT_FALSE(Join(kAnna, /*listed=*/false)->listed());
  const auto left = Leave(kAnna);
  ASSERT_THAT(left, IsOk());
  EXPECT_FALSE(left->joined());
  EXPECT_EQ(left->member_count(), 0);
}

TEST_F(RoomServiceTest, OthersStayOutside) {
  EXPECT_THAT(Join(kBert).status(), HasReason("MEMBERS_ONLY"));
  EXPECT_THAT(Join(AccountId()).status(), HasReason("LOGIN_REQUIRED"));
  EXPECT_THAT(Join(kBert, false, {"editor"}), IsOk());
}

TEST_F(RoomServiceTest, OnlyThoseInsideSeeWhoIsInside) {
  ASSERT_THAT(Join(kAnna, true), IsOk());
  EXPECT_THAT(Members(kBert).status(), HasReason("ROOM_NOT_JOINED"));
  subscription_.members.insert(kBert);
  ASSERT_THAT(Join(kBert, true), IsOk());
  auto page = Members(kBert);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->members_size(), 1);
  page = Members(kBert, page->next_page_token());
  ASSERT_THAT(page, IsOk());
  EXPECT_EQ(page->members_size(), 1);
  EXPECT_EQ(page->next_page_token(), "");
  subscription_.members.erase(kBert);
  EXPECT_THAT(Members(kBert).status(), HasReason("MEMBERS_ONLY"));
}

TEST_F(RoomServiceTest, AccessNeedsBothMembershipAndRoom) {
  EXPECT_EQ(*Check(AccountId()), pb::ROOM_ACCESS_NOT_JOINED);
  EXPECT_EQ(*Check(kAnna), pb::ROOM_ACCESS_NOT_JOINED);
  ASSERT_THAT(Join(kAnna), IsOk());
  EXPECT_EQ(*Check(kAnna), pb::ROOM_ACCESS_GRANTED);
  subscription_.members.clear();
  EXPECT_EQ(*Check(kAnna), pb::ROOM_ACCESS_MEMBERS_ONLY);
  EXPECT_EQ(*Check(kAnna, "editor"), pb::ROOM_ACCESS_GRANTED);
  EXPECT_TRUE(Get(kAnna)->joined()) << "a room is kept for later";
}

TEST_F(RoomServiceTest, SaysSoWhenNobodyCanTell) {
  ASSERT_THAT(Join(kAnna), IsOk());
  subscription_.down = true;
  EXPECT_THAT(Check(kAnna).status(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Join(kAnna).status(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Get(AccountId()), IsOk()) << "visitors need not be asked about";
  const auto left = Leave(kAnna);
  ASSERT_THAT(left, IsOk()) << "nobody is kept in";
  EXPECT_FALSE(left->joined());
}

}  // namespace
}  // namespace rostrum::feed
