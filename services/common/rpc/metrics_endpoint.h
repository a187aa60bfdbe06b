#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "prometheus/exposer.h"
#include "services/common/base/metrics.h"

namespace rostrum {

// Serves /metrics at "host:port". UNAVAILABLE if the address cannot be bound.
absl::StatusOr<std::unique_ptr<prometheus::Exposer>> ServeMetrics(const std::string& address,
                                                                  Metrics& metrics);

}  // namespace rostrum
