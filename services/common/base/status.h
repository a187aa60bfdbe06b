#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace rostrum {

// How errors are made, read and passed on. An error is an absl::Status whose
// details (AIP-193) travel in it: a reason that programs can act on, field
// violations, a time after which to try again. services/common/rpc/grpc_status.h
// turns it into a grpc::Status and back; nothing else converts.

// A field with an invalid value. `field` is the proto path ("comment.body"), `reason` is
// UPPER_SNAKE, `description` is for people.
struct FieldViolation {
  std::string field;
  std::string reason;
  std::string description;
  friend bool operator==(const FieldViolation&, const FieldViolation&) = default;
};

// The details that an absl::Status of ours may carry.
struct ErrorDetails {
  std::string reason;
  // The service that first returned the error ("content.rostrum"). HandleRpc fills it in
  // where it is empty.
  std::string domain;
  std::map<std::string, std::string> metadata;
  std::vector<FieldViolation> violations;
  std::optional<absl::Duration> retry_after;
};

// Makes an error with a reason.
//   return Error(absl::StatusCode::kFailedPrecondition, "OFFER_EXPIRED",
//                "the offer has expired");
absl::Status Error(absl::StatusCode code, absl::string_view reason, absl::string_view message,
                   std::map<std::string, std::string> metadata = {});
// INVALID_ARGUMENT with one violation for each field at fault.
absl::Status InvalidFields(std::vector<FieldViolation> violations);
absl::Status InvalidField(absl::string_view field, absl::string_view reason,
                          absl::string_view description);
// RESOURCE_EXHAUSTED or UNAVAILABLE with a time after which to try again.
absl::Status RetryLater(absl::StatusCode code, absl::string_view reason, absl::string_view message,
                        absl::Duration retry_after);
// Something that this process depends on, such as its database, cannot be reached from
// here. Another replica may reach it, so the channels of callers retry.
absl::Status Unavailable(absl::string_view message);
// The time of the request being served is over, or too little of it is left for the work
// that remains.
inline constexpr char kDeadlineExceeded[] = "DEADLINE_EXCEEDED";
absl::Status OutOfTime(absl::string_view message);
// UNAVAILABLE: another service did not answer this one, which has retried already.
absl::Status ServiceUnavailable(absl::string_view service);
// `status` with the name of the service that caused it in its metadata.
absl::Status CausedBy(absl::string_view service, const absl::Status& status);
// Whether `status` is UNAVAILABLE because another service did not answer. The call to that
// service was retried already, and another replica of this one would wait for it as long,
// so the caller should not retry.
bool HasBeenTriedAnew(const absl::Status& status);

// The reason of RESOURCE_EXHAUSTED when no connection to the database came free in time. No
// client exceeded a limit: treat it as if the database were unavailable.
inline constexpr char kDatabaseBusy[] = "DATABASE_BUSY";

absl::Status WithDetails(absl::StatusCode code, absl::string_view message,
                         const ErrorDetails& details);
// The details of a status, empty if it has none.
ErrorDetails DetailsOf(const absl::Status& status);
// Shorthand for DetailsOf(status).reason.
std::string ReasonOf(const absl::Status& status);

// Collects the invalid fields of a request, so that one answer names all of them.
//   FieldChecks checks;
//   checks.Require(!body.empty(), "comment.body", "REQUIRED", "must not be empty");
//   RETURN_IF_ERROR(checks.status());
class FieldChecks {
 public:
  void Require(bool ok, absl::string_view field, absl::string_view reason,
               absl::string_view description);
  // 1..max characters (Unicode code points), no control characters except line
  // breaks and tabs where `multiline`.
  void RequireText(absl::string_view text, absl::string_view field, size_t max_characters,
                   bool multiline = false);
  // As RequireText, but may be empty.
  void OptionalText(absl::string_view text, absl::string_view field, size_t max_characters,
                    bool multiline = false);
  absl::Status status() const;

 private:
  std::vector<FieldViolation> violations_;
};

namespace status_internal {
inline absl::Status ToStatus(absl::Status status) { return status; }
template <class T>
absl::Status ToStatus(const absl::StatusOr<T>& result) {
  return result.status();
}
}  // namespace status_internal

#define ROSTRUM_CONCAT_(a, b) a##b
#define ROSTRUM_CONCAT(a, b) ROSTRUM_CONCAT_(a, b)

#define RETURN_IF_ERROR(expression)                                                     \
  do {                                                                                  \
    if (absl::Status rostrum_status = ::rostrum::status_internal::ToStatus(expression); \
        !rostrum_status.ok()) {                                                         \
      return rostrum_status;                                                            \
    }                                                                                   \
  } while (false)

#define ASSIGN_OR_RETURN(lhs, expression)                                 \
  auto ROSTRUM_CONCAT(rostrum_result_, __LINE__) = (expression);          \
  if (!ROSTRUM_CONCAT(rostrum_result_, __LINE__).ok()) {                  \
    return std::move(ROSTRUM_CONCAT(rostrum_result_, __LINE__)).status(); \
  }                                                                       \
  lhs = *std::move(ROSTRUM_CONCAT(rostrum_result_, __LINE__))

}  // namespace rostrum
