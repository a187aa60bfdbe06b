#include "services/common/rpc/grpc_status.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/unknown_field_set.h"
#include "google/rpc/error_details.pb.h"
#include "services/common/base/status.h"
#include "services/common/base/utf8.h"

namespace rostrum {
namespace {

using google::rpc::BadRequest;
using google::rpc::ErrorInfo;
using google::rpc::RetryInfo;

// gRPC refuses trailers above 8 KiB, which contain the details in base64.
constexpr size_t kMaxMessageBytes = 512;
constexpr int kMaxDetailsBytes = 3 << 10;
// FieldViolation.reason in today's google.rpc; the packaged proto is older and
// carries it as an unknown field.
constexpr int kViolationReasonField = 3;

// protobuf strings must be UTF-8.
std::string CleanUtf8(absl::string_view text, size_t max_bytes) {
  text = TruncateUtf8(text, max_bytes);
  if (CountCodePoints(text)) return std::string(text);
  std::string clean;
  char32_t code_point;
  while (!text.empty()) {
    const size_t length = DecodeUtf8(text, &code_point);
    clean.append(length == 0 ? "?" : std::string(text.substr(0, length)));
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return clean;
}

ErrorInfo MakeErrorInfo(const absl::Status& status, const ErrorDetails& details,
                        absl::string_view domain) {
  ErrorInfo info;
  info.set_reason(details.reason.empty() ? absl::StatusCodeToString(status.code())
                                         : CleanUtf8(details.reason, 63));
  info.set_domain(details.domain.empty() ? std::string(domain) : CleanUtf8(details.domain, 128));
  for (const auto& [key, value] : details.metadata) {
    (*info.mutable_metadata())[CleanUtf8(key, 64)] = CleanUtf8(value, 512);
    if (info.ByteSizeLong() > kMaxDetailsBytes / 2) break;
  }
  return info;
}

BadRequest MakeBadRequest(const std::vector<FieldViolation>& violations, int max_bytes) {
  BadRequest bad;
  for (const FieldViolation& violation : violations) {
    BadRequest::FieldViolation* out = bad.add_field_violations();
    out->set_field(CleanUtf8(violation.field, 200));
    out->set_description(CleanUtf8(violation.description, 300));
    if (!violation.reason.empty()) {
      out->GetReflection()->MutableUnknownFields(out)->AddLengthDelimited(
          kViolationReasonField, CleanUtf8(violation.reason, 63));
    }
    if (static_cast<int>(bad.ByteSizeLong()) > max_bytes) {
      bad.mutable_field_violations()->RemoveLast();
      break;
    }
  }
  return bad;
}

ErrorDetails ReadDetails(const google::rpc::Status& status) {
  ErrorDetails details;
  for (const google::protobuf::Any& any : status.details()) {
    ErrorInfo info;
    BadRequest bad;
    RetryInfo retry;
    if (any.UnpackTo(&info)) {
      details.reason = info.reason();
      details.domain = info.domain();
      details.metadata.insert(info.metadata().begin(), info.metadata().end());
    } else if (any.UnpackTo(&bad)) {
      for (const BadRequest::FieldViolation& v : bad.field_violations()) {
        details.violations.push_back({v.field(), ViolationReason(v), v.description()});
      }
    } else if (any.UnpackTo(&retry)) {
      details.retry_after = absl::Seconds(retry.retry_delay().seconds()) +
                            absl::Nanoseconds(retry.retry_delay().nanos());
    }
  }
  return details;
}

}  // namespace

std::string ViolationReason(const BadRequest::FieldViolation& violation) {
  const google::protobuf::UnknownFieldSet& unknown =
      violation.GetReflection()->GetUnknownFields(violation);
  for (int i = 0; i < unknown.field_count(); ++i) {
    const google::protobuf::UnknownField& field = unknown.field(i);
    if (field.number() == kViolationReasonField &&
        field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) {
      return field.length_delimited();
    }
  }
  return "";
}

google::rpc::Status ToRpcStatus(const absl::Status& status, absl::string_view domain) {
  google::rpc::Status out;
  out.set_code(static_cast<int>(status.code()));
  if (status.ok()) return out;
  out.set_message(CleanUtf8(status.message(), kMaxMessageBytes));
  const ErrorDetails details = DetailsOf(status);
  const ErrorInfo info = MakeErrorInfo(status, details, domain);
  out.add_details()->PackFrom(info);
  if (!details.violations.empty()) {
    const int left = kMaxDetailsBytes - static_cast<int>(info.ByteSizeLong());
    out.add_details()->PackFrom(MakeBadRequest(details.violations, left));
  }
  if (details.retry_after) {
    RetryInfo retry;
    const absl::Duration delay =
        std::clamp(*details.retry_after, absl::ZeroDuration(), absl::Hours(24 * 365));
    const int64_t seconds = absl::ToInt64Seconds(delay);
    retry.mutable_retry_delay()->set_seconds(seconds);
    retry.mutable_retry_delay()->set_nanos(
        static_cast<int>(absl::ToInt64Nanoseconds(delay - absl::Seconds(seconds))));
    out.add_details()->PackFrom(retry);
  }
  return out;
}

google::rpc::Status ToRpcStatus(const grpc::Status& status) {
  google::rpc::Status out;
  // Details that contradict the status are not its details.
  if (!status.error_details().empty() && out.ParseFromString(status.error_details()) &&
      out.code() == static_cast<int>(status.error_code())) {
    return out;
  }
  out.Clear();
  out.set_code(static_cast<int>(status.error_code()));
  out.set_message(CleanUtf8(status.error_message(), kMaxMessageBytes));
  return out;
}

grpc::Status ToGrpcStatus(const absl::Status& status, absl::string_view domain) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status details = ToRpcStatus(status, domain);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), details.message(),
                      details.SerializeAsString());
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  const google::rpc::Status rpc = ToRpcStatus(status);
  if (rpc.details_size() == 0) return absl::Status(code, status.error_message());
  return WithDetails(code, rpc.message(), ReadDetails(rpc));
}

}  // namespace rostrum
