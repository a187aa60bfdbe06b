#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gateway/public_services.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/impl/codegen/client_unary_call.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/byte_buffer.h"
#include "gtest/gtest.h"
#include "rostrum/event/v1/event_service.pb.h"
#include "services/common/base/clock.h"
#include "services/common/base/status.h"
#include "services/common/rpc/access.h"
#include "services/common/rpc/grpc_status.h"
#include "services/common/rpc/identity.h"
#include "services/common/rpc/request_context.h"

// Every RPC of every running service, called by everybody. Runs inside a local
// stack (ctest "callers"), whose keys sign for any caller.

namespace rostrum {
namespace {

using google::protobuf::MethodDescriptor;

const std::vector<std::string>& Services() {
  static const auto* const services =
      new std::vector<std::string>{"account", "subscription", "content", "feed", "comment"};
  return *services;
}

std::string Setting(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr) ADD_FAILURE() << name << " is not set: run it by ctest -R callers";
  return value == nullptr ? "" : value;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Reasons that only the caller table gives.
bool IsRefusal(const absl::Status& status) {
  static const auto* const reasons =
      new std::set<std::string>{"LOGIN_REQUIRED", "ROLE_REQUIRED", "SCOPE_REQUIRED",
                                "SERVICE_ONLY",   "ACCOUNT_ONLY",  "NOT_CALLABLE"};
  return reasons->contains(ReasonOf(status));
}

Caller Account(const std::set<std::string>& roles) {
  Caller caller;
  caller.kind = Caller::Kind::kAccount;
  caller.account_id = AccountId("00000000-0000-7000-8000-00000000000a");
  caller.session_id = SessionId("00000000-0000-7000-8000-00000000000b");
  caller.display_name = "Reader";
  caller.roles = roles;
  caller.has_all_scopes = true;
  return caller;
}

Caller WithScope(const std::string& scope) {
  Caller caller = Account({"author", "moderator", "editor", "admin"});
  caller.session_id = SessionId();
  caller.has_all_scopes = false;
  caller.scopes = {scope};
  return caller;
}

std::map<std::string, Caller> Callers() {
  std::map<std::string, Caller> callers = {{"nobody", Caller()},
                                           {"a reader", Account({})},
                                           {"an author", Account({"author"})},
                                           {"a moderator", Account({"moderator"})},
                                           {"an editor", Account({"editor"})},
                                           {"an admin", Account({"admin"})},
                                           {"a token that reads", WithScope("read")},
                                           {"a token that writes", WithScope("write")}};
  std::vector<std::string> services = Services();
  services.push_back("gateway");
  for (const std::string& name : services) {
    Caller caller;
    caller.kind = Caller::Kind::kService;
    caller.service = name;
    callers[absl::StrCat("the service ", name)] = caller;
  }
  return callers;
}

class CallersTest : public ::testing::TestWithParam<std::string> {
 protected:
  CallersTest()
      : channel_(grpc::CreateChannel(Setting(absl::AsciiStrToUpper(GetParam()) + "_TARGET"),
                                     grpc::InsecureChannelCredentials())) {}

  // The RPCs that this service serves.
  std::vector<const MethodDescriptor*> Methods() {
    std::vector<const google::protobuf::ServiceDescriptor*> services = gateway::PublicServices();
    std::erase_if(services, [](const auto* service) {
      return service->file()->package() != absl::StrCat("rostrum.", GetParam(), ".v1");
    });
    services.push_back(event::v1::Position::descriptor()->file()->service(0));
    std::vector<const MethodDescriptor*> methods;
    for (const auto* service : services) {
      for (int i = 0; i < service->method_count(); ++i) methods.push_back(service->method(i));
    }
    return methods;
  }

  std::string Token(const Caller& caller, const std::string& audience) {
    const std::string issuer = caller.IsService() ? caller.service : "account";
    const auto signer = IdentitySigner::Parse(
        ReadFile(absl::StrCat(Setting("ROSTRUM_KEYS"), "/", issuer, ".key.json")), clock_);
    return signer.value().Sign(caller, audience);
  }

  // Calls with an empty request.
  absl::Status Call(const MethodDescriptor& method, const std::string& identity,
                    bool is_admitted = false) {
    grpc::ClientContext context;
    // A stream that is admitted does not end by itself.
    const bool endless = is_admitted && method.server_streaming();
    context.set_deadline(
        absl::ToChronoTime(absl::Now() + (endless ? absl::Milliseconds(400) : absl::Seconds(10))));
    if (!identity.empty()) context.AddMetadata(kIdentityKey, identity);
    const std::string path = absl::StrCat("/", method.service()->full_name(), "/", method.name());
    const grpc::internal::RpcMethod rpc(path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC,
                                        channel_);
    grpc::Slice empty("");
    const grpc::ByteBuffer bytes(&empty, 1);
    grpc::ByteBuffer response;
    return FromGrpcStatus(grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
        channel_.get(), rpc, &context, bytes, &response));
  }

  SystemClock clock_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_P(CallersTest, EveryRpcAdmitsWhomTheTableNamesAndNobodyElse) {
  for (const auto& [name, caller] : Callers()) {
    const std::string identity =
        caller.kind == Caller::Kind::kAnonymous ? "" : Token(caller, GetParam());
    for (const MethodDescriptor* method : Methods()) {
      const absl::Status table = CheckCaller(*method, caller);
      const absl::Status answer = Call(*method, identity, table.ok());
      if (table.ok()) {
        EXPECT_FALSE(IsRefusal(answer)) << method->full_name() << " by " << name << ": " << answer;
        EXPECT_NE(answer.code(), absl::StatusCode::kUnimplemented) << method->full_name();
      } else {
        EXPECT_EQ(answer.code(), table.code()) << method->full_name() << " by " << name;
        EXPECT_EQ(ReasonOf(answer), ReasonOf(table)) << method->full_name() << " by " << name;
      }
    }
  }
}

TEST_P(CallersTest, AnIdentityThatProvesNothingIsRefusedEverywhere) {
  Caller reader = Account({"admin"});
  const std::string good = Token(reader, GetParam());
  std::string forged = good;
  forged[forged.size() / 2] = forged[forged.size() / 2] == 'A' ? 'B' : 'A';
  for (const std::string& identity :
       {std::string("v4.public.x"), forged, Token(reader, "gateway")}) {
    for (const MethodDescriptor* method : Methods()) {
      EXPECT_EQ(Call(*method, identity).code(), absl::StatusCode::kUnauthenticated)
          << method->full_name();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, CallersTest, ::testing::ValuesIn(Services()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace rostrum
