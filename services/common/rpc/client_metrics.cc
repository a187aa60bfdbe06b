#include "services/common/rpc/client_metrics.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "rostrum/access/v1/access.pb.h"

namespace rostrum {
namespace {

using google::protobuf::MethodDescriptor;

const CounterFamily kStarted{"grpc_client_started_total",
                             "RPCs to other services that were begun, each try that we make.",
                             {"grpc_service", "grpc_method", "grpc_type"}};
const CounterFamily kHandled{
    "grpc_client_handled_total",
    "RPCs to other services that ended, each try that we make, by outcome.",
    {"grpc_service", "grpc_method", "grpc_type", "grpc_code"}};
const HistogramFamily kSeconds{"grpc_client_handling_seconds",
                               "Time until another service answered.",
                               {"grpc_service", "grpc_method", "grpc_type"}};

std::string PackageOf(const std::string& backend) {
  return absl::StrCat("rostrum.", backend, ".v1");
}

std::string PathOf(const MethodDescriptor& method) {
  return absl::StrCat("/", RpcName::Of(method).Full());
}

}  // namespace

void ClientMetrics::Prepare(const std::string& backend,
                            const std::function<bool(const MethodDescriptor&)>& wanted) {
  const std::string package = PackageOf(backend);
  ForEachRpc([&](const MethodDescriptor& method) {
    if (method.file()->package() == package && wanted(method)) Find(PathOf(method));
  });
}

RpcMetrics& ClientMetrics::Find(const std::string& path) {
  absl::MutexLock lock(&mu_);
  std::unique_ptr<RpcMetrics>& kept = by_path_[path];
  if (kept == nullptr) {
    kept = std::make_unique<RpcMetrics>(metrics_, RpcFamilies{kStarted, kHandled, kSeconds},
                                        RpcName::OfPath(path));
  }
  return *kept;
}

bool NamesCaller(const MethodDescriptor& method, const std::string& service) {
  const auto& services = method.options().GetExtension(access::v1::access).services();
  return std::find(services.begin(), services.end(), service) != services.end();
}

bool IsForPeople(const MethodDescriptor& method) {
  const auto& callers = method.options().GetExtension(access::v1::access).callers();
  return std::any_of(callers.begin(), callers.end(),
                     [](int caller) { return caller != access::v1::CALLER_SERVICE; });
}

std::string RpcPath(const std::string& backend, absl::string_view method) {
  const std::string package = PackageOf(backend);
  std::string path;
  ForEachRpc([&](const MethodDescriptor& candidate) {
    if (candidate.file()->package() == package && candidate.name() == method) {
      path = PathOf(candidate);
    }
  });
  return path.empty() ? absl::StrCat("/", package, "/", std::string(method)) : path;
}

}  // namespace rostrum
