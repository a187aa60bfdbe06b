#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace rostrum::gateway {

// How the messages of a server stream are written in an HTTP response.
//   NDJSON: {"result":{...}}\n         {"error":{...}}\n
//   events: id: <cursor>\nevent: message\ndata: {...}\n\n
//           event: error\ndata: {"error":{...}}\n\n
enum class StreamFraming { kNdjson, kEventStream };

// Chooses by the Accept header, which may be empty: server-sent events if it names them and
// does not prefer NDJSON.
StreamFraming ChooseFraming(absl::string_view accept);
absl::string_view ContentTypeOf(StreamFraming framing);

// `json` is the message as JSON. An event's id, from which the stream can be
// resumed, is the message's string field `resume_token`, else `page_token`.
std::string FrameMessage(StreamFraming framing, const google::protobuf::Message& message,
                         absl::string_view json);
// `error_json` is the body of ErrorAnswer. The stream ends with it.
std::string FrameError(StreamFraming framing, absl::string_view error_json);
// A comment that keeps a stream without messages open; empty for NDJSON, which has no
// comments.
std::string FrameHeartbeat(StreamFraming framing);

}  // namespace rostrum::gateway
