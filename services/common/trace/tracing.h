#pragma once

#include <memory>
#include <string>

#include "services/common/base/metrics.h"
#include "services/common/base/settings.h"
#include "services/common/trace/otlp_json.h"
#include "services/common/trace/sampler.h"
#include "services/common/trace/span_exporter.h"

namespace rostrum {

struct TraceSettings {
  std::string url;  // empty: no tracing
  Sampler sampler;
  ResourceAttributes resource;
};

// Declares and reads OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER,
// OTEL_TRACES_SAMPLER_ARG and OTEL_RESOURCE_ATTRIBUTES.
TraceSettings ReadTraceSettings(Settings& env);

// Turns tracing on for this process as long as it lives; there is only one. Create it
// before the first span and destroy it after the last.
class Tracing {
 public:
  // `service` is service.name, unless the settings give one.
  Tracing(const TraceSettings& settings, const std::string& service, Metrics& metrics);
  ~Tracing();
  Tracing(const Tracing&) = delete;
  Tracing& operator=(const Tracing&) = delete;

 private:
  std::unique_ptr<SpanExporter> exporter_;
};

}  // namespace rostrum
