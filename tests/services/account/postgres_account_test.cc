#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "rostrum/account/v1/events.pb.h"
#include "services/account/clean_up.h"
#include "services/account/create_account.h"
#include "services/common/base/crypto.h"
#include "tests/services/account/postgres_stores.h"
#include "tests/support/storage/child_process.h"

namespace rostrum::account {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PostgresAccountTest : public ::testing::Test {
 protected:
  // True if a row of any table holds the text, as it is or as bytes.
  bool Holds(const std::string& text) {
    int64_t found = 0;
    for (const char* table : {"accounts", "sign_ups", "sessions", "one_time_tokens",
                              "access_tokens", "mails", "outbox", "idempotency", "role_changes"}) {
      found +=
          stores_.Count(absl::StrCat("SELECT count(*) FROM ", table, " t WHERE t::text LIKE '%",
                                     text, "%' OR t::text LIKE '%", Hex(text), "%'"));
    }
    return found > 0;
  }

  PostgresStores stores_;
  AccountHarness h_{stores_.refs()};
};

TEST_F(PostgresAccountTest, ADumpHoldsNoSecret) {
  const std::string password = "nine owls at noon";
  auto request = h_.SignUpRequest("ada@example.org");
  request.set_password(password);
  request.set_request_id("form-1");
  const VisitorPass pass = GrpcTestServer::NewVisitor();
  request.set_intent(v1::SIGN_UP_INTENT_TRIAL);
  const auto sign_up = h_.SignUp(request, pass);
  ASSERT_THAT(sign_up, IsOk());
  const Mail mail = h_.TakeMail();  // delivered: its bytes are gone
  const std::string token = TokenIn(mail), code = CodeIn(mail);
  EXPECT_TRUE(Holds("ada@example.org"));  // the search finds what is there
  for (const std::string& secret :
       {token, password, pass.id, pass.secret, Hex(Sha256(code)), Hex(Sha256(password)),
        Hex(Sha256(request.SerializeAsString()))}) {
    EXPECT_FALSE(Holds(secret)) << secret;
  }
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM sign_ups WHERE code_hash = sha256('" + code + "')"),
            0);
  std::string session;
  ASSERT_THAT(h_.VerifyToken(token, &session), IsOk());
  EXPECT_FALSE(Holds(session));
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM sign_ups WHERE password_hash <> ''"), 0);
}

TEST_F(PostgresAccountTest, EveryMailWakesTheWorkersOnce) {
  int woken = 0;
  stores_.mail_signal.Connect([&] { ++woken; });
  const auto sign_up = h_.SignUp(h_.SignUpRequest("ada@example.org"));
  EXPECT_EQ(woken, 1);
  h_.clock().Advance(absl::Minutes(1));
  v1::ResendVerificationRequest resend;
  resend.set_sign_up_id(sign_up->sign_up_id());
  v1::SignUpResponse resent;
  grpc::ClientContext first;
  h_.server.AsAnonymous(first);
  ASSERT_THAT(h_.sign_ups->ResendVerification(&first, resend, &resent), IsOk());
  EXPECT_EQ(woken, 2);
  ASSERT_THAT(h_.VerifyToken(TokenIn(h_.TakeMails().back())), IsOk());
  v1::RequestPasswordResetRequest reset;
  reset.set_email("ada@example.org");
  v1::RequestPasswordResetResponse response;
  grpc::ClientContext second;
  h_.server.AsAnonymous(second);
  ASSERT_THAT(h_.sessions->RequestPasswordReset(&second, reset, &response), IsOk());
  EXPECT_EQ(woken, 3);
  ASSERT_THAT(h_.ResetPassword(TokenIn(h_.TakeMail()), "nine owls at noon"), IsOk());
  EXPECT_EQ(woken, 4);
}

TEST_F(PostgresAccountTest, EndedCredentialsAreTold) {
  const Member ada = h_.MakeMember("ada@example.org", "nine owls at noon");
  ASSERT_THAT(h_.LogIn(ada.email, "nine owls at noon"), IsOk());
  ASSERT_THAT(stores_.sessions.RevokeOthers(ada.account_id, ada.session_id, h_.clock().Now()),
              IsOk());
  ASSERT_THAT(stores_.sessions.Revoke(ada.account_id, ada.session_id, h_.clock().Now()), IsOk());
  ASSERT_THAT(
      stores_.accounts.SetRoles(ada.account_id, {"author"}, ada.account_id, h_.clock().Now()),
      IsOk());
  ASSERT_THAT(
      stores_.accounts.SetRoles(ada.account_id, {"author"}, ada.account_id, h_.clock().Now()),
      IsOk());  // nothing new, nothing told
  const auto events = stores_.Events<v1::CredentialsRevoked>();
  ASSERT_THAT(events, SizeIs(3));
  EXPECT_THAT(events[0].session_ids(), SizeIs(1));
  EXPECT_THAT(events[1].session_ids(), ElementsAre(ada.session_id.value()));
  EXPECT_EQ(events[2].account_id(), ada.account_id.value());
  EXPECT_THAT(events[2].session_ids(), IsEmpty());
  EXPECT_THAT(events[2].token_ids(), IsEmpty());
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM role_changes"), 1);
}

TEST_F(PostgresAccountTest, AResetTellsOfEveryCredentialThatItEnded) {
  const Member ada = h_.MakeMember("ada@example.org");
  const absl::Time now = h_.clock().Now();
  const AccessToken token{.id = TokenId(NewUuid(now)),
                          .account_id = ada.account_id,
                          .display_name = "program",
                          .scopes = {"read"},
                          .create_time = now,
                          .expire_time = now + absl::Hours(24)};
  ASSERT_THAT(stores_.access_tokens.Create(token, HashToken("secret"), ada.session_id), IsOk());
  ASSERT_THAT(stores_.one_time_tokens.Issue({.purpose = TokenPurpose::kReset,
                                             .token_hash = HashToken("link"),
                                             .email = ada.email,
                                             .mail = {NewUuid(now), "", ""},
                                             .create_time = now,
                                             .expire_time = now + kOneTimeTokenLifetime}),
              IsOk());
  ASSERT_THAT(h_.ResetPassword("link", "nine owls at noon"), IsOk());
  const auto events = stores_.Events<v1::CredentialsRevoked>();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].account_id(), ada.account_id.value());
  EXPECT_THAT(events[0].session_ids(), ElementsAre(ada.session_id.value()));
  EXPECT_THAT(events[0].token_ids(), ElementsAre(token.id.value()));
}

TEST_F(PostgresAccountTest, OnlyANewNameIsTold) {
  const Member ada = h_.MakeMember("ada@example.org");
  const auto update = [&](const ProfileChange& change) {
    return stores_.accounts.Update(
        ada.account_id, [&](Account& account) { return ChangeProfile(account, change); },
        h_.clock().Now());
  };
  ASSERT_THAT(update({.bio = "b"}), IsOk());
  EXPECT_THAT(stores_.Events<v1::ProfileChanged>(), IsEmpty());
  ASSERT_THAT(update({.display_name = "Countess"}), IsOk());
  const auto events = stores_.Events<v1::ProfileChanged>();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].display_name(), "Countess");
}

TEST_F(PostgresAccountTest, CleanUpDeletesWhatEndedAndNothingElse) {
  const Member ada = h_.MakeMember("ada@example.org", "nine owls at noon");
  ASSERT_THAT(h_.SignUp(h_.SignUpRequest("eve@example.org")), IsOk());
  h_.TakeMails();
  const AccessToken token{.id = TokenId(NewUuid(h_.clock().Now())),
                          .account_id = ada.account_id,
                          .display_name = "program",
                          .scopes = {"read"},
                          .create_time = h_.clock().Now(),
                          .expire_time = h_.clock().Now() + absl::Hours(24)};
  ASSERT_THAT(stores_.access_tokens.Create(token, HashToken("secret"), ada.session_id), IsOk());
  grpc::ClientContext ctx;
  h_.server.AsAnonymous(ctx);
  v1::RequestLoginLinkRequest link;
  link.set_email(ada.email);
  v1::RequestLoginLinkResponse response;
  ASSERT_THAT(h_.sessions->RequestLoginLink(&ctx, link, &response), IsOk());
  const auto clean = [&] {
    ASSERT_THAT(CleanUp(stores_.pool, SessionRules().idle, h_.clock().Now()), IsOk());
  };
  clean();
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM one_time_tokens"), 1);
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM sign_ups"), 2);
  h_.clock().Advance(absl::Minutes(30));
  clean();
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM one_time_tokens"), 0);
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM access_tokens"), 1);
  h_.clock().Advance(absl::Hours(48));
  clean();
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM sign_ups"), 0);
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM access_tokens"), 0);
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM mails WHERE finish_time IS NOT NULL"), 2);
  h_.clock().Advance(absl::Hours(24 * 6));
  clean();
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM mails WHERE finish_time IS NOT NULL"), 0);
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM sessions"), 1);
  h_.clock().Advance(absl::Hours(24 * 31));
  clean();
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM sessions"), 0);
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM mails"), 1);  // the link still waits
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM accounts"), 1);
}

TEST_F(PostgresAccountTest, CleanUpOfOneTableKeepsNoOtherBack) {
  h_.MakeMember("ada@example.org");
  ASSERT_THAT(RunTx(stores_.pool,
                    [](Transaction& tx) {
                      tx.exec(R"sql(
                        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                          $$ BEGIN RAISE 'no' USING ERRCODE = '53100'; END $$;
                        CREATE TRIGGER refuse BEFORE DELETE ON sign_ups
                          FOR EACH ROW EXECUTE FUNCTION refuse())sql");
                      return absl::OkStatus();
                    }),
              IsOk());
  h_.clock().Advance(absl::Hours(24 * 100));
  EXPECT_THAT(CleanUp(stores_.pool, SessionRules().idle, h_.clock().Now()),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM sign_ups"), 1);
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM sessions"), 0);
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM mails"), 0);
}

TEST_F(PostgresAccountTest, UnknownAddressCostsARowAndLeavesNoTrace) {
  const auto request_reset = [&](const std::string& email) {
    grpc::ClientContext ctx;
    h_.server.AsAnonymous(ctx);
    v1::RequestPasswordResetRequest request;
    request.set_email(email);
    v1::RequestPasswordResetResponse response;
    return FromGrpcStatus(h_.sessions->RequestPasswordReset(&ctx, request, &response));
  };
  h_.MakeMember("member@example.org");
  ASSERT_THAT(request_reset("member@example.org"), IsOk());
  ASSERT_THAT(request_reset("nobody@example.org"), IsOk());
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM mails WHERE outcome = 'unaddressed' "
                          "AND recipient = '' AND finish_time IS NOT NULL AND traceparent IS NULL"),
            1);
  EXPECT_TRUE(Holds("To: member@example.org"));  // the search finds what is in a mail
  EXPECT_FALSE(Holds("nobody@example.org"));
  // As long, but for an "F" of a token that stands at the beginning of a line (quoted-printable).
  EXPECT_LE(stores_.Count("SELECT max(octet_length(bytes)) - min(octet_length(bytes)) FROM mails "
                          "WHERE bytes <> ''"),
            8);
  EXPECT_GT(stores_.Count("SELECT min(octet_length(bytes)) FROM mails WHERE bytes <> ''"), 1000);
  EXPECT_THAT(h_.TakeMails(), SizeIs(1));
}

class CreateAccountTest : public PostgresAccountTest {
 protected:
  // Runs the sub-command; returns exit code and prints the id.
  int Create(std::vector<std::string> options, const std::string& password, std::string* id) {
    const std::string file = NewTemporaryFolder() + "/password";
    std::ofstream(file) << password << "\n";
    std::vector<std::string> arguments = {"rostrum-account", "create-account"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.push_back("--password-file");
    arguments.push_back(file);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    setenv("PG_URL", stores_.database.url.c_str(), 1);
    testing::internal::CaptureStdout();
    const int code = CreateAccountMain(static_cast<int>(argv.size()), argv.data());
    *id = testing::internal::GetCapturedStdout();
    unsetenv("PG_URL");
    if (!id->empty()) id->pop_back();
    return code;
  }
};

TEST_F(CreateAccountTest, MakesAnAccountAndIsRepeatable) {
  std::string first, second, third;
  const std::vector<std::string> options = {"--email", "Admin@example.org", "--name",
                                            "Admin",   "--roles",           "author,admin"};
  ASSERT_EQ(Create(options, "nine owls at noon", &first), 0);
  const auto account = stores_.accounts.Get(AccountId(first));
  ASSERT_THAT(account, IsOk());
  EXPECT_THAT(account->roles, ElementsAre("admin", "author"));
  EXPECT_THAT(h_.LogIn("admin@example.org", "nine owls at noon"), IsOk());
  ASSERT_EQ(Create(options, "nine owls at noon", &second), 0);
  EXPECT_EQ(second, first);
  EXPECT_EQ(stores_.accounts.Get(AccountId(first))->version, account->version);
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM sessions"), 1);
  ASSERT_EQ(Create(options, "ten owls at midnight", &third), 0);
  EXPECT_EQ(third, first);
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM sessions"), 0);
  EXPECT_THAT(h_.LogIn("admin@example.org", "ten owls at midnight"), IsOk());
}

TEST_F(CreateAccountTest, SaysWhatIsWrong) {
  std::string id;
  testing::internal::CaptureStderr();
  EXPECT_EQ(Create({"--email", "nonsense", "--name", ""}, "short", &id), 1);
  const std::string error = testing::internal::GetCapturedStderr();
  for (const char* field : {"--email", "--name", "--password-file"}) {
    EXPECT_THAT(error, testing::HasSubstr(field));
  }
  testing::internal::CaptureStderr();
  EXPECT_EQ(Create({"--email", "a@example.org", "--name", "A", "--roles", "king"},
                   "nine owls at noon", &id),
            1);
  EXPECT_EQ(Create({"--colour", "red"}, "nine owls at noon", &id), 1);
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM accounts"), 0);
}

}  // namespace
}  // namespace rostrum::account
