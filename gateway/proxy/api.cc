#include "gateway/proxy/api.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gateway/proxy/error_response.h"
#include "gateway/proxy/stored_response.h"
#include "gateway/proxy/stream_answer.h"
#include "services/common/base/status.h"
#include "services/common/rpc/grpc_status.h"
#include "services/common/rpc/request_context.h"

namespace rostrum::gateway {
namespace {

HttpRequestView ViewOf(const http::HttpRequest& request) {
  return {.query = request.query,
          .header = [&request](absl::string_view name) { return request.headers.Find(name); },
          .body = request.body};
}

// The etag in the answer, or the one that the service sent in the metadata because it
// covers more than the message.
std::string EtagOfAnswer(const UnaryResult& result, const HttpAnswer& answer) {
  const auto sent = result.metadata.find(kEtagKey);
  return sent == result.metadata.end() ? answer.etag : sent->second;
}

// The response of an answer, or 304 if the client has the same already.
http::HttpResponse ToResponse(const http::HttpRequest& request, HttpAnswer answer) {
  if (HasAlready(request, answer.etag)) {
    answer.status = 304;
    answer.body.clear();
  }
  return ToHttpResponse(std::move(answer));
}

}  // namespace

Api::Api(const ApiSettings& settings, const Transcoder& transcoder, Backends& backends,
         SharedCalls& shared, CallerContexts& callers, Limits& limits)
    : settings_(settings),
      transcoder_(transcoder),
      backends_(backends),
      shared_(shared),
      callers_(callers),
      limits_(limits) {}

asio::awaitable<http::HttpResponse> Api::Handle(http::HttpRequest& request) {
  CallerContext caller;
  const absl::Status read = co_await callers_.Read(request, caller);
  const auto match = transcoder_.routes().Match(request.method, request.path);
  http::HttpResponse response;
  if (!read.ok()) {
    response = ErrorResponse(read);
  } else if (!match.ok()) {
    response = ErrorResponse(match.status());
  } else {
    auto answer = co_await Caught(Answer(request, *match, caller), caller);
    response = answer.ok() ? *std::move(answer) : ErrorResponse(answer.status());
  }
  response.route = match.ok() ? match->route->path : "none";
  caller.Sign(response);
  co_return response;
}

asio::awaitable<http::HttpResponse> Api::Answer(http::HttpRequest& request, const RouteMatch& match,
                                                const CallerContext& caller) {
  // Before the body is parsed, which costs more than this check.
  const absl::Status limit = co_await limits_.Check(caller, match.route->is_read);
  if (!limit.ok()) co_return ErrorResponse(limit);
  auto transcoded = transcoder_.Request(ViewOf(request), match);
  std::string().swap(request.body);  // an upload must not be in memory twice
  if (!transcoded.ok()) co_return ErrorResponse(transcoded.status());
  if (match.route->server_streaming) co_return co_await OpenStream(request, *transcoded, caller);
  if (match.route->same_for_visitors && caller.identity == nullptr) {
    co_return co_await CallShared(request, *transcoded, caller);
  }
  co_return co_await CallUnary(request, *transcoded, caller);
}

BackendCall Api::CallFor(TranscodedRequest& transcoded, const CallerContext& caller) const {
  return {.service = transcoded.service,
          .method = transcoded.method,
          .request = std::move(transcoded.message),
          .metadata = caller.MetadataFor(transcoded.service),
          .timeout = absl::InfiniteDuration()};
}

asio::awaitable<http::HttpResponse> Api::CallUnary(const http::HttpRequest& request,
                                                   TranscodedRequest& transcoded,
                                                   const CallerContext& caller) {
  BackendCall call = CallFor(transcoded, caller);
  call.timeout = transcoded.route->is_read ? settings_.read_timeout : settings_.write_timeout;
  const UnaryResult result = co_await backends_.Call(std::move(call));

  http::HttpResponse response;
  if (!result.status.ok()) {
    response = ErrorResponse(ToRpcStatus(result.status));
  } else if (auto answer = transcoder_.Response(transcoded, result.message); !answer.ok()) {
    response = ErrorResponse(answer.status());
  } else {
    answer->etag = EtagOfAnswer(result, *answer);
    response = ToResponse(request, *std::move(answer));
  }
  callers_.ApplyCookies(result.metadata, caller, response);
  co_return response;
}

asio::awaitable<http::HttpResponse> Api::CallShared(const http::HttpRequest& request,
                                                    TranscodedRequest& transcoded,
                                                    const CallerContext& caller) {
  SharedCall call{.service = transcoded.service,
                  .method = transcoded.method,
                  .request = std::move(transcoded.message)};
  const std::string key = call.Key();
  const absl::StatusOr<SharedAnswerPtr> shared = co_await shared_.Call(std::move(call), caller);
  const auto answer = shared.ok() ? JsonOf(transcoded, key, **shared) : shared.status();
  http::HttpResponse response =
      answer.ok() ? (*answer)->Answer(request) : ErrorResponse(answer.status());
  if (response.bytes().size() > http::kLargeAnswer && response.shared_body != nullptr) {
    // There are many such lists, so most of those that slow clients hold are shared no more.
    response.body = *std::exchange(response.shared_body, nullptr);
  }
  callers_.ApplyCookies({}, caller, response);
  co_return response;
}

absl::StatusOr<StoredResponsePtr> Api::JsonOf(const TranscodedRequest& transcoded,
                                              const std::string& key, const SharedAnswer& shared) {
  const std::string number = absl::StrCat(shared.number);
  if (auto kept = shared_.made().Find(key, number)) return kept;
  ASSIGN_OR_RETURN(HttpAnswer answer, transcoder_.Response(transcoded, *shared.message));
  auto made = std::make_shared<const StoredResponse>(ToHttpResponse(std::move(answer)));
  shared_.made().Keep(key, number, made);
  return made;
}

asio::awaitable<http::HttpResponse> Api::OpenStream(const http::HttpRequest& request,
                                                    TranscodedRequest& transcoded,
                                                    const CallerContext& caller) {
  std::shared_ptr<BackendStream> stream = co_await backends_.Open(CallFor(transcoded, caller));
  const std::string* accept = request.headers.Find("Accept");
  const StreamOptions options = {.framing = ChooseFraming(accept == nullptr ? "" : *accept),
                                 .first_message_timeout = settings_.first_message_timeout,
                                 .heartbeat = settings_.heartbeat};
  co_return co_await StreamAnswer(transcoder_, transcoded, std::move(stream), options);
}

}  // namespace rostrum::gateway
