#include "services/common/rpc/metrics_endpoint.h"

#include <exception>

#include "absl/strings/str_cat.h"

namespace rostrum {
namespace {

// The metrics that prometheus-cpp adds to every endpoint.
const CounterFamily kBytes{"exposer_transferred_bytes_total",
                           "Transferred bytes to metrics services"};
const CounterFamily kScrapes{"exposer_scrapes_total", "Number of times metrics were scraped"};
const SummaryFamily kLatencies{"exposer_request_latencies",
                               "Latencies of serving scrape requests, in microseconds"};

}  // namespace

absl::StatusOr<std::unique_ptr<prometheus::Exposer>> ServeMetrics(const std::string& address,
                                                                  Metrics& metrics) {
  try {
    // A connection that sends nothing holds a thread for half a minute.
    constexpr size_t kThreads = 4;
    auto exposer = std::make_unique<prometheus::Exposer>(address, kThreads);
    exposer->RegisterCollectable(metrics.collectable());
    return exposer;
  } catch (const std::exception& e) {
    return absl::UnavailableError(
        absl::StrCat("cannot serve metrics at ", address, ": ", e.what()));
  }
}

}  // namespace rostrum
