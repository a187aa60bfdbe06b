#pragma once

#include <vector>

#include "prometheus/metric_family.h"

namespace rostrum {

// process_* as Prometheus' own clients name them, read from /proc now, and
// build_info. What cannot be read is left out.
std::vector<prometheus::MetricFamily> ProcessMetrics();

}  // namespace rostrum
