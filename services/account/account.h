#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/common/base/ids.h"

namespace rostrum::account {

// A person with a verified mail address.
struct Account {
  AccountId id;
  std::string email;  // as it was typed; compared without regard to case
  std::string display_name;
  std::string bio;
  std::string language = "en";
  std::string time_zone = "UTC";
  bool trial_reminders = true;     // mails that a trial ends
  std::vector<std::string> roles;  // sorted, each once
  std::string password_hash;       // empty for those who log in by link only
  absl::Time create_time;
  int64_t version = 1;

  bool HasRole(absl::string_view role) const;
};

inline constexpr size_t kMaxNameCharacters = 60;
inline constexpr size_t kMaxBioCharacters = 500;

// True for a well-formed BCP 47 language tag (RFC 5646, 2.1) of at most 35 characters. Does
// not check whether its subtags are registered.
bool IsLanguageTag(absl::string_view tag);
// True for an IANA time zone that this system knows.
bool IsTimeZone(const std::string& name);

// True for a role that exists.
bool IsRole(absl::string_view role);
// The roles sorted and without duplicates. INVALID_ARGUMENT / UNKNOWN_ROLE on `field`.
absl::StatusOr<std::vector<std::string>> NormalRoles(std::vector<std::string> roles,
                                                     absl::string_view field);

// A change of a profile. Fields that are unset stay as they are.
struct ProfileChange {
  std::optional<std::string> display_name;
  std::optional<std::string> bio;
  std::optional<std::string> language;
  std::optional<std::string> time_zone;
  std::optional<bool> trial_reminders;
  std::string etag;
};

// INVALID_ARGUMENT naming every field at fault, as "account.<field>".
absl::Status CheckProfile(const ProfileChange& change);
// The etag names account and version, because the browser may have logged in to another
// account since it loaded the form.
std::string EtagOf(const Account& account);
// Applies a checked change. ABORTED / ETAG_MISMATCH.
absl::Status ChangeProfile(Account& account, const ProfileChange& change);

}  // namespace rostrum::account
