#include "gateway/transcoding/stream_framing.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace rostrum::gateway {
namespace {

using google::protobuf::FieldDescriptor;

// The weight of a media type that an Accept header names itself, or -1.
double WeightOf(absl::string_view accept, absl::string_view type) {
  for (absl::string_view range : absl::StrSplit(accept, ',')) {
    const std::vector<absl::string_view> parts = absl::StrSplit(range, ';');
    if (!absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(parts[0]), type)) continue;
    double weight = 1;
    for (size_t i = 1; i < parts.size(); ++i) {
      absl::string_view parameter = absl::StripAsciiWhitespace(parts[i]);
      if (!absl::ConsumePrefix(&parameter, "q=") && !absl::ConsumePrefix(&parameter, "Q=")) {
        continue;
      }
      if (!absl::SimpleAtod(parameter, &weight)) weight = 0;
    }
    return weight;
  }
  return -1;
}

// JSON needs no line breaks outside its strings, which have none; in an event
// they would begin another field.
std::string OneLine(absl::string_view json) {
  std::string line(json);
  line.erase(
      std::remove_if(line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }),
      line.end());
  return line;
}

// The token to resume the stream after this message, if it can be the id of an event; else empty.
std::string CursorOf(const google::protobuf::Message& message) {
  for (const char* name : {"resume_token", "page_token"}) {
    const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
    if (field == nullptr || field->type() != FieldDescriptor::TYPE_STRING || field->is_repeated()) {
      continue;
    }
    std::string cursor = message.GetReflection()->GetString(message, field);
    const bool printable =
        std::all_of(cursor.begin(), cursor.end(), [](char c) { return c >= ' ' && c <= '~'; });
    return printable ? cursor : "";
  }
  return "";
}

}  // namespace

StreamFraming ChooseFraming(absl::string_view accept) {
  const double events = WeightOf(accept, "text/event-stream");
  return events > 0 && events >= WeightOf(accept, "application/x-ndjson")
             ? StreamFraming::kEventStream
             : StreamFraming::kNdjson;
}

absl::string_view ContentTypeOf(StreamFraming framing) {
  return framing == StreamFraming::kNdjson ? "application/x-ndjson" : "text/event-stream";
}

std::string FrameMessage(StreamFraming framing, const google::protobuf::Message& message,
                         absl::string_view json) {
  if (framing == StreamFraming::kNdjson) {
    return absl::StrCat("{\"result\":", OneLine(json), "}\n");
  }
  const std::string cursor = CursorOf(message);
  return absl::StrCat(cursor.empty() ? "" : absl::StrCat("id: ", cursor, "\n"),
                      "event: message\ndata: ", OneLine(json), "\n\n");
}

std::string FrameError(StreamFraming framing, absl::string_view error_json) {
  if (framing == StreamFraming::kNdjson) return absl::StrCat(OneLine(error_json), "\n");
  return absl::StrCat("event: error\ndata: ", OneLine(error_json), "\n\n");
}

std::string FrameHeartbeat(StreamFraming framing) {
  return framing == StreamFraming::kNdjson ? "" : ": keep-alive\n\n";
}

}  // namespace rostrum::gateway
