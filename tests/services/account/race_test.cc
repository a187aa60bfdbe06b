#include <atomic>
#include <map>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rostrum/account/v1/events.pb.h"
#include "tests/services/account/postgres_stores.h"

namespace rostrum::account {
namespace {

using ::testing::SizeIs;

constexpr int kThreads = 8;

// Runs `work(index)` in threads that start together; counts the reasons of what
// it returned ("" for OK).
std::map<std::string, int> InParallel(int threads, const std::function<absl::Status(int)>& work) {
  absl::Mutex mu;
  std::map<std::string, int> reasons;
  std::atomic<int> ready{0};
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&, i] {
      ++ready;
      while (ready < threads) std::this_thread::yield();
      const absl::Status status = work(i);
      const std::string reason = status.ok()                ? ""
                                 : ReasonOf(status).empty() ? status.ToString()
                                                            : ReasonOf(status);
      absl::MutexLock lock(&mu);
      ++reasons[reason];
    });
  }
  for (std::thread& thread : running) thread.join();
  return reasons;
}

using Reasons = std::map<std::string, int>;

class RaceTest : public ::testing::Test {
 protected:
  v1::SignUpRequest TrialRequest(const std::string& email) {
    v1::SignUpRequest request = h_.SignUpRequest(email);
    request.set_intent(v1::SIGN_UP_INTENT_TRIAL);
    return request;
  }
  PostgresStores stores_;
  AccountHarness h_{stores_.refs()};
  const VisitorPass pass_ = GrpcTestServer::NewVisitor();
};

TEST_F(RaceTest, OneTokenVerifiesOnce) {
  ASSERT_THAT(h_.SignUp(TrialRequest("ada@example.org"), pass_), IsOk());
  const std::string token = TokenIn(h_.TakeMail());
  EXPECT_EQ(InParallel(kThreads, [&](int) { return h_.VerifyToken(token).status(); }),
            (Reasons{{"", 1}, {"VERIFICATION_USED", kThreads - 1}}));
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM accounts"), 1);
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM sessions"), 1);
  const auto events = stores_.Events<v1::AccountVerified>();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_TRUE(events[0].trial_accepted());
  EXPECT_EQ(events[0].person_key(), h_.keys.PersonKey("ada@example.org"));
  EXPECT_EQ(events[0].display_name(), "Ada");
}

TEST_F(RaceTest, LinkAndCodeTogetherVerifyOnce) {
  const auto sign_up = h_.SignUp(TrialRequest("ada@example.org"), pass_);
  ASSERT_THAT(sign_up, IsOk());
  const Mail mail = h_.TakeMail();
  const std::string token = TokenIn(mail), code = CodeIn(mail);
  EXPECT_EQ(InParallel(kThreads,
                       [&](int i) {
                         return i % 2 == 0 ? h_.VerifyToken(token).status()
                                           : h_.VerifyCode(sign_up->sign_up_id(), code).status();
                       }),
            (Reasons{{"", 1}, {"VERIFICATION_USED", kThreads - 1}}));
}

TEST_F(RaceTest, ManySignUpsOfOneAddressMakeOneAccount) {
  std::vector<std::string> tokens;
  for (int i = 0; i < kThreads; ++i) {
    ASSERT_THAT(h_.SignUp(TrialRequest(i % 2 == 0 ? "ada@example.org" : "ADA@Example.org"), pass_),
                IsOk());
    tokens.push_back(TokenIn(h_.TakeMail()));
  }
  EXPECT_EQ(InParallel(kThreads, [&](int i) { return h_.VerifyToken(tokens[i]).status(); }),
            (Reasons{{"", 1}, {"EMAIL_VERIFIED_ALREADY", kThreads - 1}}));
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM accounts"), 1);
  EXPECT_THAT(stores_.Events<v1::AccountVerified>(), SizeIs(1));
}

TEST_F(RaceTest, AliasesOfOnePersonStartOneTrial) {
  const std::vector<std::string> aliases = {
      "ada@gmail.com",      "a.da@gmail.com",  "ad.a@gmail.com",       "ada+1@gmail.com",
      "ada@googlemail.com", "ADA+x@gmail.com", "a.d.a@googlemail.com", "Ada+y+z@Gmail.com"};
  std::vector<std::string> tokens;
  for (const std::string& alias : aliases) {
    ASSERT_THAT(h_.SignUp(TrialRequest(alias), pass_), IsOk());
    tokens.push_back(TokenIn(h_.TakeMail()));
  }
  std::atomic<int> started{0}, used{0};
  EXPECT_EQ(InParallel(kThreads,
                       [&](int i) {
                         const auto verified = h_.VerifyToken(tokens[i]);
                         RETURN_IF_ERROR(verified);
                         started += verified->trial_outcome() == v1::TRIAL_OUTCOME_STARTED;
                         used += verified->trial_outcome() == v1::TRIAL_OUTCOME_USED;
                         return absl::OkStatus();
                       }),
            (Reasons{{"", kThreads}}));
  EXPECT_EQ(started, 1);
  EXPECT_EQ(used, kThreads - 1);
  for (const auto& event : stores_.Events<v1::AccountVerified>()) {
    EXPECT_EQ(event.person_key(), h_.keys.PersonKey("ada@gmail.com"));
  }
}

TEST_F(RaceTest, CodesAreGuessedFiveTimesHoweverParallel) {
  const auto sign_up = h_.SignUp(h_.SignUpRequest("ada@example.org"));
  ASSERT_THAT(sign_up, IsOk());
  const Mail mail = h_.TakeMail();
  const std::string right = CodeIn(mail);
  const std::string wrong = right == "000000" ? "000001" : "000000";
  EXPECT_EQ(
      InParallel(16, [&](int) { return h_.VerifyCode(sign_up->sign_up_id(), wrong).status(); }),
      (Reasons{{"CODE_WRONG", kMaxCodeTries}, {"CODE_TRIES_EXHAUSTED", 16 - kMaxCodeTries}}));
  EXPECT_THAT(h_.VerifyCode(sign_up->sign_up_id(), right), HasReason("CODE_TRIES_EXHAUSTED"));
  EXPECT_THAT(h_.VerifyToken(TokenIn(mail)), IsOk());
}

TEST_F(RaceTest, RepeatedSignUpsBeginOnce) {
  v1::SignUpRequest request = h_.SignUpRequest("ada@example.org");
  request.set_request_id("form-1");
  request.set_password("nine owls at noon");
  absl::Mutex mu;
  std::set<std::string> ids;
  EXPECT_EQ(InParallel(kThreads,
                       [&](int) {
                         const auto response = h_.SignUp(request);
                         RETURN_IF_ERROR(response);
                         absl::MutexLock lock(&mu);
                         ids.insert(response->sign_up_id());
                         return absl::OkStatus();
                       }),
            (Reasons{{"", kThreads}}));
  EXPECT_THAT(ids, SizeIs(1));
  EXPECT_THAT(h_.TakeMails(), SizeIs(1));
}

TEST_F(RaceTest, ResendsInParallelSendOneMail) {
  const auto sign_up = h_.SignUp(h_.SignUpRequest("ada@example.org"));
  ASSERT_THAT(sign_up, IsOk());
  h_.TakeMails();
  h_.clock().Advance(absl::Minutes(1));
  v1::ResendVerificationRequest request;
  request.set_sign_up_id(sign_up->sign_up_id());
  Reasons reasons = InParallel(kThreads, [&](int) {
    grpc::ClientContext ctx;
    h_.server.AsAnonymous(ctx);
    v1::SignUpResponse response;
    return FromGrpcStatus(h_.sign_ups->ResendVerification(&ctx, request, &response));
  });
  EXPECT_EQ(reasons[""], 1);
  // Of the sign-up or of the address, whichever is reached first.
  EXPECT_EQ(reasons["RESEND_LIMIT"] + reasons["RATE_LIMITED"], kThreads - 1);
  EXPECT_THAT(h_.TakeMails(), SizeIs(1));
}

TEST_F(RaceTest, LoginLinkAndResetLinkWorkOnce) {
  h_.MakeMember("ada@example.org", "nine owls at noon");
  v1::RequestLoginLinkRequest link;
  link.set_email("ada@example.org");
  v1::RequestPasswordResetRequest reset;
  reset.set_email("ada@example.org");
  std::vector<std::string> links;
  for (int i = 0; i < 2; ++i) {
    grpc::ClientContext ctx;
    h_.server.AsAnonymous(ctx);
    v1::RequestLoginLinkResponse response;
    ASSERT_THAT(h_.sessions->RequestLoginLink(&ctx, link, &response), IsOk());
    links.push_back(TokenIn(h_.TakeMail()));
  }
  // Half of the threads with the one link, half with its sibling.
  EXPECT_EQ(
      InParallel(kThreads,
                 [&](int i) {
                   grpc::ClientContext ctx;
                   h_.server.AsAnonymous(ctx);
                   v1::RedeemLoginLinkRequest request;
                   request.set_token(links[i % 2]);
                   v1::RedeemLoginLinkResponse response;
                   return FromGrpcStatus(h_.sessions->RedeemLoginLink(&ctx, request, &response));
                 }),
      (Reasons{{"", 1}, {"LINK_INVALID", kThreads - 1}}));
  grpc::ClientContext ctx;
  h_.server.AsAnonymous(ctx);
  v1::RequestPasswordResetResponse response;
  ASSERT_THAT(h_.sessions->RequestPasswordReset(&ctx, reset, &response), IsOk());
  const std::string token = TokenIn(h_.TakeMail());
  EXPECT_EQ(InParallel(kThreads,
                       [&](int i) {
                         return h_.ResetPassword(token, absl::StrCat("ten owls at noon ", i));
                       }),
            (Reasons{{"", 1}, {"LINK_INVALID", kThreads - 1}}));
  EXPECT_THAT(h_.TakeMails(), SizeIs(1));
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM sessions"), 0);
}

TEST_F(RaceTest, LoginsInParallelKeepTheLimitOfSessions) {
  h_.MakeMember("ada@example.org", "nine owls at noon");
  for (int round = 0; round < 8; ++round) {
    EXPECT_EQ(
        InParallel(kThreads,
                   [&](int) { return h_.LogIn("ada@example.org", "nine owls at noon").status(); }),
        (Reasons{{"", kThreads}}));
  }
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM sessions"), kMaxSessions);
}

TEST_F(RaceTest, AdminsCannotRemoveEachOther) {
  std::vector<AccountId> admins;
  for (int i = 0; i < kThreads; ++i) {
    const auto admin = stores_.accounts.Ensure({.id = AccountId(NewUuid(h_.clock().Now())),
                                                .email = absl::StrCat("a", i, "@example.org"),
                                                .display_name = "Admin",
                                                .roles = {"admin"},
                                                .now = h_.clock().Now()});
    ASSERT_THAT(admin, IsOk());
    admins.push_back(admin->id);
  }
  EXPECT_EQ(InParallel(kThreads,
                       [&](int i) {
                         return stores_.accounts
                             .SetRoles(admins[i], {}, admins[(i + 1) % kThreads], h_.clock().Now())
                             .status();
                       }),
            (Reasons{{"", kThreads - 1}, {"LAST_ADMIN", 1}}));
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM accounts WHERE 'admin' = ANY (roles)"), 1);
  EXPECT_EQ(stores_.Count("SELECT count(*) FROM role_changes WHERE changed_by IS NOT NULL"),
            kThreads - 1);
}

// An operator's change that waits for a lock, while the person changes the name.
TEST_F(RaceTest, TheNameThatIsToldLastIsTheOneThatStands) {
  const absl::Time now = h_.clock().Now();
  const auto ensure = [&](const std::string& email, const std::string& name,
                          std::vector<std::string> roles) {
    return stores_.accounts.Ensure({.id = AccountId(NewUuid(now)),
                                    .email = email,
                                    .display_name = name,
                                    .roles = std::move(roles),
                                    .now = now});
  };
  ASSERT_THAT(ensure("a@example.org", "Admin", {"admin"}), IsOk());
  ASSERT_THAT(ensure("b@example.org", "Admin", {"admin"}), IsOk());
  const auto ada = ensure("ada@example.org", "Ada", {});
  ASSERT_THAT(ada, IsOk());

  pqxx::connection other(stores_.database.url);
  auto holder = std::make_unique<Transaction>(other);
  holder->exec(
      "SELECT 1 FROM accounts WHERE 'admin' = ANY (roles) ORDER BY account_id DESC LIMIT 1 "
      "FOR UPDATE");
  std::atomic<bool> done{false};
  std::thread operators([&] {
    EXPECT_THAT(ensure("ada@example.org", "By the operator", {}), IsOk());
    done = true;
  });
  while (!done && stores_.Count("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = "
                                "'Lock' AND datname = current_database()") == 0) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  EXPECT_THAT(
      stores_.accounts.Update(
          ada->id,
          [](Account& account) { return ChangeProfile(account, {.display_name = "By herself"}); },
          now),
      IsOk());
  holder.reset();
  operators.join();
  const auto events = stores_.Events<v1::ProfileChanged>();
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events.back().display_name(), stores_.accounts.Get(ada->id)->display_name);
}

TEST_F(RaceTest, AccessTokensKeepTheirLimit) {
  const Member member = h_.MakeMember("ada@example.org");
  std::atomic<int> made{0};
  const Reasons reasons = InParallel(kThreads, [&](int) {
    for (int i = 0; i < 10; ++i) {
      grpc::ClientContext ctx;
      h_.As(ctx, member);
      v1::CreateAccessTokenRequest request;
      request.set_display_name("t");
      request.add_scopes("read");
      request.set_lifetime_days(1);
      v1::CreateAccessTokenResponse response;
      RETURN_IF_ERROR(FromGrpcStatus(h_.identities->CreateAccessToken(&ctx, request, &response)));
      ++made;
    }
    return absl::OkStatus();
  });
  EXPECT_EQ(made, kMaxAccessTokens);
  EXPECT_GE(reasons.count("TOO_MANY_TOKENS"), 1u);
}

TEST_F(RaceTest, WorkersNeverClaimTheSameMail) {
  for (int i = 0; i < 40; ++i) {
    ASSERT_THAT(h_.SignUp(h_.SignUpRequest(absl::StrCat("r", i, "@example.org"))), IsOk());
  }
  absl::Mutex mu;
  std::multiset<std::string> claimed;
  InParallel(kThreads, [&](int) {
    while (true) {
      const auto due = stores_.mails.Claim(h_.clock().Now(), absl::Minutes(5), 1);
      RETURN_IF_ERROR(due);
      if (due->empty()) return absl::OkStatus();
      absl::MutexLock lock(&mu);
      claimed.insert(due->front().mail.id);
    }
  });
  EXPECT_EQ(std::set<std::string>(claimed.begin(), claimed.end()).size(), claimed.size());
  // A worker that skipped a row locked by another leaves none behind for good.
  const auto rest = stores_.mails.Claim(h_.clock().Now(), absl::Minutes(5), 100);
  ASSERT_THAT(rest, IsOk());
  EXPECT_EQ(claimed.size() + rest->size(), 40u);
}

}  // namespace
}  // namespace rostrum::account
