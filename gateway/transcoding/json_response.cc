#include "gateway/transcoding/json_response.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/type_resolver_util.h"
#include "nlohmann/json.hpp"
#include "rostrum/http/v1/http.pb.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
namespace util = google::protobuf::util;

constexpr char kTypes[] = "type.googleapis.com";

absl::Status BadResponse() {
  return Error(absl::StatusCode::kInternal, "BAD_RESPONSE", "the answer could not be sent");
}

bool IsHeaderValue(const std::string& value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// The linked types, in the form that the JSON writer needs. It asks for them again for every
// message, and building them from descriptors took an eighth of the time of a post's JSON.
class LinkedTypes final : public util::TypeResolver {
 public:
  util::Status ResolveMessageType(const std::string& url, google::protobuf::Type* type) override {
    return Resolve(url, type, messages_, &util::TypeResolver::ResolveMessageType);
  }
  util::Status ResolveEnumType(const std::string& url, google::protobuf::Enum* type) override {
    return Resolve(url, type, enums_, &util::TypeResolver::ResolveEnumType);
  }

 private:
  template <class Type>
  util::Status Resolve(const std::string& url, Type* type,
                       absl::flat_hash_map<std::string, Type>& known,
                       util::Status (util::TypeResolver::*ask)(const std::string&, Type*)) {
    {
      absl::ReaderMutexLock lock(&mu_);
      if (const auto found = known.find(url); found != known.end()) {
        *type = found->second;
        return {};
      }
    }
    util::Status status = (descriptors_.get()->*ask)(url, type);
    if (status.ok()) {
      absl::MutexLock lock(&mu_);
      known.emplace(url, *type);
    }
    return status;
  }

  const std::unique_ptr<util::TypeResolver> descriptors_{util::NewTypeResolverForDescriptorPool(
      kTypes, google::protobuf::DescriptorPool::generated_pool())};
  absl::Mutex mu_;
  absl::flat_hash_map<std::string, google::protobuf::Type> messages_;
  absl::flat_hash_map<std::string, google::protobuf::Enum> enums_;
};

absl::StatusOr<std::string> WholeToJson(const Message& message) {
  static LinkedTypes* const types = new LinkedTypes;
  util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string json;  // BinaryToJsonString appends
  const std::string url = absl::StrCat(kTypes, "/", message.GetDescriptor()->full_name());
  if (!util::BinaryToJsonString(types, url, message.SerializeAsString(), &json, options).ok()) {
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
