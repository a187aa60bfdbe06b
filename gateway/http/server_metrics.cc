#include "gateway/http/server_metrics.h"

#include "absl/strings/str_cat.h"

namespace rostrum::http {
namespace {

const CounterFamily kRequests{
    "http_requests_total", "Requests answered.", {"method", "route", "code"}};
const HistogramFamily kSeconds{"http_request_duration_seconds",
                               "From the end of the request to the last byte sent.",
                               {"method", "route"}};
const GaugeFamily kInFlight{"http_requests_in_flight", "Requests that are being answered."};
const CounterFamily kRequestsRefused{
    "http_requests_refused_total", "Requests refused before they were routed.", {"code", "reason"}};
const GaugeFamily kConnections{"http_connections", "Open client connections."};
const CounterFamily kConnectionsRefused{
    "http_connections_refused_total", "Connections turned away, by limit.", {"reason"}};

}  // namespace

ServerMetrics::ServerMetrics(Metrics& metrics)
    : metrics_(metrics),
      connections_(metrics.Gauge(kConnections)),
      in_flight_(metrics.Gauge(kInFlight)) {
  for (const char* limit : {"total", "host", "accept"}) {
    metrics.Counter(kConnectionsRefused, {limit});
  }
}

void ServerMetrics::ConnectionOpened() { connections_.Increment(); }
void ServerMetrics::ConnectionClosed() { connections_.Decrement(); }

void ServerMetrics::ConnectionRefused(absl::string_view reason) {
  metrics_.Counter(kConnectionsRefused, {std::string(reason)}).Increment();
}

void ServerMetrics::RequestRefused(const Refusal& refusal) {
  metrics_.Counter(kRequestsRefused, {absl::StrCat(refusal.status), refusal.reason}).Increment();
}

void ServerMetrics::RequestStarted(const RequestHead&) { in_flight_.Increment(); }

void ServerMetrics::RequestDone(const Done& done) {
  in_flight_.Decrement();
  const Route route = RouteMetrics(done.request.method, done.response.route, done.response.status);
  route.requests->Increment();
  route.seconds->Observe(absl::ToDoubleSeconds(done.took));
}

ServerMetrics::Route ServerMetrics::RouteMetrics(const std::string& method,
                                                 const std::string& route, int code) {
  absl::MutexLock lock(&mu_);
  const auto [found, added] = routes_.try_emplace({method, route, code});
  if (added) {
    const std::string label = route.empty() ? "none" : route;
    found->second.requests = &metrics_.Counter(kRequests, {method, label, absl::StrCat(code)});
    found->second.seconds = &metrics_.Seconds(kSeconds, {method, label});
  }
  return found->second;
}

}  // namespace rostrum::http
