#include "tests/gateway/web/told_services.h"

#include <utility>

#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/support/byte_buffer.h"
#include "services/common/rpc/grpc_status.h"

namespace rostrum::gateway {

// Reads the one request of a call and answers it.
class ToldServices::Call final : public grpc::ServerGenericBidiReactor {
 public:
  Call(ToldServices& services, std::string method)
      : services_(services), method_(std::move(method)) {
    StartRead(&message_);
  }

  void OnReadDone(bool ok) override {
    grpc::Slice slice;
    if (!ok || !message_.DumpToSingleSlice(&slice).ok()) {
      return Finish({grpc::StatusCode::INTERNAL, "no request came"});
    }
    const absl::StatusOr<std::string> answer = services_.Take(
        method_, std::string(reinterpret_cast<const char*>(slice.begin()), slice.size()));
    if (!answer.ok()) return Finish(ToGrpcStatus(answer.status(), "test.rostrum"));
    const grpc::Slice bytes(*answer);
    message_ = grpc::ByteBuffer(&bytes, 1);
    StartWriteAndFinish(&message_, {}, grpc::Status::OK);
  }
  void OnDone() override { delete this; }

 private:
  ToldServices& services_;
  const std::string method_;
  grpc::ByteBuffer message_;
};

ToldServices::ToldServices() {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
  builder.RegisterCallbackGenericService(this);
  server_ = builder.BuildAndStart();
}

ToldServices::~ToldServices() { server_->Shutdown(); }

grpc::ServerGenericBidiReactor* ToldServices::CreateReactor(
    grpc::GenericCallbackServerContext* ctx) {
  return new Call(*this, ctx->method());
}

void ToldServices::Tell(const std::string& method, Answerer answerer) {
  absl::MutexLock lock(&mu_);
  answerers_.insert_or_assign(method, std::move(answerer));
}

absl::StatusOr<std::string> ToldServices::Take(const std::string& method, std::string request) {
  absl::MutexLock lock(&mu_);
  const std::string& asked = asked_[method] = std::move(request);
  const auto answerer = answerers_.find(method);
  if (answerer == answerers_.end()) return absl::UnimplementedError("no such method");
  return answerer->second(asked);
}

}  // namespace rostrum::gateway
