#include "gateway/proxy/request_log.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/base/log.h"
#include "services/common/rpc/caller.h"
#include "services/common/trace/access_log.h"
#include "services/common/trace/span.h"

namespace rostrum::gateway {
namespace {

constexpr int kUnavailable = 503;
constexpr int kTimeout = 504;
// TLS ends in front of the gateway, and headers of proxies about it are not trusted.
constexpr char kScheme[] = "http";

Ending EndingOf(int status) {
  if (status == kUnavailable || status == kTimeout) return Ending::kAway;
  return status >= 500 ? Ending::kOurFault : Ending::kFine;
}

LogBudget& Lines() {
  static LogBudget* const budget = new LogBudget(kAccessLinesPerSecond);
  return *budget;
}

void Trace(const http::HttpObserver::Done& done) {
  Span span = Span::Of(done.response.trace, SpanKind::kServer, done.request.method);
  if (!span.recorded()) return;
  const http::HttpResponse& response = done.response;
  if (!response.route.empty() && response.route != "none") {
    span.SetName(absl::StrCat(done.request.method, " ", response.route));
    span.Set({"http.route", response.route});
  }
  span.SetStart(absl::Now() - done.took);
  span.Set({"http.request.method", done.request.method});
  span.Set({"url.scheme", kScheme});
  span.Set({"http.response.status_code", response.status});
  if (response.status >= 500) span.Fail(absl::StrCat(response.status));
}

void Log(const http::HttpObserver::Done& done) {
  const http::HttpResponse& response = done.response;
  const bool is_stream = response.stream != nullptr;
  const LogLevel level = AccessLevel(EndingOf(response.status),
                                     is_stream ? absl::ZeroDuration() : done.took, response.trace);
  if (!LogEnabled(level)) return;
  LogFields fields = {{"http.method", done.request.method},
                      {"http.route", response.route.empty() ? "none" : response.route},
                      {"http.status", response.status},
                      {"duration_ms", absl::ToDoubleMilliseconds(done.took)},
                      {"bytes", static_cast<int64_t>(done.bytes_sent)}};
  if (!done.complete) fields.emplace_back("complete", false);
  if (!response.request_id.empty()) {
    fields.emplace_back("request_id", response.request_id);
    fields.emplace_back("trace_id", response.trace.trace_id);
    fields.emplace_back("span_id", response.trace.span_id);
  }
  if (!response.account_id.empty()) {
    fields.emplace_back("subject", LoggedSubject(response.account_id));
  }
  Lines().Log(level, "http", std::move(fields));
}

}  // namespace

void RequestLog::RequestRefused(const http::Refusal& refusal) {
  ServerMetrics::RequestRefused(refusal);
  if (!LogEnabled(LogLevel::kDebug)) return;
  LogDebug("http refused", {{"http.status", refusal.status}, {"reason", refusal.reason}});
}

void RequestLog::RequestDone(const Done& done) {
  ServerMetrics::RequestDone(done);
  Trace(done);
  Log(done);
}

}  // namespace rostrum::gateway
