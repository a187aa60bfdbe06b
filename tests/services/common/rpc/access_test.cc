#include "services/common/rpc/access.h"

#include "gmock/gmock.h"
#include "rostrum/account/v1/account_service.pb.h"
#include "rostrum/comment/v1/comment_service.pb.h"
#include "rostrum/content/v1/catalog_service.pb.h"
#include "rostrum/content/v1/post_service.pb.h"
#include "rostrum/event/v1/event_service.pb.h"
#include "rostrum/subscription/v1/access_service.pb.h"
#include "tests/support/status_matchers.h"

namespace rostrum {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::MethodDescriptor;
using ::testing::HasSubstr;

const MethodDescriptor& Method(const std::string& name) {
  // Naming a message of each file links it into this binary.
  static const std::vector<const void*> linked = {
      account::v1::Account::descriptor(), comment::v1::Comment::descriptor(),
      content::v1::Channel::descriptor(), content::v1::Post::descriptor(),
      event::v1::Event::descriptor(),     subscription::v1::Entitlement::descriptor()};
  return *DescriptorPool::generated_pool()->FindMethodByName("rostrum." + name);
}

const char kAnyone[] = "comment.v1.CommentService.GetComment";                // a read
const char kAccounts[] = "comment.v1.CommentService.CreateComment";           // a write
const char kAuthors[] = "content.v1.CatalogService.UpdateAuthor";             // author, editor
const char kEditors[] = "content.v1.CatalogService.CreateChannel";            // editor
const char kSessions[] = "account.v1.AccountService.ChangePassword";          // session only
const char kServices[] = "event.v1.EventService.PullEvents";                  // any service
const char kSomeServices[] = "subscription.v1.AccessService.GetEntitlement";  // content, feed

Caller Account(std::set<std::string> roles = {}) {
  Caller caller;
  caller.kind = Caller::Kind::kAccount;
  caller.account_id = AccountId("a");
  caller.roles = std::move(roles);
  caller.has_all_scopes = true;
  return caller;
}
Caller Token(std::set<std::string> scopes) {
  Caller caller = Account({"editor", "admin"});
  caller.has_all_scopes = false;
  caller.scopes = std::move(scopes);
  return caller;
}
Caller Service(const std::string& name) {
  Caller caller;
  caller.kind = Caller::Kind::kService;
  caller.service = name;
  return caller;
}

std::string Refusal(const char* method, const Caller& caller) {
  return ReasonOf(CheckCaller(Method(method), caller));
}

TEST(CheckCallerTest, LetsEverybodyDoWhatAnyoneMay) {
  EXPECT_THAT(CheckCaller(Method(kAnyone), Caller()), IsOk());
  EXPECT_THAT(CheckCaller(Method(kAnyone), Account()), IsOk());
  EXPECT_THAT(CheckCaller(Method(kAnyone), Service("feed")), IsOk());
}

TEST(CheckCallerTest, AsksTheAnonymousToLogInWhereAnAccountCould) {
  for (const char* method : {kAccounts, kAuthors, kEditors, kSessions}) {
    const absl::Status status = CheckCaller(Method(method), Caller());
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnauthenticated));
    EXPECT_THAT(status, HasReason("LOGIN_REQUIRED"));
  }
}

TEST(CheckCallerTest, LetsExactlyTheRolesIn) {
  EXPECT_THAT(CheckCaller(Method(kAccounts), Account({"moderator"})), IsOk());
  EXPECT_THAT(CheckCaller(Method(kAuthors), Account({"author"})), IsOk());
  EXPECT_THAT(CheckCaller(Method(kAuthors), Account({"editor"})), IsOk());
  EXPECT_THAT(CheckCaller(Method(kEditors), Account({"author"})),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(Refusal(kEditors, Account({"author", "moderator"})), "ROLE_REQUIRED");
  EXPECT_EQ(Refusal(kEditors, Account()), "ROLE_REQUIRED");
}

TEST(CheckCallerTest, LetsAnAdminDoWhatAnyRoleMay) {
  for (const char* method : {kAccounts, kAuthors, kEditors, kSessions}) {
    EXPECT_THAT(CheckCaller(Method(method), Account({"admin"})), IsOk());
  }
  EXPECT_EQ(Refusal(kServices, Account({"admin"})), "SERVICE_ONLY");
}

TEST(CheckCallerTest, KeepsWhatIsForServicesForThose) {
  EXPECT_EQ(Refusal(kServices, Caller()), "SERVICE_ONLY");
  EXPECT_EQ(Refusal(kServices, Account()), "SERVICE_ONLY");
  EXPECT_THAT(CheckCaller(Method(kServices), Service("gateway")), IsOk());
  EXPECT_THAT(CheckCaller(Method(kSomeServices), Service("feed")), IsOk());
  EXPECT_EQ(Refusal(kSomeServices, Service("gateway")), "SERVICE_ONLY");
}

TEST(CheckCallerTest, KeepsWhatIsForAccountsFromServices) {
  EXPECT_THAT(CheckCaller(Method(kAccounts), Service("content")),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(Refusal(kAccounts, Service("content")), "ACCOUNT_ONLY");
}

TEST(CheckCallerTest, HoldsAnAccessTokenToItsScopes) {
  EXPECT_THAT(CheckCaller(Method(kAnyone), Token({"read"})), IsOk());
  EXPECT_EQ(Refusal(kAnyone, Token({"write"})), "SCOPE_REQUIRED");
  EXPECT_THAT(CheckCaller(Method(kAccounts), Token({"write"})), IsOk());
  EXPECT_EQ(Refusal(kAccounts, Token({"read"})), "SCOPE_REQUIRED");
  EXPECT_EQ(Refusal(kAnyone, Token({})), "SCOPE_REQUIRED");
  EXPECT_EQ(Refusal(kSessions, Token({"read", "write", "session-only"})), "SCOPE_REQUIRED");
  // GetPost counts a read, but is one for an access token.
  EXPECT_THAT(CheckCaller(Method("content.v1.PostService.GetPost"), Token({"read"})), IsOk());
}

TEST(CheckCallerTest, LetsNobodyCallWhatStatesNoCallers) {
  google::protobuf::FileDescriptorProto file;
  file.set_name("test/no_access.proto");
  file.add_message_type()->set_name("M");
  google::protobuf::ServiceDescriptorProto* service = file.add_service();
  service->set_name("S");
  google::protobuf::MethodDescriptorProto* method = service->add_method();
  method->set_name("Do");
  method->set_input_type("M");
  method->set_output_type("M");
  DescriptorPool pool;
  const google::protobuf::FileDescriptor* built = pool.BuildFile(file);
  ASSERT_NE(built, nullptr);
  for (const Caller& caller : {Caller(), Account({"admin"}), Service("gateway")}) {
    const absl::Status status = CheckCaller(*built->service(0)->method(0), caller);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied));
    EXPECT_THAT(status, HasReason("NOT_CALLABLE"));
  }
  EXPECT_EQ(AccessTable({built->service(0)}), "S/Do  NOBODY\n");
}

TEST(AccessTableTest, HasALineForEachRpcInOrder) {
  const std::string table = AccessTable(
      {Method(kSomeServices).service(), Method(kAccounts).service(), Method(kEditors).service()});
  EXPECT_TRUE(
      table.starts_with("rostrum.comment.v1.CommentService/CreateComment  ACCOUNT scope=write\n"))
      << table;
  EXPECT_THAT(table,
              HasSubstr("rostrum.comment.v1.CommentService/GetComment  ANYONE scope=read\n"));
  EXPECT_THAT(
      table,
      HasSubstr("rostrum.content.v1.CatalogService/UpdateAuthor  AUTHOR EDITOR scope=write\n"));
  EXPECT_THAT(
      table,
      HasSubstr("rostrum.subscription.v1.AccessService/GetEntitlement  SERVICE(content,feed)\n"));
}

TEST(IsReadTest, FollowsTheProto) {
  EXPECT_TRUE(IsRead(Method(kAnyone)));
  EXPECT_FALSE(IsRead(Method(kAccounts)));
}

}  // namespace
}  // namespace rostrum
