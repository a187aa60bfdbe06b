#include "services/common/base/log.h"

#include <limits>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"

namespace rostrum {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::SizeIs;

std::vector<std::string>* lines = nullptr;

class LogTest : public testing::Test {
 protected:
  LogTest() {
    lines = &lines_;
    InitLog("content", LogLevel::kInfo);
    SetLogSink([](const std::string& line) { lines->push_back(line); });
  }
  ~LogTest() override {
    SetLogSink(nullptr);
    InitLog("", LogLevel::kInfo);
  }
  std::vector<std::string> lines_;
};

TEST_F(LogTest, WritesOneObjectWithTheFixedFieldsFirst) {
  LogInfo("listening", {{"port", 50053}, {"ms", 1.5}, {"ok", true}, {"name", "x"}});
  ASSERT_THAT(lines_, SizeIs(1));
  EXPECT_THAT(lines_[0],
              MatchesRegex("\\{\"ts\":\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
                           "\\.[0-9]{6}Z\",\"level\":\"info\",\"service\":\"content\","
                           "\"msg\":\"listening\",\"port\":50053,\"ms\":1.5,\"ok\":true,"
                           "\"name\":\"x\"\\}"));
}

TEST_F(LogTest, EscapesWhatJsonDoesNotAllow) {
  LogInfo("a\"b\\c\nd\te\x01", {{"k\"", std::string("nul\0.", 5)}});
  EXPECT_THAT(lines_[0], HasSubstr(R"("msg":"a\"b\\c\nd\te\u0001","k\"":"nul\u0000."})"));
}

TEST_F(LogTest, ReplacesInvalidUtf8AndKeepsTheRest) {
  LogInfo("мир \xff\xed\xa0\x80 ok");
  EXPECT_THAT(lines_[0], HasSubstr("мир \\ufffd\\ufffd\\ufffd\\ufffd ok"));
}

TEST_F(LogTest, CutsLongValues) {
  LogInfo("x", {{"long", std::string(1 << 20, 'a')}});
  EXPECT_LT(lines_[0].size(), 10'000u);
  EXPECT_THAT(lines_[0], EndsWith("a\"}"));
}

TEST_F(LogTest, WritesNoNumberThatJsonLacks) {
  LogInfo("x", {{"a", std::numeric_limits<double>::infinity()}});
  EXPECT_THAT(lines_[0], HasSubstr("\"a\":null"));
}

TEST_F(LogTest, LeavesOutWhatIsBelowTheLeastLevel) {
  LogDebug("no");
  LogError("yes");
  ASSERT_THAT(lines_, SizeIs(1));
  EXPECT_THAT(lines_[0], HasSubstr("\"level\":\"error\""));
}

TEST_F(LogTest, AddsTheFieldsOfTheScope) {
  {
    const ScopedLogFields outer({{"request_id", "r1"}, {"n", 1}});
    const ScopedLogFields inner({{"n", 2}});
    LogInfo("in", {{"own", 3}});
  }
  LogInfo("out");
  EXPECT_THAT(lines_[0], HasSubstr("\"n\":2,\"request_id\":\"r1\",\"own\":3"));
  EXPECT_THAT(lines_[0], Not(HasSubstr("\"n\":1")));
  EXPECT_THAT(lines_[1], Not(HasSubstr("request_id")));
}

TEST_F(LogTest, ABudgetBoundsTheLinesAndTellsWhatItLeftOut) {
  LogBudget budget(2);
  for (int i = 0; i < 50; ++i) budget.Log(LogLevel::kWarning, "flood", {});
  EXPECT_LT(lines_.size(), 50u);
  absl::SleepFor(absl::Milliseconds(1100));
  budget.Log(LogLevel::kWarning, "flood", {});
  // Every line was written or is told of.
  size_t told = lines_.size();
  for (const std::string& line : lines_) {
    const auto json = nlohmann::json::parse(line);
    if (json.contains("left_out")) told += json["left_out"].get<size_t>();
  }
  EXPECT_EQ(told, 51u);
}

TEST_F(LogTest, WarningsPushNoErrorOut) {
  LogBudget budget(1);
  for (int i = 0; i < 50; ++i) budget.Log(LogLevel::kWarning, "away", {});
  budget.Log(LogLevel::kError, "a fault", {});
  EXPECT_THAT(lines_.back(), HasSubstr("a fault"));
}

TEST_F(LogTest, ABudgetIsNotForDebugging) {
  InitLog("content", LogLevel::kDebug);
  LogBudget budget(1);
  for (int i = 0; i < 10; ++i) budget.Log(LogLevel::kDebug, "all", {});
  EXPECT_THAT(lines_, SizeIs(10));
}

}  // namespace
}  // namespace rostrum
