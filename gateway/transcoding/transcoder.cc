#include "gateway/transcoding/transcoder.h"

#include "gateway/transcoding/field_path.h"
#include "gateway/transcoding/json_response.h"
#include "gateway/transcoding/query_binding.h"
#include "google/protobuf/arena.h"
#include "services/common/base/status.h"
#include "services/common/rpc/request_id.h"

namespace rostrum::gateway {
namespace {

using google::protobuf::Arena;
using google::protobuf::Descriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;

// A message of the generated class. On the heap if there is no arena. Null for a type that is not
// linked in.
Message* NewMessage(const Descriptor& type, Arena* arena) {
  const Message* prototype = MessageFactory::generated_factory()->GetPrototype(&type);
  return prototype == nullptr ? nullptr : prototype->New(arena);
}

bool Parse(absl::string_view bytes, Message* message) {
  return message != nullptr &&
         message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

absl::Status FillMessage(const HttpRequestView& request, const RouteMatch& match,
                         Message& message) {
  const Route& route = *match.route;
  // The body first, so that the path overrides it.
  std::vector<std::string> present;
  RETURN_IF_ERROR(BindBody(route, request.body, request.header, message,
                           route.update_mask != nullptr ? &present : nullptr));
  for (const PathBinding& binding : match.bindings) {
    RETURN_IF_ERROR(SetFromText(message, *binding.field, binding.value));
  }
  RETURN_IF_ERROR(BindQuery(route, request.query, message));
  FillUpdateMask(route, present, message);
  RETURN_IF_ERROR(BindHeaders(route, request.header, message));
  EnsureRequestId(message);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Transcoder>> Transcoder::Create(
    const std::vector<const google::protobuf::ServiceDescriptor*>& services) {
  ASSIGN_OR_RETURN(RouteTable routes, RouteTable::Create(services));
  return std::unique_ptr<Transcoder>(new Transcoder(std::move(routes)));
}

absl::StatusOr<TranscodedRequest> Transcoder::Request(const HttpRequestView& request,
                                                      const RouteMatch& match) const {
  const Route& route = *match.route;
  Arena arena;
  Message* message = NewMessage(*route.method->input_type(), &arena);
  if (message == nullptr) {
    return Error(absl::StatusCode::kInternal, "NOT_LINKED", "the request cannot be made");
  }
  RETURN_IF_ERROR(FillMessage(request, match, *message));

  TranscodedRequest transcoded{.route = &route,
                               .service = route.service,
                               .method = route.rpc_path,
                               .message = message->SerializeAsString()};
  return transcoded;
}

absl::StatusOr<HttpAnswer> Transcoder::Response(const TranscodedRequest& request,
                                                absl::string_view bytes) const {
  const Route& route = *request.route;
  if (route.response_field == nullptr && IsHttpBody(*route.method->output_type())) {
    HttpAnswer answer;
    ASSIGN_OR_RETURN(RawResponse raw, ToRawResponse(bytes));
    answer.content_type = std::move(raw.content_type);
    answer.body = std::move(raw.data);
    answer.cache_control = std::move(raw.cache_control);
    return answer;
  }
  Arena arena;
  Message* message = NewMessage(*route.method->output_type(), &arena);
  if (!Parse(bytes, message)) {
    return Error(absl::StatusCode::kInternal, "BAD_RESPONSE", "the answer could not be read");
  }
  return Response(request, *message);
}

absl::StatusOr<HttpAnswer> Transcoder::Response(const TranscodedRequest& request,
                                                const Message& message) const {
  HttpAnswer answer;
  ASSIGN_OR_RETURN(answer.body, ToJson(message, request.route->response_field));
  answer.etag = EntityTag(EtagOf(message), answer.body);
  return answer;
}

std::unique_ptr<Message> Transcoder::ParseResponse(const TranscodedRequest& request,
                                                   absl::string_view bytes) const {
  std::unique_ptr<Message> message(NewMessage(*request.route->method->output_type(), nullptr));
  return Parse(bytes, message.get()) ? std::move(message) : nullptr;
}

int64_t Transcoder::MaxBodyBytes(absl::string_view method, absl::string_view path) const {
  const auto match = routes_.Match(method, path);
  return match.ok() ? match->route->max_body_bytes : kDefaultMaxBodyBytes;
}

}  // namespace rostrum::gateway
