#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gateway/transcoding/header_binding.h"
#include "gateway/transcoding/json_response.h"
#include "gateway/transcoding/stream_framing.h"
#include "nlohmann/json.hpp"
#include "rostrum/library/v1/library.pb.h"
#include "services/common/base/json_text.h"
#include "services/common/base/utf8.h"
#include "tests/fuzz/fuzz_target.h"

namespace rostrum::gateway {
namespace {

struct Event {
  std::string id;
  std::string type;
  std::string data;
  int data_lines = 0;
};

// The events of a stream as a browser reads it (HTML, server-sent events):
// lines end with CR LF, LF or CR, and an empty line ends an event.
std::vector<Event> Dispatched(const std::string& stream) {
  std::vector<Event> events;
  Event event;
  for (const absl::string_view line : absl::StrSplit(stream, absl::ByAnyChar("\r\n"))) {
    if (line.empty()) {
      if (event.data_lines > 0) events.push_back(event);
      event = {};
      continue;
    }
    const std::pair<std::string, std::string> field =
        absl::StrSplit(line, absl::MaxSplits(": ", 1));
    if (field.first == "id") event.id = field.second;
    if (field.first == "event") event.type = field.second;
    if (field.first == "data") {
      event.data = field.second;
      ++event.data_lines;
    }
  }
  return events;
}

void CheckEvents(const library::v1::WatchLoansResponse& message, const std::string& json) {
  const std::string framed = FrameMessage(StreamFraming::kEventStream, message, json);
  const std::vector<Event> events =
      Dispatched(framed + FrameHeartbeat(StreamFraming::kEventStream));
  REQUIRE(events.size() == 1 && events[0].data_lines == 1, framed);
  REQUIRE(events[0].type == "message", framed);
  REQUIRE(events[0].id.empty() || events[0].id == message.resume_token(), framed);
  REQUIRE(nlohmann::json::parse(events[0].data) == nlohmann::json::parse(json), framed);

  const std::string line = FrameMessage(StreamFraming::kNdjson, message, json);
  REQUIRE(line.find('\n') == line.size() - 1, line);
  REQUIRE(nlohmann::json::parse(line)["result"] == nlohmann::json::parse(json), line);
}

}  // namespace

// A line as Accept and If-None-Match, then bytes of a service: one message is
// one event with one line of data, whatever its fields hold.
FUZZ_TARGET(event_stream) {
  const absl::string_view header = fuzz::TakeLine(input);
  const StreamFraming framing = ChooseFraming(header);
  REQUIRE(framing == StreamFraming::kNdjson ||
              absl::StrContains(absl::AsciiStrToLower(header), "text/event-stream"),
          header);
  REQUIRE(!EtagMatches(header, "") && EtagMatches("*", "\"1\""), header);
  REQUIRE(!EtagMatches(header, "\"v1\"") || absl::StrContains(header, "\"v1\"") ||
              absl::StrContains(header, "*"),
          header);

  const std::string text = JsonString(input);
  REQUIRE(nlohmann::json::accept(text) && !absl::StrContains(text, "\n"), text);
  if (CountCodePoints(input).has_value()) {
    REQUIRE(nlohmann::json::parse(text).get<std::string>() == input, text);
  }

  library::v1::WatchLoansResponse message;
  if (CountCodePoints(input).has_value()) {
    message.set_resume_token(std::string(input));
    CheckEvents(message, *ToJson(message));
  }
  if (message.ParseFromArray(input.data(), static_cast<int>(input.size()))) {
    if (const auto json = ToJson(message); json.ok()) CheckEvents(message, *json);
  }
  library::v1::Book book;
  if (book.ParseFromArray(input.data(), static_cast<int>(input.size()))) {
    const std::string etag = EtagOf(book);
    REQUIRE(etag.empty() || EtagMatches(etag, etag), etag);
    const auto json = ToJson(book);
    REQUIRE(!json.ok() || nlohmann::json::accept(*json), *json);
  }
}

}  // namespace rostrum::gateway
