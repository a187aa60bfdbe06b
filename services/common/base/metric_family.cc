#include "services/common/base/metric_family.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "services/common/base/json_text.h"

namespace rostrum {
namespace {

// Constant-initialised, so it is there before the first family of any file.
const MetricFamily* last_declared = nullptr;

const char* NameOf(MetricFamily::Type type) {
  switch (type) {
    case MetricFamily::Type::kCounter: return "counter";
    case MetricFamily::Type::kGauge: return "gauge";
    case MetricFamily::Type::kHistogram: return "histogram";
    case MetricFamily::Type::kSummary: return "summary";
  }
  return "untyped";
}

}  // namespace

MetricFamily::MetricFamily(Type type, const char* name, const char* help,
                           std::initializer_list<const char*> labels)
    : type_(type), name_(name), help_(help), next_(last_declared) {
  if (labels.size() > labels_.size()) std::abort();  // at the start of the process
  std::copy(labels.begin(), labels.end(), labels_.begin());
  last_declared = this;
}

std::vector<std::string> MetricFamily::labels() const {
  std::vector<std::string> names;
  for (const char* label : labels_) {
    if (label != nullptr) names.emplace_back(label);
  }
  return names;
}

std::vector<const MetricFamily*> MetricFamily::All() {
  std::vector<const MetricFamily*> all;
  for (const MetricFamily* family = last_declared; family != nullptr; family = family->next_) {
    all.push_back(family);
  }
  std::sort(all.begin(), all.end(),
            [](const MetricFamily* a, const MetricFamily* b) { return a->name() < b->name(); });
  return all;
}

std::string MetricFamiliesJson() {
  std::string json = "[";
  for (const MetricFamily* family : MetricFamily::All()) {
    std::string labels;
    for (const std::string& label : family->labels()) {
      absl::StrAppend(&labels, labels.empty() ? "" : ",", JsonString(label));
    }
    absl::StrAppend(&json, json.size() > 1 ? ",\n " : "", "{\"name\":", JsonString(family->name()),
                    ",\"type\":\"", NameOf(family->type()),
                    "\",\"help\":", JsonString(family->help()), ",\"labels\":[", labels, "]}");
  }
  return json + "]";
}

}  // namespace rostrum
