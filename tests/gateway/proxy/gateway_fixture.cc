#include "tests/gateway/proxy/gateway_fixture.h"

#include <chrono>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gateway/public_services.h"
#include "gateway/transcoding/route_table.h"

namespace rostrum::gateway {
namespace {

std::unique_ptr<Transcoder> NewTranscoder() {
  auto services = PublicServices();
  services.push_back(google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
      library::v1::LibraryService::service_full_name()));
  auto transcoder = Transcoder::Create(services);
  EXPECT_TRUE(transcoder.ok()) << transcoder.status();
  return *std::move(transcoder);
}

http::HttpServerOptions OneThread() {
  http::HttpServerOptions options;
  options.threads = 1;
  return options;
}

}  // namespace

GatewayTest::GatewayTest() {
  account_.Serve({&identities_, &sessions_});
  comment_.Serve({&comments_});
  content_.Serve({&posts_, &catalog_});
  library_.Serve({&books_});
}

GatewayTest::~GatewayTest() {
  running_.reset();
  for (Backend* backend : {&account_, &comment_, &content_, &library_}) backend->Stop();
}

GatewayTest::Running::Running(GatewayTest& test)
    : transcoder(NewTranscoder()),
      backends({{"account", test.account_.target()},
                {"comment", test.comment_.target()},
                {"content", test.content_.target()},
                {"library", test.library_.target()}},
               grpc::InsecureChannelCredentials(), metrics),
      identities(backends, test.clock_),
      callers(test.browser_, identities, test.clock_),
      local(test.clock_),
      shared(test.clock_),
      blocking({}),
      limits(test.limits_, local, shared, blocking),
      shared_calls(backends, {.limits = {.long_call = absl::InfiniteDuration()}}),
      api(test.api_, *transcoder, backends, shared_calls, callers, limits),
      gateway({.hsts = false, .openapi = kOpenApi, .patience = test.patience_}, api, backends,
              test.pages_),
      server(OneThread(), gateway, observer) {
  const absl::Status started = server.Start();
  EXPECT_TRUE(started.ok()) << started;
}

GatewayTest::Running::~Running() {
  server.Stop(absl::ZeroDuration(), [this] {
    backends.CancelAll();
    blocking.Stop();
  });
}

int GatewayTest::Port() {
  if (running_ == nullptr) running_ = std::make_unique<Running>(*this);
  return running_->server.port();
}

double GatewayTest::sharers(const std::string& service) {
  Port();
  return running_->backends.sharers(service).Value();
}

MadeResponses& GatewayTest::made() {
  Port();
  return running_->shared_calls.made();
}

Gateway& GatewayTest::gateway() {
  Port();
  return running_->gateway;
}

ClientHeaders GatewayTest::AsAna(const ClientHeaders& more) {
  ClientHeaders headers = {{"Cookie", absl::StrCat("__Host-session=", kAnasSession)},
                           {"Origin", kOrigin}};
  headers.insert(headers.end(), more.begin(), more.end());
  return headers;
}

ClientResponse GatewayTest::CreateComment(const ClientHeaders& headers, const std::string& body) {
  ClientHeaders all = {{"Content-Type", "application/json"}};
  all.insert(all.end(), headers.begin(), headers.end());
  return Http().Post("/v1/posts/p1/comments", body, all);
}

nlohmann::json Json(const ClientResponse& response) {
  return nlohmann::json::parse(response.body, nullptr, /*allow_exceptions=*/false);
}

std::string ReasonOf(const ClientResponse& response) {
  const nlohmann::json json = Json(response);
  if (!json.is_object() || !json.contains("error")) return "";
  const nlohmann::json& error = json["error"];
  if (error.value("code", 0) != response.status || !error.contains("details")) return "";
  for (const nlohmann::json& detail : error["details"]) {
    if (detail.value("@type", "") == "type.googleapis.com/google.rpc.ErrorInfo") {
      return detail.value("reason", "");
    }
  }
  return "";
}

std::string SetCookieOf(const ClientResponse& response, const std::string& name) {
  for (const auto& [field, value] : response.headers) {
    absl::string_view text = value;
    if (absl::EqualsIgnoreCase(field, "set-cookie") &&
        absl::ConsumePrefix(&text, absl::StrCat(name, "="))) {
      return std::string(text);
    }
  }
  return "";
}

bool Eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 5000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

}  // namespace rostrum::gateway
