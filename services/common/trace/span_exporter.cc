#include "services/common/trace/span_exporter.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/base/log.h"
#include "services/common/curl/curl.h"

namespace rostrum {
namespace {

constexpr int kTries = 3;
constexpr absl::Duration kBackoff = absl::Seconds(1);

const CounterFamily kExported{"trace_spans_exported_total", "Spans that a collector took."};
const CounterFamily kDropped{
    "trace_spans_dropped_total", "Spans that were given up, by why.", {"reason"}};

int Progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return (*static_cast<const std::function<bool()>*>(user))() ? 1 : 0;
}

}  // namespace

// One connection to the collector, kept alive between requests.
class SpanExporter::Connection {
 public:
  // `give_up` is called from time to time; if it returns true, the request is aborted.
  Connection(const ExportOptions& options, std::function<bool()> give_up)
      : give_up_(std::move(give_up)), curl_(NewCurl(options.url, "http,https", options.timeout)) {
    Append(headers_, "Content-Type: application/json");
    curl_easy_setopt(curl_.get(), CURLOPT_HTTPHEADER, headers_.get());
    curl_easy_setopt(curl_.get(), CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl_.get(), CURLOPT_XFERINFOFUNCTION, Progress);
    curl_easy_setopt(curl_.get(), CURLOPT_XFERINFODATA, &give_up_);
  }

  Outcome Post(const std::string& body, std::string* error) {
    PostBody(curl_, body);
    const CURLcode result = curl_easy_perform(curl_.get());
    if (result != CURLE_OK) {
      *error = curl_easy_strerror(result);
      return Outcome::kAway;
    }
    const long code = ResponseCode(curl_);
    if (code / 100 == 2) return Outcome::kTaken;
    *error = absl::StrCat("HTTP ", code);
    // The codes after which OTLP allows a retry.
    return code == 429 || code == 502 || code == 503 || code == 504 ? Outcome::kAway
                                                                    : Outcome::kRefused;
  }

 private:
  const std::function<bool()> give_up_;
  CurlList headers_;  // must outlive curl_
  const Curl curl_;
};

SpanExporter::SpanExporter(ExportOptions options, Metrics& metrics)
    : options_(std::move(options)),
      exported_(metrics.Counter(kExported)),
      overflowed_(metrics.Counter(kDropped, {"queue_full"})),
      undelivered_(metrics.Counter(kDropped, {"not_taken"})) {
  thread_ = std::thread([this] { Run(); });
}

SpanExporter::~SpanExporter() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    give_up_ = absl::Now() + options_.flush;
  }
  thread_.join();
}

void DeclareSpanMetrics(Metrics& metrics) {
  metrics.Counter(kExported);
  for (const char* reason : {"queue_full", "not_taken"}) metrics.Counter(kDropped, {reason});
}

void SpanExporter::Add(std::unique_ptr<SpanData> span) {
  {
    absl::MutexLock lock(&mu_);
    if (queue_.size() < options_.queue) {
      queue_.push_back(std::move(span));
      return;
    }
  }
  overflowed_.Increment();
}

void SpanExporter::Run() {
  Connection connection(options_, [this] { return OutOfTime(); });
  for (Batch batch = Take(); !batch.empty(); batch = Take()) Send(connection, batch);
}

SpanExporter::Batch SpanExporter::Take() {
  Batch batch;
  absl::MutexLock lock(&mu_);
  const auto enough = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) {
    return stopping_ || queue_.size() >= options_.batch;
  };
  const auto any = [this]()
                       ABSL_SHARED_LOCKS_REQUIRED(mu_) { return stopping_ || !queue_.empty(); };
  mu_.Await(absl::Condition(&any));
  mu_.AwaitWithTimeout(absl::Condition(&enough), options_.interval);
  while (!queue_.empty() && batch.size() < options_.batch) {
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return batch;
}

void SpanExporter::Send(Connection& connection, const Batch& batch) {
  const std::string body = OtlpJson(options_.resource, batch);
  std::string error = "no time was left";
  Outcome outcome = Outcome::kAway;
  for (int attempt = 0; attempt < kTries && outcome == Outcome::kAway; ++attempt) {
    if (attempt > 0 && !Pause(kBackoff * (1 << attempt))) break;
    if (OutOfTime()) break;
    outcome = connection.Post(body, &error);
  }
  Tell(outcome, error);
  auto& counter = outcome == Outcome::kTaken ? exported_ : undelivered_;
  counter.Increment(static_cast<double>(batch.size()));
}

// Logs only changes, because there are many spans.
void SpanExporter::Tell(Outcome outcome, const std::string& error) {
  const bool away = outcome != Outcome::kTaken;
  if (away && !away_) LogWarning("traces are not taken by the collector", {{"error", error}});
  if (!away && away_) LogInfo("traces are taken by the collector again");
  away_ = away;
}

bool SpanExporter::Pause(absl::Duration duration) {
  absl::MutexLock lock(&mu_);
  mu_.AwaitWithTimeout(absl::Condition(&stopping_), duration);
  return absl::Now() < give_up_;
}

bool SpanExporter::OutOfTime() {
  absl::MutexLock lock(&mu_);
  return absl::Now() >= give_up_;
}

}  // namespace rostrum
