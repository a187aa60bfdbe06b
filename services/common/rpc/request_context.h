#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/common/rpc/caller.h"

namespace rostrum {

// The pass that a browser holds (PRODUCT.md, the meter): a random id and a
// random secret, never joined to an account, an address or a log line.
struct VisitorPass {
  std::string id;      // base64url of 16 bytes
  std::string secret;  // base64url of 32 bytes
  // True if the gateway made it for this very request: the first visit.
  bool fresh = false;

  bool empty() const { return id.empty(); }
  // Reads "<id>.<secret>[.fresh]"; nullopt if it is anything else.
  static std::optional<VisitorPass> Parse(absl::string_view text);
  std::string ToString() const;
  // HMAC(secret, subject): the only thing ever stored of a read.
  std::string Digest(absl::string_view subject) const;
  // SHA-256 of the id, base64url: the key under which state is kept.
  std::string KeyHash() const;
};

// W3C Trace Context (traceparent): hex ids, passed on by every hop.
struct TraceContext {
  std::string trace_id;   // 32 hex digits
  std::string span_id;    // 16 hex digits: the span of this hop
  std::string parent_id;  // of the caller, or empty
  bool sampled = false;
  std::string tracestate;
  std::string Traceparent() const;
  // A new span in the trace that the headers speak of, or in a new trace if
  // they are absent or malformed.
  static TraceContext Continue(absl::string_view traceparent, absl::string_view tracestate);
};

// Everything about one call that is not in its message. HandleRpc makes it and
// binds it to the handler's thread, from where the PostgreSQL pool takes the
// deadline and outgoing calls take deadline, request id and trace.
struct RequestContext {
  Caller caller;
  VisitorPass visitor;
  // A keyed hash of the visitor's network that is of no use after the hour.
  std::string network;
  std::string request_id;
  TraceContext trace;
  absl::Time deadline = absl::InfiniteFuture();

  // The context bound to this thread, or an empty one (workers, tests).
  static const RequestContext& Current();
};

// True for 1..64 of letters, digits, '.', '_' and '-'.
bool IsRequestId(absl::string_view text);

// Binds a context to this thread for a scope.
class ScopedRequestContext {
 public:
  explicit ScopedRequestContext(const RequestContext& context);
  ~ScopedRequestContext();
  ScopedRequestContext(const ScopedRequestContext&) = delete;
  ScopedRequestContext& operator=(const ScopedRequestContext&) = delete;

 private:
  const RequestContext* outer_;
};

// The metadata keys, in one place. A service reads nothing else, and the
// gateway lets no other client byte through.
inline constexpr char kIdentityKey[] = "x-rostrum-identity";  // identity token
inline constexpr char kVisitorKey[] = "x-rostrum-visitor";    // "<id>.<secret>[.fresh]"
inline constexpr char kNetworkKey[] = "x-rostrum-network";    // keyed hash
inline constexpr char kRequestIdKey[] = "x-request-id";
inline constexpr char kTraceparentKey[] = "traceparent";
inline constexpr char kTracestateKey[] = "tracestate";
// In answers (initial metadata), for the gateway:
inline constexpr char kKeepVisitorKey[] = "x-rostrum-keep-visitor";  // "1": set the pass cookie
inline constexpr char kSetSessionKey[] = "x-rostrum-set-session";  // the session token, "" ends it
inline constexpr char kEtagKey[] = "x-rostrum-etag";               // entity tag of the answer

}  // namespace rostrum
