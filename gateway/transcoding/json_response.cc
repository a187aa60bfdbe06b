#include "gateway/transcoding/json_response.h"

#include <algorithm>
#include <string>
#include <utility>

#include "gateway/transcoding/linked_types.h"
#include "google/protobuf/util/json_util.h"
#include "nlohmann/json.hpp"
#include "rostrum/http/v1/http.pb.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
namespace util = google::protobuf::util;

absl::Status BadResponse() {
  return Error(absl::StatusCode::kInternal, "BAD_RESPONSE", "the answer could not be sent");
}

bool IsHeaderValue(const std::string& value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

absl::StatusOr<std::string> WholeToJson(const Message& message) {
  util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string json;  // BinaryToJsonString appends
  if (!util::BinaryToJsonString(LinkedTypes(), TypeUrlOf(message), message.SerializeAsString(),
                                &json, options)
           .ok()) {
    return BadResponse();
  }
  return json;
}

}  // namespace

absl::StatusOr<std::string> ToJson(const Message& message, const FieldDescriptor* field) {
  if (field == nullptr) return WholeToJson(message);
  if (field->message_type() != nullptr && !field->is_repeated()) {
    return WholeToJson(message.GetReflection()->GetMessage(message, field));
  }
  ASSIGN_OR_RETURN(const std::string whole, WholeToJson(message));
  const auto parsed = nlohmann::ordered_json::parse(whole, nullptr, /*allow_exceptions=*/false);
  const auto found = parsed.is_object() ? parsed.find(field->json_name()) : parsed.end();
  // An `optional` scalar that is not set is not printed.
  return found == parsed.end() ? std::string("null") : found->dump();
}

bool IsHttpBody(const google::protobuf::Descriptor& message) {
  return message.full_name() == http::v1::HttpBody::descriptor()->full_name();
}

absl::StatusOr<RawResponse> ToRawResponse(absl::string_view serialized) {
  http::v1::HttpBody body;
  if (!body.ParseFromArray(serialized.data(), static_cast<int>(serialized.size())) ||
      !IsHeaderValue(body.content_type()) || !IsHeaderValue(body.cache_control())) {
    return BadResponse();
  }
  RawResponse response;
  response.content_type =
      body.content_type().empty() ? "application/octet-stream" : body.content_type();
  response.data = std::move(*body.mutable_data());
  response.cache_control = body.cache_control();
  return response;
}

}  // namespace rostrum::gateway
