#include "gateway/transcoding/openapi.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gateway/transcoding/json_response.h"
#include "gateway/transcoding/openapi_paths.h"
#include "gateway/transcoding/openapi_schemas.h"
#include "gateway/transcoding/proto_comments.h"
#include "gateway/transcoding/route_table.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "rostrum/access/v1/access.pb.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorSet;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using Json = nlohmann::ordered_json;

// How deep the fields of nested messages are listed as query parameters.
constexpr size_t kMaxQueryDepth = 4;

Json Text(const std::string& description, int max_length = 0) {
  Json schema{{"type", "string"}};
  if (max_length > 0) schema["maxLength"] = max_length;
  if (!description.empty()) schema["description"] = description;
  return schema;
}

// A parameter; the description moves from its schema to it.
Json Parameter(const std::string& name, const char* in, Json schema) {
  Json parameter{{"name", name}, {"in", in}};
  if (schema.contains("description")) {
    parameter["description"] = schema["description"];
    schema.erase("description");
  }
  if (std::string(in) == "path") parameter["required"] = true;
  parameter["schema"] = std::move(schema);
  return parameter;
}

class DocumentWriter {
 public:
  explicit DocumentWriter(const OpenApiOptions& options) : options_(options) {}

  std::string Write(const RouteTable& table) {
    std::vector<const Route*> routes;
    for (const Route& route : table.routes()) routes.push_back(&route);
    // A binding's number in its RPC, for its operationId.
    std::map<const Route*, int> number;
    std::map<const MethodDescriptor*, int> bindings;
    for (const Route* route : routes) number[route] = ++bindings[route->method];
    std::sort(routes.begin(), routes.end(), [](const Route* a, const Route* b) {
      return std::tie(a->http_method, a->path) < std::tie(b->http_method, b->path);
    });
    // GETs come first, as their names are the ones that a path is known by.
    std::map<std::string, std::map<HttpMethod, Json>> operations;
    std::map<std::string, const ServiceDescriptor*> services;
    for (const Route* route : routes) {
      const OpenApiPath path = paths_.Of(*route);
      operations[path.text][route->http_method] = Operation(*route, path, number[route]);
      services[route->method->service()->name()] = route->method->service();
    }
    Json document;
    document["openapi"] = "3.1.0";
    document["info"] = {{"title", options_.title}, {"version", options_.version}};
    if (!options_.description.empty()) document["info"]["description"] = options_.description;
    document["servers"] = Json::array({Json{{"url", "/"}}});
    document["tags"] = Tags(services);
    document["paths"] = Json::object();
    for (auto& [path, methods] : operations) {
      for (auto& [method, operation] : methods) {
        document["paths"][path][absl::AsciiStrToLower(HttpMethodName(method))] = operation;
      }
    }
    document["components"] = Components();
    return document.dump(2) + "\n";
  }

 private:
  static Json Tags(const std::map<std::string, const ServiceDescriptor*>& services) {
    Json tags = Json::array();
    for (const auto& [name, service] : services) {
      Json tag{{"name", name}};
      const std::string comment = CommentOf(*service);
      if (!comment.empty()) tag["description"] = comment;
      tags.push_back(std::move(tag));
    }
    return tags;
  }

  Json Components() {
    Json components;
    components["schemas"] = schemas_.Components();
    Json& error = components["responses"][kErrorSchema];
    error["description"] = "An error.";
    error["content"]["application/json"]["schema"]["$ref"] =
        absl::StrCat("#/components/schemas/", kErrorSchema);
    components["securitySchemes"]["session"] = {{"type", "apiKey"},
                                                {"in", "cookie"},
                                                {"name", options_.session_cookie},
                                                {"description",
                                                 "A signed-in browser. Requests that change "
                                                 "something also need the header Origin, with the "
                                                 "site's address, which browsers send. On a site "
                                                 "without HTTPS the cookie has no prefix."}};
    components["securitySchemes"]["bearer"] = {
        {"type", "http"}, {"scheme", "bearer"}, {"description", "An access token."}};
    return components;
  }

  Json Operation(const Route& route, const OpenApiPath& path, int number) {
    const MethodDescriptor& method = *route.method;
    Json operation;
    operation["tags"] = Json::array({method.service()->name()});
    const std::string comment = CommentOf(method);
    if (!comment.empty()) {
      operation["summary"] = FirstSentence(comment);
      operation["description"] = comment;
    }
    operation["operationId"] = absl::StrCat(method.service()->name(), "_", method.name(),
                                            number > 1 ? absl::StrCat("_", number) : "");
    AddAccess(method, operation);
    Json parameters = Json::array();
    AddPathParameters(path, parameters);
    AddQueryParameters(route, parameters);
    AddHeaderParameters(route, parameters);
    if (!parameters.empty()) operation["parameters"] = std::move(parameters);
    if (route.has_body()) operation["requestBody"] = RequestBody(route);
    operation["responses"]["200"] = Response(route);
    operation["responses"]["default"]["$ref"] =
        absl::StrCat("#/components/responses/", kErrorSchema);
    return operation;
  }

  static void AddAccess(const MethodDescriptor& method, Json& operation) {
    const access::v1::Access& rule = method.options().GetExtension(access::v1::access);
    Json callers = Json::array();
    bool anyone = false;
    for (int i = 0; i < rule.callers_size(); ++i) {
      const std::string name = access::v1::Caller_Name(rule.callers(i));
      callers.push_back(absl::AsciiStrToLower(absl::StripPrefix(name, "CALLER_")));
      anyone = anyone || rule.callers(i) == access::v1::CALLER_ANYONE;
    }
    operation["x-rostrum-callers"] = callers;
    // Credentials are listed even if anyone may call: the answer may depend on the caller.
    Json security = Json::array();
    if (anyone) security.push_back(Json::object());
    security.push_back({{"session", Json::array()}});
    if (rule.scope() != access::v1::SCOPE_SESSION_ONLY) {
      security.push_back({{"bearer", Json::array()}});
    }
    operation["security"] = std::move(security);
  }

  void AddPathParameters(const OpenApiPath& path, Json& parameters) {
    for (const OpenApiPath::Parameter& parameter : path.parameters) {
      Json schema = parameter.field != nullptr ? schemas_.OfField(*parameter.field) : Text("");
      if (parameter.many_segments) schema["description"] = "May hold slashes.";
      parameters.push_back(Parameter(parameter.name, "path", std::move(schema)));
    }
  }

  void AddQueryParameters(const Route& route, Json& parameters) {
    if (!route.body_is_message) {
      FieldPath path;
      AddQueryFields(route, *route.method->input_type(), path, parameters);
    }
  }

  void AddQueryFields(const Route& route, const Descriptor& message, FieldPath& path,
                      Json& parameters) {
    for (int i = 0; i < message.field_count(); ++i) {
      const FieldDescriptor* field = message.field(i);
      path.push_back(field);
      if (HasTextForm(*field)) {
        if (!IsElsewhere(route, path)) {
          std::string name;
          for (const FieldDescriptor* part : path) {
            absl::StrAppend(&name, name.empty() ? "" : ".", part->json_name());
          }
          parameters.push_back(Parameter(name, "query", schemas_.OfField(*field)));
        }
      } else if (field != route.body_field && !field->is_repeated() &&
                 field->message_type()->well_known_type() ==
                     Descriptor::WELLKNOWNTYPE_UNSPECIFIED &&
                 path.size() < kMaxQueryDepth) {
        AddQueryFields(route, *field->message_type(), path, parameters);
      }
      path.pop_back();
    }
  }

  // True for fields that are set by the path, the body or a header of their own.
  static bool IsElsewhere(const Route& route, const FieldPath& path) {
    const auto& bound = route.path_fields;
    return path.front() == route.body_field || path == FieldPath{route.request_id} ||
           path == route.etag || std::find(bound.begin(), bound.end(), path) != bound.end();
  }

  static void AddHeaderParameters(const Route& route, Json& parameters) {
    if (route.request_id != nullptr) {
      parameters.push_back(
          Parameter("Idempotency-Key", "header",
                    Text("A repeat with the same key returns the first outcome.", 128)));
    }
    if (!route.etag.empty()) {
      parameters.push_back(Parameter("If-Match", "header",
                                     Text("The entity tag that the resource must still have.")));
    }
    if (route.resume_token != nullptr) {
      parameters.push_back(Parameter("Last-Event-ID", "header",
                                     Text("The id of the last event that arrived.", 512)));
    }
  }

  Json RequestBody(const Route& route) {
    Json body;
    if (route.raw_body) {
      body["content"]["*/*"]["schema"] = {{"type", "string"}, {"format", "binary"}};
      body["required"] = true;
      return body;
    }
    Json& schema = body["content"]["application/json"]["schema"];
    bool required = true;
    if (route.body_field != nullptr) {
      schema = schemas_.OfField(*route.body_field);
    } else {
      std::vector<const FieldDescriptor*> fields;
      for (int i = 0; i < route.method->input_type()->field_count(); ++i) {
        const FieldDescriptor* field = route.method->input_type()->field(i);
        const auto& bound = route.path_fields;
        if (std::find(bound.begin(), bound.end(), FieldPath{field}) == bound.end()) {
          fields.push_back(field);
        }
      }
      schema = schemas_.OfFields(fields);
      required = !fields.empty();
    }
    body["required"] = required;
    return body;
  }

  Json Response(const Route& route) {
    const Descriptor& type = *route.method->output_type();
    Json response{{"description", "Success."}};
    Json schema = route.response_field != nullptr ? schemas_.OfField(*route.response_field)
                                                  : schemas_.OfMessage(type);
    if (route.server_streaming) {
      Json line{{"type", "object"}};
      line["properties"]["result"] = schema;
      line["properties"]["error"] = {{"description", "Ends the stream; see the schema Error."}};
      response["content"]["application/x-ndjson"]["schema"] = std::move(line);
      response["content"]["text/event-stream"]["schema"] =
          Text("Events `message`, whose data is the message as JSON, and `error`.");
    } else if (route.response_field == nullptr && IsHttpBody(type)) {
      response["content"]["*/*"]["schema"] = std::move(schema);
    } else {
      response["content"]["application/json"]["schema"] = std::move(schema);
    }
    return response;
  }

  const OpenApiOptions& options_;
  OpenApiSchemas schemas_;
  OpenApiPaths paths_;
};

}  // namespace

absl::StatusOr<std::string> OpenApiDocument(absl::string_view descriptors,
                                            const OpenApiOptions& options) {
  FileDescriptorSet files;
  if (!files.ParseFromArray(descriptors.data(), static_cast<int>(descriptors.size()))) {
    return absl::InvalidArgumentError("the descriptors are no FileDescriptorSet");
  }
  DescriptorPool pool;
  std::vector<const ServiceDescriptor*> services;
  std::set<std::string> wanted(options.services.begin(), options.services.end());
  for (const auto& proto : files.file()) {
    const FileDescriptor* file = pool.BuildFile(proto);
    if (file == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(proto.name(), " does not build"));
    }
    for (int i = 0; i < file->service_count(); ++i) {
      const ServiceDescriptor* service = file->service(i);
      if (options.services.empty() || wanted.erase(service->full_name()) > 0) {
        services.push_back(service);
      }
    }
  }
  if (!wanted.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("there is no service ", *wanted.begin()));
  }
  ASSIGN_OR_RETURN(const RouteTable table, RouteTable::Create(services));
  return DocumentWriter(options).Write(table);
}

}  // namespace rostrum::gateway
