#include "gateway/transcoding/json_request.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gateway/transcoding/json_checker.h"
#include "gateway/transcoding/linked_types.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/util/json_util.h"
#include "rostrum/http/v1/http.pb.h"
#include "services/common/base/status.h"
#include "services/common/base/utf8.h"

namespace rostrum::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kMaxContentTypeBytes = 255;
constexpr size_t kMaxForwardedHeaderBytes = 4096;

bool IsJson(absl::string_view content_type) {
  std::vector<absl::string_view> parts = absl::StrSplit(content_type, ';');
  if (!absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(parts[0]), "application/json")) {
    return false;
  }
  return std::all_of(parts.begin() + 1, parts.end(), [](absl::string_view parameter) {
    parameter = absl::StripAsciiWhitespace(parameter);
    return parameter.empty() || absl::EqualsIgnoreCase(parameter, "charset=utf-8") ||
           absl::EqualsIgnoreCase(parameter, "charset=\"utf-8\"");
  });
}

// protobuf says "(comment.body): invalid value ..." or "body: Proto field ...".
absl::Status FromProtobuf(absl::string_view message) {
  absl::string_view field = message.substr(0, message.find(": "));
  if (absl::ConsumePrefix(&field, "(")) absl::ConsumeSuffix(&field, ")");
  const bool is_path = !field.empty() && std::all_of(field.begin(), field.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::string_view("_.[]\"").find(c) != absl::string_view::npos;
  });
  if (!is_path) {
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_JSON",
                 "the body does not fit the request");
  }
  return InvalidField(field, "INVALID_VALUE", "has a value that does not fit its type");
}

// protobuf's parser ends in a failed CHECK, which throws, on some JSON that is not
// for the message: an Any of a well-known type without its "value".
absl::Status ParseJson(const std::string& json, Message& request) {
  try {
    std::string bytes;
    const auto status =
        google::protobuf::util::JsonToBinaryString(LinkedTypes(), TypeUrlOf(request), json, &bytes);
    if (status.ok() && request.ParseFromString(bytes)) return absl::OkStatus();
    return FromProtobuf(absl::string_view(status.message().data(), status.message().size()));
  } catch (const google::protobuf::FatalException&) {
    return FromProtobuf("");
  }
}

absl::Status BindJson(const Route& route, absl::string_view body, const HeaderLookup& header,
                      Message& request, std::vector<std::string>* present) {
  const std::string* content_type = header("content-type");
  if (content_type == nullptr || !IsJson(*content_type)) {
    return Error(absl::StatusCode::kInvalidArgument, "UNSUPPORTED_MEDIA_TYPE",
                 "the body must be application/json in UTF-8");
  }
  RETURN_IF_ERROR(CheckJson(body, *request.GetDescriptor(), route.body_field, present));
  return ParseJson(route.body_field == nullptr
                       ? std::string(body)
                       : absl::StrCat("{\"", route.body_field->name(), "\":", body, "}"),
                   request);
}

absl::Status BindRaw(const Route& route, absl::string_view body, const HeaderLookup& header,
                     Message& request) {
  http::v1::HttpBody raw;
  raw.mutable_data()->assign(body.data(), body.size());
  if (const std::string* type = header("content-type")) {
    if (type->size() > kMaxContentTypeBytes || !IsCleanUtf8(*type)) {
      return Error(absl::StatusCode::kInvalidArgument, "UNSUPPORTED_MEDIA_TYPE",
                   "the content type is not one");
    }
    raw.set_content_type(*type);
  }
  for (const std::string& name : route.forward_headers) {
    const std::string* value = header(name);
    if (value == nullptr) continue;
    if (value->size() > kMaxForwardedHeaderBytes || !IsCleanUtf8(*value)) {
      return Error(absl::StatusCode::kInvalidArgument, "INVALID_HEADER",
                   absl::StrCat("the header ", name, " is too long or not UTF-8"));
    }
    (*raw.mutable_headers())[name] = *value;
  }
  Message* into = request.GetReflection()->MutableMessage(&request, route.body_field);
  into->ParsePartialFromString(raw.SerializeAsString());
  return absl::OkStatus();
}

}  // namespace

absl::Status BindBody(const Route& route, absl::string_view body, const HeaderLookup& header,
                      Message& request, std::vector<std::string>* present) {
  if (static_cast<int64_t>(body.size()) > route.max_body_bytes) {
    return Error(absl::StatusCode::kInvalidArgument, "BODY_TOO_LARGE",
                 absl::StrCat("the body is larger than ", route.max_body_bytes, " bytes"));
  }
  if (route.raw_body) return BindRaw(route, body, header, request);
  if (body.empty()) return absl::OkStatus();
  if (!route.has_body()) {
    return Error(absl::StatusCode::kInvalidArgument, "BODY_NOT_ALLOWED",
                 "this request has no body");
  }
  return BindJson(route, body, header, request, present);
}

void FillUpdateMask(const Route& route, const std::vector<std::string>& present, Message& request) {
  if (route.update_mask == nullptr || route.body_field == nullptr ||
      request.GetReflection()->HasField(request, route.update_mask)) {
    return;
  }
  google::protobuf::FieldMask mask;
  for (const std::string& path : present) {
    const std::string full = absl::StrCat(route.body_field->name(), ".", path);
    const bool in_path =
        std::any_of(route.path_fields.begin(), route.path_fields.end(),
                    [&](const FieldPath& field) { return ProtoPath(field) == full; });
    if (!in_path && path != "etag") mask.add_paths(path);
  }
  if (mask.paths().empty()) return;
  Message* into = request.GetReflection()->MutableMessage(&request, route.update_mask);
  into->ParsePartialFromString(mask.SerializeAsString());
}

}  // namespace rostrum::gateway
