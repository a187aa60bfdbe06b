#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/common/rpc/caller.h"
#include "services/common/trace/trace_context.h"

namespace rostrum {

// The pass that a visitor's browser keeps in a cookie, under which free reads and offers
// are counted: a random id and a random secret. It is never connected with an account or an
// address and never logged.
struct VisitorPass {
  std::string id;      // base64url of 16 bytes
  std::string secret;  // base64url of 32 bytes
  // True if the gateway made it for this very request: the first visit.
  bool fresh = false;

  bool empty() const { return id.empty(); }
  // Reads "<id>.<secret>[.fresh]"; nullopt if it is anything else.
  static std::optional<VisitorPass> Parse(absl::string_view text);
  std::string ToString() const;
  // HMAC(secret, subject): all that is stored of a read.
  std::string Digest(absl::string_view subject) const;
  // SHA-256 of the id, base64url: the key under which state is kept.
  std::string KeyHash() const;
};

// Everything about one call that is not in its message. HandleRpc makes it and binds it to
// the thread of the handler. There the PostgreSQL pool reads the deadline, and outgoing
// calls read deadline, request id and trace.
struct RequestContext {
  Caller caller;
  VisitorPass visitor;
  // A keyed hash of the visitor's network. The key changes every hour.
  std::string network;
  std::string request_id;
  TraceContext trace;
  absl::Time deadline = absl::InfiniteFuture();

  absl::Duration TimeLeft() const;

  // The context bound to this thread, or an empty one (workers, tests).
  static const RequestContext& Current();
};

// True for 1..64 of letters, digits, '.', '_' and '-'.
bool IsRequestId(absl::string_view text);

// Binds a context, and its trace, to this thread for a scope.
class ScopedRequestContext {
 public:
  explicit ScopedRequestContext(const RequestContext& context);
  ~ScopedRequestContext();
  ScopedRequestContext(const ScopedRequestContext&) = delete;
  ScopedRequestContext& operator=(const ScopedRequestContext&) = delete;

 private:
  const RequestContext* outer_;
  const ScopedTrace trace_;
};

// Bind it for work that a thread does for several requests at once. It has its own
// deadline, so that the deadline of one request does not end the work for the others.
class ScopedBatchContext {
 public:
  explicit ScopedBatchContext(absl::Duration time);

 private:
  const RequestContext context_;
  const ScopedRequestContext bound_;
};

// The metadata keys that services read, beside kDeadlineKey (call_deadline.h). The gateway
// makes their values itself and passes no other metadata on.
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
