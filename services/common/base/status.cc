#include "services/common/base/status.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/common/base/utf8.h"

namespace rostrum {
namespace {

// The details travel as one payload: "<size>:<bytes>" for each string. The
// format never leaves the process; rpc/grpc_status.h speaks google.rpc.
constexpr char kPayloadUrl[] = "rostrum/error-details";

constexpr char kCause[] = "service";  // in the metadata

void Put(std::string& out, absl::string_view value) {
  absl::StrAppend(&out, value.size(), ":", value);
}

// Reads what Put wrote. Only this file writes the payload, so a malformed one just ends early.
class PayloadReader {
 public:
  explicit PayloadReader(absl::string_view in) : in_(in) {}

  std::string Get() {
    const size_t colon = in_.find(':');
    size_t size = 0;
    if (colon == absl::string_view::npos || !absl::SimpleAtoi(in_.substr(0, colon), &size) ||
        size > in_.size() - colon - 1) {
      in_ = {};
      return "";
    }
    std::string value(in_.substr(colon + 1, size));
    in_.remove_prefix(colon + 1 + size);
    return value;
  }
  size_t GetCount() {
    size_t count = 0;
    return absl::SimpleAtoi(Get(), &count) ? count : 0;
  }

 private:
  absl::string_view in_;
};

std::string Encode(const ErrorDetails& details) {
  std::string out;
  Put(out, details.reason);
  Put(out, details.domain);
  Put(out, absl::StrCat(details.metadata.size()));
  for (const auto& [key, value] : details.metadata) Put(out, key), Put(out, value);
  Put(out, absl::StrCat(details.violations.size()));
  for (const FieldViolation& v : details.violations) {
    Put(out, v.field), Put(out, v.reason), Put(out, v.description);
  }
  Put(out, details.retry_after ? absl::StrCat(absl::ToInt64Nanoseconds(*details.retry_after)) : "");
  return out;
}

ErrorDetails Decode(absl::string_view payload) {
  PayloadReader in(payload);
  ErrorDetails details;
  details.reason = in.Get();
  details.domain = in.Get();
  for (size_t n = in.GetCount(); n > 0; --n) {
    std::string key = in.Get();
    details.metadata[std::move(key)] = in.Get();
  }
  for (size_t n = in.GetCount(); n > 0; --n) {
    FieldViolation violation;
    violation.field = in.Get();
    violation.reason = in.Get();
    violation.description = in.Get();
    details.violations.push_back(std::move(violation));
  }
  int64_t nanoseconds = 0;
  if (absl::SimpleAtoi(in.Get(), &nanoseconds)) {
    details.retry_after = absl::Nanoseconds(nanoseconds);
  }
  return details;
}

bool IsControl(char32_t c) { return c < 0x20 || (c >= 0x7F && c <= 0x9F); }

// Spaces and characters that show nothing: a text of these alone is empty.
bool IsBlank(char32_t c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == 0xA0 || c == 0xAD || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200F) || (c >= 0x2028 && c <= 0x202F) ||
         (c >= 0x205F && c <= 0x2064) || c == 0x3000 || c == 0xFEFF;
}

struct TextFacts {
  bool valid_utf8 = true;
  bool control = false;
  bool blank = true;
  size_t characters = 0;
};

TextFacts Examine(absl::string_view text, bool multiline) {
  TextFacts facts;
  while (!text.empty()) {
    char32_t c = 0;
    const size_t length = DecodeUtf8(text, &c);
    if (length == 0) {
      facts.valid_utf8 = false;
      return facts;
    }
    text.remove_prefix(length);
    ++facts.characters;
    const bool layout = c == '\n' || c == '\r' || c == '\t';
    const bool separator = c == 0x2028 || c == 0x2029;
    if ((IsControl(c) && !(multiline && layout)) || (separator && !multiline)) facts.control = true;
    if (!IsBlank(c)) facts.blank = false;
  }
  return facts;
}

}  // namespace

absl::Status WithDetails(absl::StatusCode code, absl::string_view message,
                         const ErrorDetails& details) {
  absl::Status status(code, message);
  if (!status.ok()) status.SetPayload(kPayloadUrl, absl::Cord(Encode(details)));
  return status;
}

ErrorDetails DetailsOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayloadUrl);
  return payload ? Decode(std::string(*payload)) : ErrorDetails{};
}

std::string ReasonOf(const absl::Status& status) { return DetailsOf(status).reason; }

absl::Status Error(absl::StatusCode code, absl::string_view reason, absl::string_view message,
                   std::map<std::string, std::string> metadata) {
  ErrorDetails details;
  details.reason = std::string(reason);
  details.metadata = std::move(metadata);
  return WithDetails(code, message, details);
}

absl::Status InvalidFields(std::vector<FieldViolation> violations) {
  if (violations.empty()) return absl::OkStatus();
  ErrorDetails details;
  details.reason = violations.front().reason;
  std::string message;
  for (const FieldViolation& v : violations) {
    if (v.reason != details.reason) details.reason = "INVALID_FIELDS";
    absl::StrAppend(&message, message.empty() ? "" : "; ", v.field, " ", v.description);
  }
  details.violations = std::move(violations);
  return WithDetails(absl::StatusCode::kInvalidArgument, message, details);
}

absl::Status InvalidField(absl::string_view field, absl::string_view reason,
                          absl::string_view description) {
  return InvalidFields({{std::string(field), std::string(reason), std::string(description)}});
}

absl::Status RetryLater(absl::StatusCode code, absl::string_view reason, absl::string_view message,
                        absl::Duration retry_after) {
  ErrorDetails details;
  details.reason = std::string(reason);
  details.retry_after = retry_after;
  return WithDetails(code, message, details);
}

absl::Status Unavailable(absl::string_view message) {
  return RetryLater(absl::StatusCode::kUnavailable, "UNAVAILABLE", message, absl::Seconds(1));
}

absl::Status OutOfTime(absl::string_view message) {
  return Error(absl::StatusCode::kDeadlineExceeded, kDeadlineExceeded, message);
}

absl::Status ServiceUnavailable(absl::string_view service) {
  return CausedBy(service,
                  RetryLater(absl::StatusCode::kUnavailable, "SERVICE_UNAVAILABLE",
                             absl::StrCat(service, " is not available"), absl::Seconds(1)));
}

absl::Status CausedBy(absl::string_view service, const absl::Status& status) {
  ErrorDetails details = DetailsOf(status);
  details.metadata.insert_or_assign(kCause, std::string(service));
  return WithDetails(status.code(), status.message(), details);
}

bool HasBeenTriedAnew(const absl::Status& status) {
  if (!absl::IsUnavailable(status)) return false;
  const ErrorDetails details = DetailsOf(status);
  return !details.domain.empty() || details.metadata.contains(kCause);
}

void FieldChecks::Require(bool ok, absl::string_view field, absl::string_view reason,
                          absl::string_view description) {
  if (ok) return;
  violations_.push_back({std::string(field), std::string(reason), std::string(description)});
}

void FieldChecks::RequireText(absl::string_view text, absl::string_view field,
                              size_t max_characters, bool multiline) {
  if (const TextFacts facts = Examine(text, multiline); facts.valid_utf8 && facts.blank) {
    Require(false, field, "REQUIRED", "must not be empty");
    return;
  }
  OptionalText(text, field, max_characters, multiline);
}

void FieldChecks::OptionalText(absl::string_view text, absl::string_view field,
                               size_t max_characters, bool multiline) {
  const TextFacts facts = Examine(text, multiline);
  if (!facts.valid_utf8) {
    Require(false, field, "INVALID_UTF8", "must be valid UTF-8");
  } else if (facts.control) {
    Require(false, field, "CONTROL_CHARACTER", "must not contain control characters");
  } else {
    Require(facts.characters <= max_characters, field, "TOO_LONG",
            absl::StrCat("must have at most ", max_characters, " characters"));
  }
}

absl::Status FieldChecks::status() const { return InvalidFields(violations_); }

}  // namespace rostrum
