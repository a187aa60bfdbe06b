#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gateway/transcoding/header_binding.h"
#include "gateway/transcoding/http_status.h"
#include "gateway/transcoding/route_table.h"
#include "gateway/transcoding/stream_framing.h"
#include "google/protobuf/message.h"

namespace rostrum::gateway {

// The parts of a request beside method and path. Used during the call only.
struct HttpRequestView {
  absl::string_view query;  // percent-encoded, without '?'
  HeaderLookup header;
  absl::string_view body;
};

// The call that a request was translated to.
struct TranscodedRequest {
  const Route* route = nullptr;
  std::string service;  // "content", of the package rostrum.content.v1
  std::string method;   // "/rostrum.content.v1.PostService/GetPost"
  std::string message;  // serialised
};

// Translates HTTP requests into gRPC messages and their responses into HTTP, by nothing but
// the rules in the protos. Works on the services that are linked in. Immutable, so
// thread-safe.
class Transcoder {
 public:
  // The errors of RouteTable::Create.
  static absl::StatusOr<std::unique_ptr<Transcoder>> Create(
      const std::vector<const google::protobuf::ServiceDescriptor*>& services);

  // The call for a request whose route was found (routes().Match). Errors are those of
  // BindBody, BindQuery and BindHeaders; ErrorAnswer maps them to HTTP statuses (413, 415,
  // 400).
  absl::StatusOr<TranscodedRequest> Request(const HttpRequestView& request,
                                            const RouteMatch& match) const;

  // The HTTP answer for the response of a unary call. INTERNAL / BAD_RESPONSE if the bytes
  // are not a message of the RPC, or one that has no JSON.
  absl::StatusOr<HttpAnswer> Response(const TranscodedRequest& request,
                                      absl::string_view message) const;
  // The same for a message that is parsed already.
  absl::StatusOr<HttpAnswer> Response(const TranscodedRequest& request,
                                      const google::protobuf::Message& message) const;
  // Parses one message of a server stream, for stream_framing.h; null if it cannot be
  // parsed.
  std::unique_ptr<google::protobuf::Message> ParseResponse(const TranscodedRequest& request,
                                                           absl::string_view message) const;

  // The largest body that a request may have, before it is read.
  int64_t MaxBodyBytes(absl::string_view method, absl::string_view path) const;

  const RouteTable& routes() const { return routes_; }

 private:
  explicit Transcoder(RouteTable routes) : routes_(std::move(routes)) {}
  const RouteTable routes_;
};

}  // namespace rostrum::gateway
