#pragma once

#include <string>
#include <tuple>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "gateway/http/server.h"
#include "services/common/base/metrics.h"

namespace rostrum::http {

// http_requests_total{method,route,code}, http_request_duration_seconds
// {method,route}, http_requests_in_flight, http_requests_refused_total{code,
// reason}, http_connections and http_connections_refused_total{reason}. The
// route is HttpResponse::route, or "none". Thread-safe.
class ServerMetrics : public HttpObserver {
 public:
  explicit ServerMetrics(Metrics& metrics);

  void ConnectionOpened() override;
  void ConnectionClosed() override;
  void ConnectionRefused(absl::string_view reason) override;
  void RequestRefused(const Refusal& refusal) override;
  void RequestStarted(const RequestHead& request) override;
  void RequestDone(const Done& done) override;

 private:
  struct Route {
    prometheus::Counter* requests;
    prometheus::Histogram* seconds;
  };
  Route RouteMetrics(const std::string& method, const std::string& route, int code);

  Metrics& metrics_;
  prometheus::Gauge& connections_;
  prometheus::Gauge& in_flight_;
  absl::Mutex mu_;
  absl::flat_hash_map<std::tuple<std::string, std::string, int>, Route> routes_
      ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum::http
