#pragma once

#include "gateway/web/calls.h"
#include "rostrum/account/v1/account_service.pb.h"
#include "rostrum/account/v1/session_service.pb.h"
#include "rostrum/account/v1/sign_up_service.pb.h"
#include "rostrum/comment/v1/comment_service.pb.h"
#include "rostrum/content/v1/catalog_service.pb.h"
#include "rostrum/content/v1/post_service.pb.h"
#include "rostrum/content/v1/search_service.pb.h"
#include "rostrum/feed/v1/feed_service.pb.h"
#include "rostrum/feed/v1/follow_service.pb.h"
#include "rostrum/feed/v1/room_service.pb.h"
#include "rostrum/subscription/v1/access_service.pb.h"
#include "rostrum/subscription/v1/membership_service.pb.h"
#include "rostrum/subscription/v1/trial_service.pb.h"

namespace rostrum::gateway::rpcs {

// The RPCs that pages call.

namespace account = rostrum::account::v1;
namespace comment = rostrum::comment::v1;
namespace content = rostrum::content::v1;
namespace feed = rostrum::feed::v1;
namespace subscription = rostrum::subscription::v1;

inline constexpr Rpc<account::GetAccountRequest, account::Account> kGetAccount{
    "account", "/rostrum.account.v1.AccountService/GetAccount"};
inline constexpr Rpc<account::UpdateAccountRequest, account::Account> kUpdateAccount{
    "account", "/rostrum.account.v1.AccountService/UpdateAccount"};
inline constexpr Rpc<account::ChangePasswordRequest, account::ChangePasswordResponse>
    kChangePassword{"account", "/rostrum.account.v1.AccountService/ChangePassword"};
inline constexpr Rpc<account::StartTrialRequest, subscription::Trial> kStartTrial{
    "account", "/rostrum.account.v1.AccountService/StartTrial"};

inline constexpr Rpc<account::SignUpRequest, account::SignUpResponse> kSignUp{
    "account", "/rostrum.account.v1.SignUpService/SignUp"};
inline constexpr Rpc<account::ResendVerificationRequest, account::SignUpResponse>
    kResendVerification{"account", "/rostrum.account.v1.SignUpService/ResendVerification"};
inline constexpr Rpc<account::VerifySignUpRequest, account::VerifySignUpResponse> kVerifySignUp{
    "account", "/rostrum.account.v1.SignUpService/VerifySignUp"};

inline constexpr Rpc<account::LogInRequest, account::Session> kLogIn{
    "account", "/rostrum.account.v1.SessionService/LogIn"};
inline constexpr Rpc<account::LogOutRequest, account::LogOutResponse> kLogOut{
    "account", "/rostrum.account.v1.SessionService/LogOut"};
inline constexpr Rpc<account::ListSessionsRequest, account::ListSessionsResponse> kListSessions{
    "account", "/rostrum.account.v1.SessionService/ListSessions"};
inline constexpr Rpc<account::RevokeSessionRequest, account::RevokeSessionResponse> kRevokeSession{
    "account", "/rostrum.account.v1.SessionService/RevokeSession"};
inline constexpr Rpc<account::RevokeOtherSessionsRequest, account::RevokeOtherSessionsResponse>
    kRevokeOtherSessions{"account", "/rostrum.account.v1.SessionService/RevokeOtherSessions"};
inline constexpr Rpc<account::RequestLoginLinkRequest, account::RequestLoginLinkResponse>
    kRequestLoginLink{"account", "/rostrum.account.v1.SessionService/RequestLoginLink"};
inline constexpr Rpc<account::RedeemLoginLinkRequest, account::RedeemLoginLinkResponse>
    kRedeemLoginLink{"account", "/rostrum.account.v1.SessionService/RedeemLoginLink"};
inline constexpr Rpc<account::RequestPasswordResetRequest, account::RequestPasswordResetResponse>
    kRequestPasswordReset{"account", "/rostrum.account.v1.SessionService/RequestPasswordReset"};
inline constexpr Rpc<account::ResetPasswordRequest, account::ResetPasswordResponse> kResetPassword{
    "account", "/rostrum.account.v1.SessionService/ResetPassword"};

inline constexpr Rpc<subscription::ShowOfferRequest, subscription::ReadingAccess> kShowOffer{
    "subscription", "/rostrum.subscription.v1.AccessService/ShowOffer"};
inline constexpr Rpc<subscription::GetTrialRequest, subscription::Trial> kGetTrial{
    "subscription", "/rostrum.subscription.v1.TrialService/GetTrial"};
inline constexpr Rpc<subscription::ListPlansRequest, subscription::ListPlansResponse> kListPlans{
    "subscription", "/rostrum.subscription.v1.MembershipService/ListPlans"};
inline constexpr Rpc<subscription::CreateCheckoutRequest, subscription::Checkout> kCreateCheckout{
    "subscription", "/rostrum.subscription.v1.MembershipService/CreateCheckout"};
inline constexpr Rpc<subscription::GetMembershipRequest, subscription::Membership> kGetMembership{
    "subscription", "/rostrum.subscription.v1.MembershipService/GetMembership"};
inline constexpr Rpc<subscription::CancelMembershipRequest, subscription::Membership>
    kCancelMembership{"subscription",
                      "/rostrum.subscription.v1.MembershipService/CancelMembership"};
inline constexpr Rpc<subscription::ResumeMembershipRequest, subscription::Membership>
    kResumeMembership{"subscription",
                      "/rostrum.subscription.v1.MembershipService/ResumeMembership"};
inline constexpr Rpc<subscription::ListPaymentsRequest, subscription::ListPaymentsResponse>
    kListPayments{"subscription", "/rostrum.subscription.v1.MembershipService/ListPayments"};
inline constexpr Rpc<subscription::GetTestPaymentRequest, subscription::TestPayment>
    kGetTestPayment{"subscription", "/rostrum.subscription.v1.TestPaymentService/GetTestPayment"};
inline constexpr Rpc<subscription::ApproveTestPaymentRequest, subscription::TestPayment>
    kApproveTestPayment{"subscription",
                        "/rostrum.subscription.v1.TestPaymentService/ApproveTestPayment"};
inline constexpr Rpc<subscription::DeclineTestPaymentRequest, subscription::TestPayment>
    kDeclineTestPayment{"subscription",
                        "/rostrum.subscription.v1.TestPaymentService/DeclineTestPayment"};

inline constexpr Rpc<content::GetPostRequest, content::Post> kGetPost{
    "content", "/rostrum.content.v1.PostService/GetPost"};
inline constexpr Rpc<content::ListPostsRequest, content::ListPostsResponse> kListPosts{
    "content", "/rostrum.content.v1.PostService/ListPosts"};
inline constexpr Rpc<content::SearchPostsRequest, content::SearchPostsResponse> kSearchPosts{
    "content", "/rostrum.content.v1.SearchService/SearchPosts"};
inline constexpr Rpc<content::GetChannelRequest, content::Channel> kGetChannel{
    "content", "/rostrum.content.v1.CatalogService/GetChannel"};
inline constexpr Rpc<content::ListChannelsRequest, content::ListChannelsResponse> kListChannels{
    "content", "/rostrum.content.v1.CatalogService/ListChannels"};
inline constexpr Rpc<content::GetTopicRequest, content::Topic> kGetTopic{
    "content", "/rostrum.content.v1.CatalogService/GetTopic"};
inline constexpr Rpc<content::ListTopicsRequest, content::ListTopicsResponse> kListTopics{
    "content", "/rostrum.content.v1.CatalogService/ListTopics"};
inline constexpr Rpc<content::GetAuthorRequest, content::Author> kGetAuthor{
    "content", "/rostrum.content.v1.CatalogService/GetAuthor"};
inline constexpr Rpc<content::ListAuthorsRequest, content::ListAuthorsResponse> kListAuthors{
    "content", "/rostrum.content.v1.CatalogService/ListAuthors"};

inline constexpr Rpc<feed::ListFeedRequest, feed::ListFeedResponse> kListFeed{
    "feed", "/rostrum.feed.v1.FeedService/ListFeed"};
inline constexpr Rpc<feed::MarkFeedSeenRequest, feed::FeedState> kMarkFeedSeen{
    "feed", "/rostrum.feed.v1.FeedService/MarkFeedSeen"};
inline constexpr Rpc<feed::GetFeedStateRequest, feed::FeedState> kGetFeedState{
    "feed", "/rostrum.feed.v1.FeedService/GetFeedState"};
inline constexpr Rpc<feed::GetRoomRequest, feed::Room> kGetRoom{
    "feed", "/rostrum.feed.v1.RoomService/GetRoom"};
inline constexpr Rpc<feed::JoinRoomRequest, feed::Room> kJoinRoom{
    "feed", "/rostrum.feed.v1.RoomService/JoinRoom"};
inline constexpr Rpc<feed::LeaveRoomRequest, feed::Room> kLeaveRoom{
    "feed", "/rostrum.feed.v1.RoomService/LeaveRoom"};
inline constexpr Rpc<feed::ListRoomMembersRequest, feed::ListRoomMembersResponse> kListRoomMembers{
    "feed", "/rostrum.feed.v1.RoomService/ListRoomMembers"};
inline constexpr Rpc<feed::CreateFollowRequest, feed::Follow> kCreateFollow{
    "feed", "/rostrum.feed.v1.FollowService/CreateFollow"};
inline constexpr Rpc<feed::DeleteFollowRequest, feed::DeleteFollowResponse> kDeleteFollow{
    "feed", "/rostrum.feed.v1.FollowService/DeleteFollow"};
inline constexpr Rpc<feed::GetFollowRequest, feed::Follow> kGetFollow{
    "feed", "/rostrum.feed.v1.FollowService/GetFollow"};
inline constexpr Rpc<feed::ListFollowsRequest, feed::ListFollowsResponse> kListFollows{
    "feed", "/rostrum.feed.v1.FollowService/ListFollows"};

inline constexpr Rpc<comment::ListCommentsRequest, comment::ListCommentsResponse> kListComments{
    "comment", "/rostrum.comment.v1.CommentService/ListComments"};
inline constexpr Rpc<comment::CreateCommentRequest, comment::Comment> kCreateComment{
    "comment", "/rostrum.comment.v1.CommentService/CreateComment"};
inline constexpr Rpc<comment::GetCommentRequest, comment::Comment> kGetComment{
    "comment", "/rostrum.comment.v1.CommentService/GetComment"};
inline constexpr Rpc<comment::UpdateCommentRequest, comment::Comment> kUpdateComment{
    "comment", "/rostrum.comment.v1.CommentService/UpdateComment"};
inline constexpr Rpc<comment::DeleteCommentRequest, comment::Comment> kDeleteComment{
    "comment", "/rostrum.comment.v1.CommentService/DeleteComment"};

}  // namespace rostrum::gateway::rpcs
