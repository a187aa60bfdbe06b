#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "services/common/rpc/rpc_metrics.h"

namespace rostrum {

// grpc_client_* of the RPCs that a process makes. Thread-safe.
class ClientMetrics {
 public:
  explicit ClientMetrics(Metrics& metrics) : metrics_(metrics) {}

  // Creates the series of the RPCs of a backend ("content") for which `wanted` is true, so
  // that they are exported as 0 before the first call.
  void Prepare(const std::string& backend,
               const std::function<bool(const google::protobuf::MethodDescriptor&)>& wanted);
  // By path, "/rostrum.content.v1.PostService/GetPost"; made when first needed.
  RpcMetrics& Find(const std::string& path);

 private:
  Metrics& metrics_;
  absl::Mutex mu_;
  absl::flat_hash_map<std::string, std::unique_ptr<RpcMetrics>> by_path_ ABSL_GUARDED_BY(mu_);
};

// Whether the rule of an RPC names `service` ("comment") as one that may call it.
bool NamesCaller(const google::protobuf::MethodDescriptor& method, const std::string& service);
// Whether callers other than services may call it.
bool IsForPeople(const google::protobuf::MethodDescriptor& method);

// The path of the RPC of a backend ("content") that has this name; names are
// unique in a backend's package.
std::string RpcPath(const std::string& backend, absl::string_view method);

}  // namespace rostrum
