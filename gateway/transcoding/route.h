#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gateway/transcoding/field_path.h"
#include "gateway/transcoding/path_template.h"
#include "google/protobuf/descriptor.h"

namespace rostrum::gateway {

enum class HttpMethod { kGet, kPut, kPost, kDelete, kPatch };
inline constexpr int kHttpMethodCount = 5;

absl::string_view HttpMethodName(HttpMethod method);
// HEAD is parsed as GET; its response is sent without the body. nullopt for methods that no
// HTTP rule can name.
std::optional<HttpMethod> ParseHttpMethod(absl::string_view name);

// The limit for RPCs without the option max_body_bytes.
inline constexpr int64_t kDefaultMaxBodyBytes = 1 << 20;

// One google.api.http binding of an RPC, checked against its messages.
// Immutable; the descriptors must outlive it.
struct Route {
  const google::protobuf::MethodDescriptor* method = nullptr;
  HttpMethod http_method = HttpMethod::kGet;
  std::string path;  // the template as written: the route's name in metrics
  PathTemplate path_template;
  std::vector<FieldPath> path_fields;  // one for each of path_template.variables

  // body: "*", or one field, or none.
  bool body_is_message = false;
  const google::protobuf::FieldDescriptor* body_field = nullptr;
  // True: the bytes of the body go unchanged into body_field, an HttpBody.
  bool raw_body = false;
  std::vector<std::string> forward_headers;  // lower case
  int64_t max_body_bytes = kDefaultMaxBodyBytes;
  const google::protobuf::FieldDescriptor* response_field = nullptr;  // null: the whole message

  // Fields of the request that HTTP headers fill; null where there are none.
  const google::protobuf::FieldDescriptor* request_id = nullptr;
  const google::protobuf::FieldDescriptor* update_mask = nullptr;
  const google::protobuf::FieldDescriptor* resume_token = nullptr;
  FieldPath etag;  // empty where there is none

  std::string rpc_path;  // "/rostrum.content.v1.PostService/GetPost"
  std::string service;   // "content"; empty outside rostrum.<service>.v1
  // True for a read: a GET, or an RPC marked NO_SIDE_EFFECTS.
  bool is_read = false;
  bool server_streaming = false;
  bool same_for_visitors = false;  // the option of that name

  bool has_body() const { return body_is_message || body_field != nullptr; }
};

// The routes of an RPC: none if it has no rule, else one for the rule and one
// for each additional binding. INVALID_ARGUMENT names the RPC and what is wrong
// with its rule.
absl::StatusOr<std::vector<Route>> RoutesOf(const google::protobuf::MethodDescriptor& method);

}  // namespace rostrum::gateway
