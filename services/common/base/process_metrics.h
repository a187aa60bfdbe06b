#pragma once

#include <vector>

#include "prometheus/metric_family.h"

namespace rostrum {

// process_* under the names that Prometheus clients use, read from /proc now, and
// build_info. Values that cannot be read are left out.
std::vector<prometheus::MetricFamily> ProcessMetrics();

}  // namespace rostrum
