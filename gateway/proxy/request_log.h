#pragma once

#include "gateway/http/server_metrics.h"

namespace rostrum::gateway {

// Records every HTTP request: its metrics, its span ("GET /v1/posts") and its log line.
// They name the route, never the path, and the account only as a hash. Thread-safe.
class RequestLog final : public http::ServerMetrics {
 public:
  using ServerMetrics::ServerMetrics;

  void RequestRefused(const http::Refusal& refusal) override;
  void RequestDone(const Done& done) override;
};

}  // namespace rostrum::gateway
