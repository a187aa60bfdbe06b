#include "services/common/rpc/rpc_metrics.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/descriptor_database.h"

namespace rostrum {
namespace {

Metrics::LabelValues LabelsOf(const RpcName& name) {
  return {name.service, name.method, name.server_streaming ? "server_stream" : "unary"};
}

}  // namespace

const google::protobuf::MethodDescriptor* MethodOfPath(absl::string_view path) {
  return google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
      absl::StrReplaceAll(absl::StripPrefix(path, "/"), {{"/", "."}}));
}

RpcName RpcName::Of(const google::protobuf::MethodDescriptor& method) {
  return {
      method.service()->full_name(), method.name(), method.server_streaming(),
      method.options().idempotency_level() != google::protobuf::MethodOptions::IDEMPOTENCY_UNKNOWN};
}

RpcName RpcName::OfPath(absl::string_view path) {
  path = absl::StripPrefix(path, "/");
  const size_t slash = path.find('/');
  if (slash == absl::string_view::npos) return {"", std::string(path)};
  if (const auto* method = MethodOfPath(path)) return Of(*method);
  return {std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
}

RpcMetrics::RpcMetrics(Metrics& metrics, const RpcFamilies& families, RpcName name)
    : metrics_(metrics),
      families_(families),
      name_(std::move(name)),
      started_(metrics.Counter(families.started, LabelsOf(name_))),
      seconds_(metrics.Seconds(families.seconds, LabelsOf(name_))) {
  HandledWith(grpc::StatusCode::OK);
}

void RpcMetrics::Handled(grpc::StatusCode code, double seconds) {
  seconds_.Observe(seconds);
  HandledWith(code).Increment();
}

prometheus::Counter& RpcMetrics::HandledWith(grpc::StatusCode code) {
  const size_t known = static_cast<size_t>(code) < handled_.size()
                           ? static_cast<size_t>(code)
                           : static_cast<size_t>(grpc::StatusCode::UNKNOWN);
  std::atomic<prometheus::Counter*>& kept = handled_[known];
  if (prometheus::Counter* counter = kept.load(std::memory_order_acquire)) return *counter;
  Metrics::LabelValues labels = LabelsOf(name_);
  labels.push_back(absl::StatusCodeToString(static_cast<absl::StatusCode>(known)));
  // Two threads may get here at once; both get the same counter.
  prometheus::Counter& counter = metrics_.Counter(families_.handled, labels);
  kept.store(&counter, std::memory_order_release);
  return counter;
}

void ForEachRpc(const std::function<void(const google::protobuf::MethodDescriptor&)>& visit) {
  std::vector<std::string> files;
  google::protobuf::DescriptorPool::internal_generated_database()->FindAllFileNames(&files);
  std::sort(files.begin(), files.end());
  for (const std::string& name : files) {
    if (!absl::StartsWith(name, "rostrum/")) continue;
    const auto* file = google::protobuf::DescriptorPool::generated_pool()->FindFileByName(name);
    for (int s = 0; file != nullptr && s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        visit(*file->service(s)->method(m));
      }
    }
  }
}

}  // namespace rostrum
