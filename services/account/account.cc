#include "services/account/account.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/common/base/status.h"
#include "services/common/rpc/etag.h"

namespace rostrum::account {
namespace {

constexpr std::array<absl::string_view, 4> kRoles = {"admin", "author", "editor", "moderator"};

bool AllOf(absl::string_view text, bool (*is)(unsigned char)) {
  return std::all_of(text.begin(), text.end(), [is](char c) { return is(c); });
}

// Sets `field` if a value was given; says whether that changed anything.
template <class T>
bool Set(T& field, const std::optional<T>& value) {
  if (!value.has_value() || field == *value) return false;
  field = *value;
  return true;
}

}  // namespace

bool Account::HasRole(absl::string_view role) const {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

bool IsLanguageTag(absl::string_view tag) {
  if (tag.empty() || tag.size() > 35) return false;
  const std::vector<absl::string_view> subtags = absl::StrSplit(tag, '-');
  const absl::string_view language = subtags[0];
  if (language.size() < 2 || language.size() > 8 || !AllOf(language, absl::ascii_isalpha)) {
    return false;
  }
  // A single letter begins an extension, so it cannot be the last part.
  if (subtags.size() > 1 && subtags.back().size() == 1) return false;
  return std::all_of(subtags.begin() + 1, subtags.end(), [](absl::string_view subtag) {
    return !subtag.empty() && subtag.size() <= 8 && AllOf(subtag, absl::ascii_isalnum);
  });
}

bool IsTimeZone(const std::string& name) {
  // LoadTimeZone also accepts paths, "file:..." and "libc:..."; clients may not use these.
  if (name.empty() || name.size() > 64 || !absl::ascii_isalpha(name[0])) return false;
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '/' || c == '_' || c == '-' || c == '+';
  });
  // Only one name for each zone: LoadTimeZone keeps every zone that it has loaded.
  if (!plain || name == "localtime" || absl::StrContains(name, "//") ||
      absl::StartsWith(name, "posix/") || absl::StartsWith(name, "right/")) {
    return false;
  }
  // LoadTimeZone would also keep each unknown name for ever.
  std::error_code ignored;
  const std::filesystem::path file = std::filesystem::path("/usr/share/zoneinfo") / name;
  if (!std::filesystem::is_regular_file(file, ignored)) return false;
  absl::TimeZone zone;
  return absl::LoadTimeZone(name, &zone);
}

bool IsRole(absl::string_view role) {
  return std::find(kRoles.begin(), kRoles.end(), role) != kRoles.end();
}

absl::StatusOr<std::vector<std::string>> NormalRoles(std::vector<std::string> roles,
                                                     absl::string_view field) {
  std::sort(roles.begin(), roles.end());
  roles.erase(std::unique(roles.begin(), roles.end()), roles.end());
  if (!std::all_of(roles.begin(), roles.end(), [](const auto& role) { return IsRole(role); })) {
    return InvalidField(field, "UNKNOWN_ROLE", "must be of author, moderator, editor, admin");
  }
  return roles;
}

absl::Status CheckProfile(const ProfileChange& change) {
  FieldChecks checks;
  if (change.display_name.has_value()) {
    checks.RequireText(*change.display_name, "account.display_name", kMaxNameCharacters);
  }
  if (change.bio.has_value()) {
    checks.OptionalText(*change.bio, "account.bio", kMaxBioCharacters, /*multiline=*/true);
  }
  if (change.language.has_value()) {
    checks.Require(IsLanguageTag(*change.language), "account.language", "INVALID_LANGUAGE",
                   "must be a language tag such as \"en\" or \"pt-BR\"");
  }
  if (change.time_zone.has_value()) {
    checks.Require(IsTimeZone(*change.time_zone), "account.time_zone", "UNKNOWN_TIME_ZONE",
                   "must be a time zone such as \"Europe/Lisbon\"");
  }
  return checks.status();
}

std::string EtagOf(const Account& account) {
  return absl::StrCat("\"", account.id.value(), "-", account.version, "\"");
}

absl::Status ChangeProfile(Account& account, const ProfileChange& change) {
  RETURN_IF_ERROR(CheckEtag(change.etag, EtagOf(account)));
  bool changed = Set(account.display_name, change.display_name);
  changed |= Set(account.bio, change.bio);
  changed |= Set(account.language, change.language);
  changed |= Set(account.time_zone, change.time_zone);
  changed |= Set(account.trial_reminders, change.trial_reminders);
  if (changed) ++account.version;
  return absl::OkStatus();
}

}  // namespace rostrum::account
