#include "gateway/transcoding/route.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gateway/transcoding/json_response.h"
#include "google/api/annotations.pb.h"
#include "rostrum/http/v1/http.pb.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

using google::api::HttpRule;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::MethodOptions;

constexpr absl::string_view kMethodNames[kHttpMethodCount] = {"GET", "PUT", "POST", "DELETE",
                                                              "PATCH"};
constexpr int64_t kMostMaxBodyBytes = 64 << 20;

absl::Status Problem(absl::string_view what) { return absl::InvalidArgumentError(what); }

// "rostrum.content.v1" is the service "content".
std::string ServiceOf(const std::string& package) {
  const std::vector<std::string> parts = absl::StrSplit(package, '.');
  return parts.size() == 3 && parts[0] == "rostrum" ? parts[1] : "";
}

const FieldDescriptor* FindText(const Descriptor& message, const std::string& name) {
  const FieldDescriptor* field = message.FindFieldByName(name);
  const bool text =
      field != nullptr && field->type() == FieldDescriptor::TYPE_STRING && !field->is_repeated();
  return text ? field : nullptr;
}

absl::Status SetPattern(const HttpRule& rule, Route& route) {
  std::string& text = route.path;
  switch (rule.pattern_case()) {
    case HttpRule::kGet:
      route.http_method = HttpMethod::kGet;
      text = rule.get();
      break;
    case HttpRule::kPut:
      route.http_method = HttpMethod::kPut;
      text = rule.put();
      break;
    case HttpRule::kPost:
      route.http_method = HttpMethod::kPost;
      text = rule.post();
      break;
    case HttpRule::kDelete:
      route.http_method = HttpMethod::kDelete;
      text = rule.delete_();
      break;
    case HttpRule::kPatch:
      route.http_method = HttpMethod::kPatch;
      text = rule.patch();
      break;
    default: return Problem("the rule has none of get, put, post, delete and patch");
  }
  ASSIGN_OR_RETURN(route.path_template, PathTemplate::Parse(text));
  for (const PathVariable& variable : route.path_template.variables) {
    auto path = ResolveFieldPath(*route.method->input_type(), variable.field_path);
    if (!path.ok()) {
      return Problem(
          absl::StrCat("path variable ", variable.field_path, ": ", path.status().message()));
    }
    if (path->back()->is_repeated() || path->back()->message_type() != nullptr) {
      return Problem(
          absl::StrCat("path variable ", variable.field_path, " is repeated or a message"));
    }
    route.path_fields.push_back(*std::move(path));
  }
  return absl::OkStatus();
}

absl::Status SetBody(const HttpRule& rule, Route& route) {
  if (rule.body().empty()) return absl::OkStatus();
  if (route.http_method == HttpMethod::kGet || route.http_method == HttpMethod::kDelete) {
    return Problem("GET and DELETE have no body");
  }
  if (rule.body() == "*") {
    route.body_is_message = true;
    return absl::OkStatus();
  }
  route.body_field = route.method->input_type()->FindFieldByName(rule.body());
  if (route.body_field == nullptr) {
    return Problem(absl::StrCat("body \"", rule.body(), "\" is no field of ",
                                route.method->input_type()->full_name()));
  }
  for (const FieldPath& path : route.path_fields) {
    if (path.size() == 1 && path[0] == route.body_field) {
      return Problem(absl::StrCat("\"", rule.body(), "\" is both body and path variable"));
    }
  }
  const Descriptor* type = route.body_field->message_type();
  route.raw_body = type != nullptr && !route.body_field->is_repeated() &&
                   type->full_name() == http::v1::HttpBody::descriptor()->full_name();
  return absl::OkStatus();
}

absl::Status SetResponse(const HttpRule& rule, Route& route) {
  if (rule.response_body().empty()) return absl::OkStatus();
  route.response_field = route.method->output_type()->FindFieldByName(rule.response_body());
  if (route.response_field != nullptr) return absl::OkStatus();
  return Problem(absl::StrCat("response_body \"", rule.response_body(), "\" is no field of ",
                              route.method->output_type()->full_name()));
}

absl::Status SetOptions(Route& route) {
  const MethodOptions& options = route.method->options();
  for (int i = 0; i < options.ExtensionSize(http::v1::forward_headers); ++i) {
    const std::string& name = options.GetExtension(http::v1::forward_headers, i);
    if (!route.raw_body) return Problem("forward_headers needs a body of type HttpBody");
    if (name.empty() || name != absl::AsciiStrToLower(name)) {
      return Problem(absl::StrCat("forward_headers: \"", name, "\" is not in lower case"));
    }
    route.forward_headers.push_back(name);
  }
  if (options.HasExtension(http::v1::max_body_bytes)) {
    route.max_body_bytes = options.GetExtension(http::v1::max_body_bytes);
    if (route.max_body_bytes < 1 || route.max_body_bytes > kMostMaxBodyBytes) {
      return Problem("max_body_bytes must be 1 byte to 64 MiB");
    }
  }
  route.same_for_visitors = options.GetExtension(http::v1::same_for_visitors);
  const bool whole = route.response_field == nullptr && !IsHttpBody(*route.method->output_type());
  if (route.same_for_visitors && (!route.is_read || route.server_streaming || !whole)) {
    return Problem("same_for_visitors is for unary reads that answer with a whole message");
  }
  return absl::OkStatus();
}

// Finds the fields that are set by HTTP headers, by the names that they have in the whole API.
void SetHeaderFields(Route& route) {
  const Descriptor& request = *route.method->input_type();
  route.request_id = FindText(request, "request_id");
  if (route.server_streaming) route.resume_token = FindText(request, "resume_token");
  const FieldDescriptor* mask = request.FindFieldByName("update_mask");
  if (route.http_method == HttpMethod::kPatch && mask != nullptr && !mask->is_repeated() &&
      mask->message_type() != nullptr &&
      mask->message_type()->well_known_type() == Descriptor::WELLKNOWNTYPE_FIELDMASK) {
    route.update_mask = mask;
  }
  if (route.http_method == HttpMethod::kGet) return;
  if (const FieldDescriptor* etag = FindText(request, "etag")) {
    route.etag = {etag};
  } else if (route.http_method != HttpMethod::kPost && route.body_field != nullptr &&
             route.body_field->message_type() != nullptr && !route.body_field->is_repeated()) {
    // Not for POST: what it creates has no etag yet.
    etag = FindText(*route.body_field->message_type(), "etag");
    if (etag != nullptr) route.etag = {route.body_field, etag};
  }
}

absl::Status FillRoute(const HttpRule& rule, Route& route) {
  const MethodDescriptor& method = *route.method;
  if (method.client_streaming()) return Problem("client streams cannot be called over HTTP");
  RETURN_IF_ERROR(SetPattern(rule, route));
  RETURN_IF_ERROR(SetBody(rule, route));
  RETURN_IF_ERROR(SetResponse(rule, route));
  route.server_streaming = method.server_streaming();
  route.is_read = route.http_method == HttpMethod::kGet ||
                  method.options().idempotency_level() == MethodOptions::NO_SIDE_EFFECTS;
  RETURN_IF_ERROR(SetOptions(route));
  route.rpc_path = absl::StrCat("/", method.service()->full_name(), "/", method.name());
  route.service = ServiceOf(method.file()->package());
  SetHeaderFields(route);
  return absl::OkStatus();
}

}  // namespace

absl::string_view HttpMethodName(HttpMethod method) {
  return kMethodNames[static_cast<int>(method)];
}

std::optional<HttpMethod> ParseHttpMethod(absl::string_view name) {
  if (name == "HEAD") return HttpMethod::kGet;
  for (int i = 0; i < kHttpMethodCount; ++i) {
    if (kMethodNames[i] == name) return static_cast<HttpMethod>(i);
  }
  return std::nullopt;
}

absl::StatusOr<std::vector<Route>> RoutesOf(const MethodDescriptor& method) {
  std::vector<Route> routes;
  if (!method.options().HasExtension(google::api::http)) return routes;
  const HttpRule& rule = method.options().GetExtension(google::api::http);
  for (int i = -1; i < rule.additional_bindings_size(); ++i) {
    const HttpRule& binding = i < 0 ? rule : rule.additional_bindings(i);
    Route route;
    route.method = &method;
    absl::Status status = FillRoute(binding, route);
    if (i >= 0 && binding.additional_bindings_size() > 0) {
      status = Problem("additional_bindings may not be nested");
    }
    if (!status.ok()) {
      return Problem(absl::StrCat(method.full_name(), ": ", status.message()));
    }
    routes.push_back(std::move(route));
  }
  return routes;
}

}  // namespace rostrum::gateway
