#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/common/rpc/caller.h"
#include "services/common/trace/trace_context.h"

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

// For work that this thread does for several requests at once: with a deadline of its
// own, so that none of them ends it for the others.
class ScopedBatchContext {
 public:
  explicit ScopedBatchContext(absl::Duration time);

 private:
  const RequestContext context_;
  const ScopedRequestContext bound_;
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
