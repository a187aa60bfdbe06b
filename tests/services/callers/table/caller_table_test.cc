#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "gateway/public_services.h"
#include "gtest/gtest.h"
#include "rostrum/access/v1/access.pb.h"
#include "rostrum/event/v1/event_service.pb.h"
#include "rostrum/http/v1/http.pb.h"
#include "services/common/rpc/access.h"

namespace rostrum {
namespace {

std::vector<const google::protobuf::ServiceDescriptor*> AllServices() {
  std::vector<const google::protobuf::ServiceDescriptor*> services = gateway::PublicServices();
  services.push_back(event::v1::Position::descriptor()->file()->service(0));
  return services;
}

// The table as it is reviewed: whoever changes it sees it change.
TEST(CallerTable, GoldenTable) {
  const std::string table = AccessTable(AllServices());
  if (std::getenv("ROSTRUM_UPDATE_GOLDEN") != nullptr) std::ofstream(CALLER_TABLE) << table;
  std::ifstream file(CALLER_TABLE);
  std::ostringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(table, golden.str()) << "if this is meant: make golden";
}

TEST(CallerTable, EveryRpcNamesItsCallers) {
  for (const google::protobuf::ServiceDescriptor* service : AllServices()) {
    for (int i = 0; i < service->method_count(); ++i) {
      const google::protobuf::MethodDescriptor* method = service->method(i);
      EXPECT_FALSE(method->options().GetExtension(access::v1::access).callers().empty())
          << method->full_name();
    }
  }
}

// The gateway asks for it without saying who asked.
TEST(CallerTable, WhatIsTheSameForVisitorsIsForAnyoneToRead) {
  for (const google::protobuf::ServiceDescriptor* service : AllServices()) {
    for (int i = 0; i < service->method_count(); ++i) {
      const google::protobuf::MethodOptions& options = service->method(i)->options();
      if (!options.GetExtension(http::v1::same_for_visitors)) continue;
      const auto& callers = options.GetExtension(access::v1::access).callers();
      EXPECT_EQ(std::vector<int>(callers.begin(), callers.end()),
                std::vector<int>{access::v1::CALLER_ANYONE})
          << service->method(i)->full_name();
      EXPECT_EQ(options.idempotency_level(), google::protobuf::MethodOptions::NO_SIDE_EFFECTS)
          << service->method(i)->full_name();
    }
  }
}

// Clients retry what is marked and nothing else. These must not be repeated
// blindly: a second time says that the first has changed something.
TEST(CallerTable, WhatIsNotSafeToRepeatIsKnown) {
  std::set<std::string> unmarked;
  for (const google::protobuf::ServiceDescriptor* service : AllServices()) {
    for (int i = 0; i < service->method_count(); ++i) {
      const google::protobuf::MethodDescriptor* method = service->method(i);
      if (!method->options().has_idempotency_level()) unmarked.insert(method->name());
    }
  }
  for (const std::string& name : unmarked) {
    const bool change =
        name.starts_with("Update") || name.starts_with("Delete") || name.starts_with("Change") ||
        name.starts_with("Log") || name.starts_with("Redeem") || name.starts_with("Reset") ||
        name.starts_with("Request") || name.starts_with("Resend") || name.starts_with("Verify") ||
        name.starts_with("Create") || name.starts_with("Revoke");
    EXPECT_TRUE(change) << name << " looks like a read that is not marked as one";
  }
}

}  // namespace
}  // namespace rostrum
