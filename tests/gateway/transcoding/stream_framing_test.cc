#include "gateway/transcoding/stream_framing.h"

#include "gtest/gtest.h"
#include "rostrum/library/v1/library.pb.h"

namespace rostrum::gateway {
namespace {

namespace library = rostrum::library::v1;
constexpr StreamFraming kNdjson = StreamFraming::kNdjson;
constexpr StreamFraming kEvents = StreamFraming::kEventStream;

library::WatchLoansResponse Loan(const std::string& cursor) {
  library::WatchLoansResponse loan;
  loan.set_resume_token(cursor);
  return loan;
}

TEST(ChooseFramingTest, TakesEventsWhereTheyAreWanted) {
  for (const char* accept : {"text/event-stream", "TEXT/Event-Stream", "*/*, text/event-stream",
                             "application/json, text/event-stream;q=0.5",
                             "application/x-ndjson;q=0.2, text/event-stream; q=0.3"}) {
    EXPECT_EQ(ChooseFraming(accept), kEvents) << accept;
  }
  for (const char* accept : {"", "*/*", "application/x-ndjson", "text/*", "text/event-stream;q=0",
                             "text/event-stream;q=0.2, application/x-ndjson",
                             "text/event-stream;q=x", "text/event-streams"}) {
    EXPECT_EQ(ChooseFraming(accept), kNdjson) << accept;
  }
}

TEST(StreamFramingTest, NdjsonIsALineForEachMessage) {
  EXPECT_EQ(ContentTypeOf(kNdjson), "application/x-ndjson");
  EXPECT_EQ(FrameMessage(kNdjson, Loan("c"), "{\"a\":1}"), "{\"result\":{\"a\":1}}\n");
  EXPECT_EQ(FrameMessage(kNdjson, Loan("c"), "{\n\"a\":\r\n1}"), "{\"result\":{\"a\":1}}\n");
  EXPECT_EQ(FrameError(kNdjson, "{\"error\":{}}"), "{\"error\":{}}\n");
  EXPECT_EQ(FrameHeartbeat(kNdjson), "");
}

TEST(StreamFramingTest, EventsHaveTheCursorAsId) {
  EXPECT_EQ(ContentTypeOf(kEvents), "text/event-stream");
  EXPECT_EQ(FrameMessage(kEvents, Loan("c 1"), "{\"a\":1}"),
            "id: c 1\nevent: message\ndata: {\"a\":1}\n\n");
  EXPECT_EQ(FrameMessage(kEvents, Loan(""), "{}"), "event: message\ndata: {}\n\n");
  EXPECT_EQ(FrameMessage(kEvents, library::Book(), "{}"), "event: message\ndata: {}\n\n");
  EXPECT_EQ(FrameError(kEvents, "{\"error\":{}}"), "event: error\ndata: {\"error\":{}}\n\n");
  EXPECT_EQ(FrameHeartbeat(kEvents), ": keep-alive\n\n");
}

TEST(StreamFramingTest, AListRequestsTokenServesAsWell) {
  library::ListBooksRequest page;
  page.set_page_token("p");
  EXPECT_EQ(FrameMessage(kEvents, page, "{}"), "id: p\nevent: message\ndata: {}\n\n");
}

TEST(StreamFramingTest, NothingBreaksOutOfAnEvent) {
  EXPECT_EQ(FrameMessage(kEvents, Loan("c\ndata: evil"), "{\n\n\"a\":\r1}"),
            "event: message\ndata: {\"a\":1}\n\n");
  EXPECT_EQ(FrameError(kEvents, "{\r\n}"), "event: error\ndata: {}\n\n");
}

}  // namespace
}  // namespace rostrum::gateway
