#include "absl/strings/str_cat.h"
#include "tests/services/account/account_harness.h"
#include "tests/support/status_matchers.h"

namespace rostrum::account {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kPassword[] = "nine owls at noon";

class AccountServiceTest : public AccountServiceFixture {
 protected:
  absl::StatusOr<v1::Account> Get(const Member& member) {
    grpc::ClientContext ctx;
    h_.As(ctx, member);
    v1::Account account;
    RETURN_IF_ERROR(FromGrpcStatus(h_.accounts->GetAccount(&ctx, {}, &account)));
    return account;
  }
  absl::StatusOr<v1::Account> Update(const Member& member, const v1::Account& wanted,
                                     const std::vector<std::string>& mask = {}) {
    grpc::ClientContext ctx;
    h_.As(ctx, member);
    v1::UpdateAccountRequest request;
    *request.mutable_account() = wanted;
    for (const std::string& path : mask) request.mutable_update_mask()->add_paths(path);
    v1::Account account;
    RETURN_IF_ERROR(FromGrpcStatus(h_.accounts->UpdateAccount(&ctx, request, &account)));
    return account;
  }
  absl::Status ChangePassword(const Member& member, const std::string& current,
                              const std::string& wanted) {
    grpc::ClientContext ctx;
    h_.As(ctx, member);
    v1::ChangePasswordRequest request;
    request.set_current_password(current);
    request.set_new_password(wanted);
    v1::ChangePasswordResponse response;
    return FromGrpcStatus(h_.accounts->ChangePassword(&ctx, request, &response));
  }
  absl::StatusOr<v1::Account> SetRoles(const Member& admin, const AccountId& id,
                                       const std::vector<std::string>& roles,
                                       const std::set<std::string>& as = {"admin"}) {
    grpc::ClientContext ctx;
    h_.As(ctx, admin, as);
    v1::SetRolesRequest request;
    request.set_account_id(id.value());
    for (const std::string& role : roles) request.add_roles(role);
    v1::Account account;
    RETURN_IF_ERROR(FromGrpcStatus(h_.accounts->SetRoles(&ctx, request, &account)));
    return account;
  }
  absl::StatusOr<v1::ListAccountsResponse> List(const Member& admin,
                                                const v1::ListAccountsRequest& request) {
    grpc::ClientContext ctx;
    h_.As(ctx, admin, {"admin"});
    v1::ListAccountsResponse response;
    RETURN_IF_ERROR(FromGrpcStatus(h_.accounts->ListAccounts(&ctx, request, &response)));
    return response;
  }
};

TEST_F(AccountServiceTest, ShowsTheCallersAccountWithoutSecrets) {
  const Member member = h_.MakeMember("Ada@Example.org", kPassword);
  const auto account = Get(member);
  ASSERT_THAT(account, IsOk());
  EXPECT_EQ(account->email(), "Ada@Example.org");
  EXPECT_EQ(account->language(), "en");
  EXPECT_EQ(account->time_zone(), "UTC");
  EXPECT_TRUE(account->has_password());
  EXPECT_THAT(account->SerializeAsString(), Not(HasSubstr("argon2")));
  grpc::ClientContext ctx;
  h_.server.AsAnonymous(ctx);
  v1::Account nothing;
  EXPECT_THAT(h_.accounts->GetAccount(&ctx, {}, &nothing), HasReason("LOGIN_REQUIRED"));
}

TEST_F(AccountServiceTest, UpdatesWhatTheMaskNames) {
  const Member member = h_.MakeMember("ada@example.org");
  v1::Account wanted;
  wanted.set_display_name("Countess");
  wanted.set_bio("First line\nsecond");
  wanted.set_time_zone("Europe/Lisbon");
  auto account = Update(member, wanted, {"bio", "time_zone"});
  ASSERT_THAT(account, IsOk());
  EXPECT_EQ(account->display_name(), "Ada");
  EXPECT_EQ(account->time_zone(), "Europe/Lisbon");
  account = Update(member, v1::Account(), {"bio"});
  ASSERT_THAT(account, IsOk());
  EXPECT_EQ(account->bio(), "");
  account = Update(member, wanted);
  ASSERT_THAT(account, IsOk());
  EXPECT_EQ(account->display_name(), "Countess");
}

TEST_F(AccountServiceTest, UpdatesMailChoicesByTheFieldOrByOneOfThem) {
  const Member member = h_.MakeMember("ada@example.org");
  v1::Account wanted;
  for (const char* path : {"mail_choices.trial_reminders", "mail_choices"}) {
    for (const bool reminders : {false, true}) {
      wanted.mutable_mail_choices()->set_trial_reminders(reminders);
      ASSERT_THAT(Update(member, wanted, {path}), IsOk());
      EXPECT_EQ(Get(member)->mail_choices().trial_reminders(), reminders) << path;
    }
  }
  ASSERT_THAT(Update(member, v1::Account(), {"bio"}), IsOk());
  EXPECT_TRUE(Get(member)->mail_choices().trial_reminders());
}

TEST_F(AccountServiceTest, UpdateHonoursTheEtag) {
  const Member member = h_.MakeMember("ada@example.org");
  v1::Account wanted;
  wanted.set_bio("one");
  wanted.set_etag(Get(member)->etag());
  ASSERT_THAT(Update(member, wanted), IsOk());
  wanted.set_bio("two");
  EXPECT_THAT(Update(member, wanted),
              AllOf(StatusIs(absl::StatusCode::kAborted), HasReason("ETAG_MISMATCH")));
}

// Two who take turns at one browser: a form of the one is sent in the other's session, or
// what was kept of the one is asked for again by the other.
TEST_F(AccountServiceTest, TheEtagIsOfOneAccount) {
  const Member ada = h_.MakeMember("ada@example.org");
  const Member ben = h_.MakeMember("ben@example.org");
  v1::Account wanted;
  wanted.set_bio("of Ada");
  wanted.set_etag(Get(ada)->etag());
  EXPECT_THAT(Update(ben, wanted), HasReason("ETAG_MISMATCH"));
  EXPECT_EQ(Get(ben)->bio(), "");
}

TEST_F(AccountServiceTest, UpdateNamesFieldsAtFault) {
  const Member member = h_.MakeMember("ada@example.org");
  v1::Account wanted;
  wanted.set_display_name("A\r\nBcc: x");
  wanted.set_bio(std::string(501, 'x'));
  wanted.set_language("english please");
  wanted.set_time_zone("../../etc/passwd");
  const auto refused = Update(member, wanted);
  for (const char* field :
       {"account.display_name", "account.bio", "account.language", "account.time_zone"}) {
    EXPECT_THAT(refused, HasViolation(field));
  }
  EXPECT_THAT(Update(member, v1::Account(), {"display_name"}),
              HasViolation("account.display_name"));
  wanted.set_email("eve@example.org");
  EXPECT_THAT(Update(member, wanted, {"email"}), HasViolation("update_mask"));
  EXPECT_THAT(Update(member, wanted, {"roles"}), HasViolation("update_mask"));
}

TEST_F(AccountServiceTest, ChangesThePasswordAndEndsTheOtherSessions) {
  const Member member = h_.MakeMember("ada@example.org", kPassword);
  std::string other;
  ASSERT_THAT(h_.LogIn(member.email, kPassword, &other), IsOk());
  EXPECT_THAT(ChangePassword(member, "ten owls at noon", "eleven owls at dusk"),
              AllOf(StatusIs(absl::StatusCode::kPermissionDenied), HasReason("PASSWORD_WRONG")));
  EXPECT_THAT(ChangePassword(member, "", "eleven owls at dusk"), HasReason("PASSWORD_WRONG"));
  EXPECT_THAT(ChangePassword(member, kPassword, "short"), HasViolation("new_password"));
  EXPECT_THAT(h_.TakeMails(), SizeIs(0));
  ASSERT_THAT(ChangePassword(member, kPassword, "eleven owls at dusk"), IsOk());
  EXPECT_THAT(Readable(h_.TakeMail().bytes), HasSubstr("was just changed"));
  EXPECT_THAT(h_.Resolve(member.token), IsOk());
  EXPECT_THAT(h_.Resolve(other), HasReason("CREDENTIAL_INVALID"));
  EXPECT_THAT(h_.LogIn(member.email, kPassword), HasReason("LOGIN_FAILED"));
  EXPECT_THAT(h_.LogIn(member.email, "eleven owls at dusk"), IsOk());
}

TEST_F(AccountServiceTest, SetsAFirstPassword) {
  const Member member = h_.MakeMember("ada@example.org");
  EXPECT_THAT(ChangePassword(member, "a guess", kPassword), HasReason("PASSWORD_WRONG"));
  ASSERT_THAT(ChangePassword(member, "", kPassword), IsOk());
  EXPECT_THAT(h_.LogIn(member.email, kPassword), IsOk());
}

TEST_F(AccountServiceTest, StartsTheTrialOfSomebodySignedIn) {
  const Member member = h_.MakeMember("ada@example.org");
  const auto start = [&](const VisitorPass& pass) {
    grpc::ClientContext ctx;
    h_.As(ctx, member);
    if (!pass.empty()) GrpcTestServer::WithVisitor(ctx, pass);
    subscription::v1::Trial trial;
    const absl::Status status = FromGrpcStatus(h_.accounts->StartTrial(&ctx, {}, &trial));
    EXPECT_EQ(trial.active(), status.ok());
    return status;
  };
  EXPECT_THAT(start({}), HasReason("OFFER_NOT_STARTED"));
  EXPECT_THAT(start(GrpcTestServer::NewVisitor()), IsOk());
  EXPECT_THAT(start(GrpcTestServer::NewVisitor()), IsOk());
  h_.subscription.AnswerOffer(Unavailable("away"));
  EXPECT_THAT(start(GrpcTestServer::NewVisitor()), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(AccountServiceTest, ProfilesShowWhatIsPublic) {
  const Member ada = h_.MakeMember("ada@example.org");
  const Member eve = h_.MakeMember("eve@example.org");
  grpc::ClientContext ctx;
  h_.server.AsAnonymous(ctx);
  v1::GetProfileRequest request;
  request.set_account_id(ada.account_id.value());
  v1::Profile profile;
  ASSERT_THAT(h_.accounts->GetProfile(&ctx, request, &profile), IsOk());
  EXPECT_EQ(profile.display_name(), "Ada");
  EXPECT_THAT(profile.SerializeAsString(), Not(HasSubstr("example.org")));

  v1::BatchGetProfilesRequest batch;
  for (const std::string& id :
       {ada.account_id.value(), eve.account_id.value(), NewUuid(h_.clock().Now())}) {
    batch.add_account_ids(id);
  }
  v1::BatchGetProfilesResponse profiles;
  grpc::ClientContext as_comment;
  h_.server.AsService(as_comment, "comment");
  ASSERT_THAT(h_.accounts->BatchGetProfiles(&as_comment, batch, &profiles), IsOk());
  EXPECT_EQ(profiles.profiles_size(), 2);
  grpc::ClientContext as_reader;
  h_.As(as_reader, ada);
  EXPECT_THAT(h_.accounts->BatchGetProfiles(&as_reader, batch, &profiles),
              HasReason("SERVICE_ONLY"));
  grpc::ClientContext empty;
  h_.server.AsService(empty, "comment");
  EXPECT_THAT(h_.accounts->BatchGetProfiles(&empty, {}, &profiles), HasViolation("account_ids"));
}

TEST_F(AccountServiceTest, AdminsSetRolesAndTheLastOneStays) {
  const Member admin = h_.MakeMember("admin@example.org");
  const Member ada = h_.MakeMember("ada@example.org");
  stores_.data.accounts.at(admin.account_id).roles = {"admin"};
  EXPECT_THAT(SetRoles(ada, ada.account_id, {"admin"}, {"editor"}), HasReason("ROLE_REQUIRED"));
  EXPECT_THAT(SetRoles(admin, ada.account_id, {"emperor"}), HasViolation("roles"));
  EXPECT_THAT(SetRoles(admin, AccountId(NewUuid(h_.clock().Now())), {}),
              StatusIs(absl::StatusCode::kNotFound));
  const auto account = SetRoles(admin, ada.account_id, {"moderator", "author"});
  ASSERT_THAT(account, IsOk());
  EXPECT_THAT(account->roles(), ElementsAre("author", "moderator"));
  ASSERT_THAT(stores_.data.role_changes, SizeIs(1));
  EXPECT_EQ(stores_.data.role_changes[0].changed_by, admin.account_id);
  EXPECT_THAT(SetRoles(admin, admin.account_id, {"editor"}), HasReason("LAST_ADMIN"));
  ASSERT_THAT(SetRoles(admin, ada.account_id, {"admin"}), IsOk());
  EXPECT_THAT(SetRoles(admin, admin.account_id, {}), IsOk());
  const auto identity = h_.Resolve(ada.token);
  ASSERT_THAT(identity, IsOk());
  EXPECT_THAT(identity->roles(), ElementsAre("admin"));
}

TEST_F(AccountServiceTest, AdminsFindAccountsPageByPage) {
  const Member admin = h_.MakeMember("admin@example.org");
  for (int i = 0; i < 5; ++i) h_.MakeMember(absl::StrCat("reader", i, "@example.org"));
  v1::ListAccountsRequest request;
  request.set_page_size(4);
  auto page = List(admin, request);
  ASSERT_THAT(page, IsOk());
  EXPECT_EQ(page->accounts_size(), 4);
  request.set_page_token(page->next_page_token());
  request.set_query("x");
  EXPECT_THAT(List(admin, request), HasReason("PAGE_TOKEN_INVALID"));
  request.clear_query();
  page = List(admin, request);
  ASSERT_THAT(page, IsOk());
  EXPECT_EQ(page->accounts_size(), 2);
  EXPECT_EQ(page->next_page_token(), "");

  v1::ListAccountsRequest by_email;
  by_email.set_query("READER3@example.org");
  page = List(admin, by_email);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->accounts_size(), 1);
  EXPECT_EQ(page->accounts(0).email(), "reader3@example.org");
  v1::ListAccountsRequest bad;
  bad.set_query(std::string(255, 'x'));
  EXPECT_THAT(List(admin, bad), HasViolation("query"));
}

}  // namespace
}  // namespace rostrum::account
