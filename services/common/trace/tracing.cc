#include "services/common/trace/tracing.h"

#include <curl/curl.h>

#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "services/common/base/ids.h"
#include "services/common/base/log.h"
#include "services/common/base/version.h"

namespace rostrum {
namespace {

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct TextDeleter {
  void operator()(char* text) const { curl_free(text); }
};

// A part of a URL; empty if it has none.
std::string Part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return "";
  const std::unique_ptr<char, TextDeleter> owned(text);
  return text;
}

// The URL for traces below `endpoint`; nullopt if that is not a plain HTTP URL. A user name or
// password is refused, because it would be readable in manifests.
std::optional<std::string> TracesUrl(const std::string& endpoint) {
  const std::unique_ptr<CURLU, UrlDeleter> url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, endpoint.c_str(), 0) != CURLUE_OK) {
    return std::nullopt;
  }
  const std::string scheme = Part(url.get(), CURLUPART_SCHEME);
  const bool plain = Part(url.get(), CURLUPART_USER).empty() &&
                     Part(url.get(), CURLUPART_QUERY).empty() &&
                     Part(url.get(), CURLUPART_FRAGMENT).empty();
  if ((scheme != "http" && scheme != "https") || !plain) return std::nullopt;
  return absl::StrCat(endpoint, absl::EndsWith(endpoint, "/") ? "" : "/", "v1/traces");
}

// "key=value,key=value", values percent-encoded where they must be.
ResourceAttributes ReadResource(Settings& env) {
  ResourceAttributes attributes;
  const std::string text = env.String("OTEL_RESOURCE_ATTRIBUTES", "",
                                      "More attributes of the process, as key=value,key=value.");
  for (const absl::string_view pair : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
    const size_t equals = pair.find('=');
    const std::string key(absl::StripAsciiWhitespace(pair.substr(0, equals)));
    if (equals == absl::string_view::npos || key.empty()) {
      env.AddError("OTEL_RESOURCE_ATTRIBUTES: not key=value,key=value");
      break;
    }
    const std::string value(absl::StripAsciiWhitespace(pair.substr(equals + 1)));
    int size = 0;
    const std::unique_ptr<char, TextDeleter> decoded(
        curl_easy_unescape(nullptr, value.data(), static_cast<int>(value.size()), &size));
    if (decoded != nullptr) attributes[key] = std::string(decoded.get(), size);
  }
  return attributes;
}

}  // namespace

TraceSettings ReadTraceSettings(Settings& env) {
  TraceSettings settings;
  const std::string endpoint =
      env.String("OTEL_EXPORTER_OTLP_ENDPOINT", "",
                 "OTLP/HTTP collector for traces, as http://host:4318; empty: none.");
  const std::string sampler =
      env.String("OTEL_TRACES_SAMPLER", "parentbased_traceidratio",
                 "Which traces are recorded: always_on, always_off or traceidratio, each also "
                 "with parentbased_ in front.");
  const std::string share =
      env.String("OTEL_TRACES_SAMPLER_ARG", "1", "Share that traceidratio records, 0 to 1.");
  settings.resource = ReadResource(env);
  if (const auto parsed = Sampler::Parse(sampler, share); parsed.ok()) {
    settings.sampler = *parsed;
  } else {
    env.AddError(absl::StrCat("OTEL_TRACES_SAMPLER: ", std::string(parsed.status().message())));
  }
  if (endpoint.empty()) return settings;
  if (std::optional<std::string> url = TracesUrl(endpoint)) {
    settings.url = *std::move(url);
  } else {
    env.AddError("OTEL_EXPORTER_OTLP_ENDPOINT: not an http or https URL without password or query");
  }
  return settings;
}

Tracing::Tracing(const TraceSettings& settings, const std::string& service, Metrics& metrics) {
  ResourceAttributes resource = settings.resource;
  resource.insert({{"service.namespace", "rostrum"},
                   {"service.name", service},
                   {"service.version", kVersion},
                   {"service.instance.id", NewUuid(absl::Now())}});
  DeclareSpanMetrics(metrics);
  if (settings.url.empty()) return;
  exporter_ = std::make_unique<SpanExporter>(
      ExportOptions{.url = settings.url, .resource = std::move(resource)}, metrics);
  Sampler::PutInForce(settings.sampler);
  SetSpanSink(exporter_.get());
  LogInfo("traces are exported");
}

Tracing::~Tracing() {
  SetSpanSink(nullptr);
  Sampler::PutInForce(Sampler());
}

}  // namespace rostrum
