#include "gateway/proxy/request_log.h"

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "services/common/base/log.h"
#include "services/common/trace/span.h"
#include "tests/support/kept_spans.h"

namespace rostrum::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

std::vector<std::string>* lines = nullptr;

class RequestLogTest : public testing::Test {
 protected:
  RequestLogTest() {
    lines = &lines_;
    InitLog("gateway", LogLevel::kInfo);
    SetLogSink([](const std::string& line) { lines->push_back(line); });
    request_.method = "POST";
    request_.path = "/v1/posts/01890000-0000-7000-8000-00000000000a/comments";
    response_.route = "/v1/posts/{post_id}/comments";
    response_.request_id = "r1";
    response_.account_id = "01890000-0000-7000-8000-00000000000b";
    response_.trace =
        TraceContext::Continue("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "");
  }
  ~RequestLogTest() override {
    SetLogSink(nullptr);
    InitLog("", LogLevel::kInfo);
  }
  void Done(int status, absl::Duration took = absl::Milliseconds(3)) {
    response_.status = status;
    log_.RequestStarted(request_);
    log_.RequestDone({request_, response_, 10, took, true});
  }

  static std::map<std::string, std::string> Attributes(const SpanData& span) {
    std::map<std::string, std::string> texts;
    for (const LogField& field : span.attributes) {
      const std::string* const text = std::get_if<std::string>(&field.value);
      texts[field.key] = text != nullptr ? *text : std::to_string(std::get<int64_t>(field.value));
    }
    return texts;
  }

  std::vector<std::string> lines_;
  Metrics metrics_;
  RequestLog log_{metrics_};
  http::RequestHead request_;
  http::HttpResponse response_;
};

TEST_F(RequestLogTest, LogsWhatSomebodyWillLookFor) {
  Done(200);
  Done(404);
  EXPECT_THAT(lines_, SizeIs(0));
  Done(200, absl::Seconds(2));
  Done(503);
  Done(500);
  ASSERT_THAT(lines_, SizeIs(3));
  EXPECT_EQ(nlohmann::json::parse(lines_[0])["level"], "info");
  EXPECT_EQ(nlohmann::json::parse(lines_[1])["level"], "warning");
  EXPECT_EQ(nlohmann::json::parse(lines_[2])["level"], "error");
}

TEST_F(RequestLogTest, NamesRouteAndTraceAndNobody) {
  InitLog("gateway", LogLevel::kDebug);
  Done(200);
  ASSERT_THAT(lines_, SizeIs(1));
  const auto line = nlohmann::json::parse(lines_[0]);
  EXPECT_EQ(line["msg"], "http");
  EXPECT_EQ(line["http.method"], "POST");
  EXPECT_EQ(line["http.route"], "/v1/posts/{post_id}/comments");
  EXPECT_EQ(line["http.status"], 200);
  EXPECT_EQ(line["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(line["span_id"], response_.trace.span_id);
  EXPECT_EQ(line["request_id"], "r1");
  EXPECT_EQ(line["subject"].get<std::string>().size(), 16u);
  EXPECT_THAT(lines_[0], Not(HasSubstr("01890000")));
}

TEST_F(RequestLogTest, MakesTheSpanOfTheRequest) {
  KeptSpans kept;
  Done(200, absl::Milliseconds(30));
  Done(502);
  const auto spans = kept.Take();
  ASSERT_THAT(spans, SizeIs(2));
  const SpanData& span = *spans[0];
  EXPECT_EQ(span.name, "POST /v1/posts/{post_id}/comments");
  EXPECT_EQ(span.kind, SpanKind::kServer);
  EXPECT_EQ(span.context.parent_id, "00f067aa0ba902b7");
  EXPECT_EQ(span.context.span_id, response_.trace.span_id);
  EXPECT_GE(span.end - span.start, absl::Milliseconds(30));
  EXPECT_FALSE(span.failed);
  EXPECT_TRUE(spans[1]->failed);
  EXPECT_EQ(Attributes(span),
            (std::map<std::string, std::string>{{"http.route", "/v1/posts/{post_id}/comments"},
                                                {"http.request.method", "POST"},
                                                {"url.scheme", "http"},
                                                {"http.response.status_code", "200"}}));
  EXPECT_EQ(Attributes(*spans[1])["error.type"], "502");
}

TEST_F(RequestLogTest, CountsWhatItIsToldOf) {
  Done(200);
  EXPECT_THAT(metrics_.Expose(), HasSubstr("http_requests_total{code=\"200\",method=\"POST\","));
}

}  // namespace
}  // namespace rostrum::gateway
