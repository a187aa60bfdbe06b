#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/common/trace/span.h"

namespace rostrum {

// Attributes of all spans of a process (service.name and the like).
using ResourceAttributes = std::map<std::string, std::string>;

// The body of an OTLP/HTTP request: ExportTraceServiceRequest in OTLP's JSON,
// with ids in hex and nanoseconds as strings.
std::string OtlpJson(const ResourceAttributes& resource,
                     const std::vector<std::unique_ptr<SpanData>>& spans);

}  // namespace rostrum
