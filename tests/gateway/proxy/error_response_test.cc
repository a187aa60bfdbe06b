#include "gateway/proxy/error_response.h"

#include <stdexcept>
#include <string>

#include "boost/asio/co_spawn.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/use_future.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "services/common/base/log.h"
#include "tests/support/status_matchers.h"

namespace rostrum::gateway {
namespace {

using Answer = asio::awaitable<http::HttpResponse>;

class CaughtTest : public ::testing::Test {
 protected:
  CaughtTest() {
    log_.clear();
    SetLogSink([](const std::string& line) { log_ = line; });
    caller_.request_id = "req-1";
    caller_.trace = TraceContext::Continue("", "");
  }
  ~CaughtTest() override { SetLogSink(nullptr); }

  absl::StatusOr<http::HttpResponse> Run(Answer answer) {
    asio::io_context loop;
    auto caught = asio::co_spawn(loop, Caught(std::move(answer), caller_), asio::use_future);
    loop.run();
    return caught.get();
  }

  CallerContext caller_;
  static inline std::string log_;
};

TEST_F(CaughtTest, IsWhatWasAnswered) {
  const auto answer = [](int status) -> Answer {
    http::HttpResponse response;
    response.status = status;
    co_return response;
  };
  const auto caught = Run(answer(201));
  ASSERT_THAT(caught, IsOk());
  EXPECT_EQ(caught->status, 201);
  EXPECT_EQ(log_, "");
}

TEST_F(CaughtTest, WhatIsThrownIsAnErrorOfThisRequest) {
  const auto answer = [](const char* why) -> Answer {
    throw std::runtime_error(why);
    co_return http::HttpResponse();
  };
  const absl::Status status = Run(answer("secret")).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(ErrorResponse(status).status, 500);
  EXPECT_EQ(ErrorResponse(status).body.find("secret"), std::string::npos);
  const nlohmann::json line = nlohmann::json::parse(log_);
  EXPECT_EQ(line["level"], "error");
  EXPECT_EQ(line["error"], "secret");
  EXPECT_EQ(line["request_id"], "req-1");
  EXPECT_EQ(line["trace_id"], caller_.trace.trace_id);
}

TEST_F(CaughtTest, WhateverIsThrown) {
  const auto answer = [](int what) -> Answer {
    throw what;
    co_return http::HttpResponse();
  };
  EXPECT_THAT(Run(answer(7)), StatusIs(absl::StatusCode::kInternal));
}

}  // namespace
}  // namespace rostrum::gateway
