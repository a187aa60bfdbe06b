#include "services/account/create_account.h"

#include <fstream>
#include <iostream>
#include <iterator>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/account/field_rules.h"
#include "services/account/password_hasher.h"
#include "services/account/postgres_account_store.h"
#include "services/account/settings.h"
#include "services/common/base/clock.h"
#include "services/common/base/settings.h"
#include "services/common/base/status.h"

namespace rostrum::account {
namespace {

constexpr char kUsage[] =
    "usage: rostrum-account create-account --email E --name N [--roles R,R] --password-file F\n"
    "  roles: author, moderator, editor, admin. The database is PG_URL.\n";

absl::StatusOr<std::map<std::string, std::string>> ReadOptions(int argc, char** argv) {
  std::map<std::string, std::string> options = {
      {"--email", ""}, {"--name", ""}, {"--roles", ""}, {"--password-file", ""}};
  for (int i = 2; i < argc; i += 2) {
    if (!options.contains(argv[i])) {
      return absl::InvalidArgumentError(absl::StrCat(argv[i], " is no option"));
    }
    if (i + 1 == argc) return absl::InvalidArgumentError(absl::StrCat(argv[i], " needs a value"));
    options[argv[i]] = argv[i + 1];
  }
  return options;
}

absl::StatusOr<std::string> ReadPassword(const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError("--password-file is missing");
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::InvalidArgumentError(absl::StrCat("cannot read ", path));
  std::string line;
  std::getline(in, line);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

absl::StatusOr<OperatorAccount> ReadWanted(int argc, char** argv, std::string* password) {
  ASSIGN_OR_RETURN(auto options, ReadOptions(argc, argv));
  ASSIGN_OR_RETURN(*password, ReadPassword(options["--password-file"]));
  FieldChecks checks;
  CheckEmail(checks, options["--email"], "--email");
  checks.RequireText(options["--name"], "--name", kMaxNameCharacters);
  CheckNewPassword(checks, *password, {options["--name"], options["--email"]}, "--password-file");
  RETURN_IF_ERROR(checks.status());
  ASSIGN_OR_RETURN(
      std::vector<std::string> roles,
      NormalRoles(absl::StrSplit(options["--roles"], ',', absl::SkipEmpty()), "--roles"));
  return OperatorAccount{
      .email = options["--email"], .display_name = options["--name"], .roles = std::move(roles)};
}

// The stored hash if it belongs to this password, so that repeating the command changes
// nothing; else a new one.
absl::StatusOr<std::string> HashOf(const std::string& password, const std::string& email,
                                   AccountStore& accounts, PasswordHasher& hasher) {
  ASSIGN_OR_RETURN(const std::optional<Account> known, accounts.FindByEmail(email));
  if (known.has_value() && !known->password_hash.empty()) {
    ASSIGN_OR_RETURN(const PasswordCheck check, hasher.Verify(password, known->password_hash));
    if (check.matches) return known->password_hash;
  }
  return hasher.Hash(password);
}

absl::StatusOr<Account> CreateAccount(int argc, char** argv) {
  std::string password;
  ASSIGN_OR_RETURN(OperatorAccount wanted, ReadWanted(argc, argv, &password));
  Settings env;
  const std::string pg_url =
      env.Required("PG_URL", "The database of account, as postgresql://user:password@host/name.");
  const PasswordOptions password_options = ReadPasswordOptions(env);
  RETURN_IF_ERROR(env.Check());

  Metrics metrics;
  PgPool pool({.url = pg_url, .pool_size = 1}, metrics);
  OutboxSignal events;
  MailSignal mails;
  PostgresAccountStore accounts(pool, events, mails);
  PasswordHasher hasher(password_options, metrics);
  ASSIGN_OR_RETURN(wanted.password_hash, HashOf(password, wanted.email, accounts, hasher));
  wanted.now = SystemClock().Now();
  wanted.id = AccountId(NewUuid(wanted.now));
  return accounts.Ensure(wanted);
}

}  // namespace

int CreateAccountMain(int argc, char** argv) {
  const absl::StatusOr<Account> account = CreateAccount(argc, argv);
  if (account.ok()) {
    std::cout << account->id.value() << "\n";
    return 0;
  }
  std::cerr << "rostrum-account: " << account.status().message() << "\n";
  if (absl::IsInvalidArgument(account.status())) std::cerr << kUsage;
  return 1;
}

}  // namespace rostrum::account
