#include "gateway/transcoding/http_status.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "google/rpc/code.pb.h"
#include "google/rpc/error_details.pb.h"
#include "nlohmann/json.hpp"
#include "services/common/base/status.h"
#include "services/common/rpc/grpc_status.h"
#include "services/common/rpc/proto_time.h"

namespace rostrum::gateway {
namespace {

using google::rpc::BadRequest;
using google::rpc::ErrorInfo;
using google::rpc::RetryInfo;
using Json = nlohmann::ordered_json;

struct CodeRow {
  const char* name;
  int http;
  const char* message;  // instead of gRPC's own
};
// By google.rpc.Code.
constexpr CodeRow kCodes[] = {
    {"OK", 200, "fine"},
    {"CANCELLED", 499, "the request was cancelled"},
    {"UNKNOWN", 500, "something went wrong"},
    {"INVALID_ARGUMENT", 400, "the request is not valid"},
    {"DEADLINE_EXCEEDED", 504, "the answer took too long"},
    {"NOT_FOUND", 404, "not found"},
    {"ALREADY_EXISTS", 409, "it exists already"},
    {"PERMISSION_DENIED", 403, "not allowed"},
    {"RESOURCE_EXHAUSTED", 429, "too much is asked at once"},
    {"FAILED_PRECONDITION", 400, "not in this state"},
    {"ABORTED", 409, "something else came in between"},
    {"OUT_OF_RANGE", 400, "out of range"},
    {"UNIMPLEMENTED", 501, "not offered"},
    {"INTERNAL", 500, "something went wrong"},
    {"UNAVAILABLE", 503, "the service is not available"},
    {"DATA_LOSS", 500, "something went wrong"},
    {"UNAUTHENTICATED", 401, "sign in first"},
};

const CodeRow& RowOf(int code) {
  const bool known = code >= 0 && code < static_cast<int>(std::size(kCodes));
  return kCodes[known ? code : static_cast<int>(google::rpc::UNKNOWN)];
}

Json ErrorInfoJson(const ErrorInfo& info) {
  Json out;
  out["reason"] = info.reason();
  out["domain"] = info.domain();
  const std::map<std::string, std::string> metadata(info.metadata().begin(), info.metadata().end());
  if (!metadata.empty()) out["metadata"] = metadata;
  return out;
}

Json BadRequestJson(const BadRequest& bad) {
  Json violations = Json::array();
  for (const BadRequest::FieldViolation& violation : bad.field_violations()) {
    Json out;
    out["field"] = violation.field();
    const std::string reason = ViolationReason(violation);
    if (!reason.empty()) out["reason"] = reason;
    out["description"] = violation.description();
    violations.push_back(std::move(out));
  }
  return Json{{"fieldViolations", std::move(violations)}};
}

// The details of the status, as the answer needs them.
struct Details {
  Json json = Json::array();
  std::optional<ErrorInfo> info;
  std::optional<int64_t> retry_seconds;
};

Details ReadDetails(const google::rpc::Status& status) {
  Details details;
  for (const google::protobuf::Any& any : status.details()) {
    ErrorInfo info;
    BadRequest bad;
    RetryInfo retry;
    Json out;
    out["@type"] = any.type_url();
    if (any.UnpackTo(&info)) {
      out.update(ErrorInfoJson(info));
      details.info = info;
    } else if (any.UnpackTo(&bad)) {
      out.update(BadRequestJson(bad));
    } else if (any.UnpackTo(&retry)) {
      out["retryDelay"] = google::protobuf::util::TimeUtil::ToString(retry.retry_delay());
      details.retry_seconds = RetryAfterSeconds(FromProtoDuration(retry.retry_delay()));
    } else {
      out["value"] = absl::Base64Escape(any.value());
    }
    details.json.push_back(std::move(out));
  }
  return details;
}

// 405, 413 and 415 have no gRPC code of their own. A service whose database pool is full answers
// RESOURCE_EXHAUSTED, so that channels do not retry; but the client did not send too much, so
// that is 503.
int StatusOfError(int code, absl::string_view domain, absl::string_view reason) {
  if (domain == kGatewayDomain) {
    if (reason == "METHOD_NOT_ALLOWED") return 405;
    if (reason == "BODY_TOO_LARGE") return 413;
    if (reason == "UNSUPPORTED_MEDIA_TYPE") return 415;
  }
  return reason == kDatabaseBusy ? 503 : RowOf(code).http;
}

// ToRpcStatus sets the name of the code as the reason of errors of ours that have none.
bool HasReason(int code, const Details& details) {
  return details.info &&
         !(details.info->domain() == kGatewayDomain && details.info->reason() == RowOf(code).name);
}

void AddHeaders(const Details& details, HttpAnswer& answer) {
  if (answer.status == 429 || answer.status == 503) {
    answer.headers.emplace_back("Retry-After", absl::StrCat(details.retry_seconds.value_or(1)));
  }
  if (answer.status == 401) {
    answer.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"rostrum\"");
  }
  if (answer.status == 405) {
    const auto allow = details.info->metadata().find("allow");
    if (allow != details.info->metadata().end()) {
      answer.headers.emplace_back("Allow", allow->second);
    }
  }
}

}  // namespace

int HttpStatusOf(int code) { return RowOf(code).http; }
int HttpStatusOf(const absl::Status& error) {
  const ErrorDetails details = DetailsOf(error);
  return StatusOfError(static_cast<int>(error.code()),
                       details.domain.empty() ? kGatewayDomain : details.domain, details.reason);
}
int64_t RetryAfterSeconds(absl::Duration delay) {
  return std::max<int64_t>(1, absl::ToInt64Seconds(absl::Ceil(delay, absl::Seconds(1))));
}
absl::string_view CodeName(int code) { return RowOf(code).name; }

HttpAnswer ErrorAnswer(const google::rpc::Status& status) {
  google::rpc::Status shown = status;
  if (shown.code() == 0) shown.set_code(google::rpc::INTERNAL);  // an error with the code OK
  Details details = ReadDetails(shown);
  if (!HasReason(shown.code(), details)) {
    shown.set_message(RowOf(shown.code()).message);
  }
  if (!details.info) {
    ErrorInfo info;
    info.set_reason(RowOf(shown.code()).name);
    info.set_domain(kGatewayDomain);
    Json json{{"@type", "type.googleapis.com/google.rpc.ErrorInfo"}};
    json.update(ErrorInfoJson(info));
    details.json.insert(details.json.begin(), std::move(json));
    details.info = info;
  }

  HttpAnswer answer;
  answer.status = StatusOfError(shown.code(), details.info->domain(), details.info->reason());
  Json error;
  error["code"] = answer.status;
  error["status"] = std::string(CodeName(shown.code()));
  error["message"] = shown.message();
  error["details"] = details.json;
  Json whole;
  whole["error"] = std::move(error);
  answer.body = whole.dump(-1, ' ', false, Json::error_handler_t::replace);
  AddHeaders(details, answer);
  return answer;
}

}  // namespace rostrum::gateway
