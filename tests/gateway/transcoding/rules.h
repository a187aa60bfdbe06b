#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gateway/transcoding/route_table.h"
#include "google/api/annotations.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "rostrum/http/v1/http.pb.h"
#include "rostrum/library/v1/library.pb.h"

namespace rostrum::gateway {

namespace library = rostrum::library::v1;

// A service made up for a test: one RPC for each rule, which is an HttpRule as
// text. All take and return the same messages.
class RuleService {
 public:
  struct Rpc {
    std::string rule;
    std::string request = "rostrum.library.v1.Kinds";
    std::string response = "rostrum.library.v1.Kinds";
    bool client_streaming = false;
    bool server_streaming = false;
    bool same_for_visitors = false;
  };

  explicit RuleService(const std::vector<Rpc>& rpcs) {
    google::protobuf::FileDescriptorProto file;
    file.set_name("rules.proto");
    file.set_package("rostrum.rules.v1");
    file.set_syntax("proto3");
    file.add_dependency(library::Kinds::descriptor()->file()->name());
    file.add_dependency(http::v1::HttpBody::descriptor()->file()->name());
    auto* service = file.add_service();
    service->set_name("RuleService");
    for (const Rpc& rpc : rpcs) {
      auto* method = service->add_method();
      method->set_name(absl::StrCat("Rpc", service->method_size()));
      method->set_input_type(absl::StrCat(".", rpc.request));
      method->set_output_type(absl::StrCat(".", rpc.response));
      method->set_client_streaming(rpc.client_streaming);
      method->set_server_streaming(rpc.server_streaming);
      if (rpc.same_for_visitors) {
        method->mutable_options()->SetExtension(http::v1::same_for_visitors, true);
      }
      EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
          rpc.rule, method->mutable_options()->MutableExtension(google::api::http)));
    }
    file_ = pool_.BuildFile(file);
    EXPECT_NE(file_, nullptr);
  }

  absl::StatusOr<RouteTable> Table() const { return RouteTable::Create({file_->service(0)}); }

 private:
  google::protobuf::DescriptorPool pool_{google::protobuf::DescriptorPool::generated_pool()};
  const google::protobuf::FileDescriptor* file_ = nullptr;
};

// One RPC that is reached by GET at each template.
inline RuleService GetService(const std::vector<std::string>& templates) {
  std::vector<RuleService::Rpc> rpcs;
  for (const std::string& text : templates) rpcs.push_back({absl::StrCat("get: \"", text, "\"")});
  return RuleService(rpcs);
}

// The routes of the test's library.
inline RouteTable LibraryTable() {
  auto table = RouteTable::Create(*LinkedServices({"rostrum.library.v1.LibraryService"}));
  EXPECT_TRUE(table.ok()) << table.status();
  return *std::move(table);
}

}  // namespace rostrum::gateway
