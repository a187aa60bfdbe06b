#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "gateway/http/message.h"
#include "gateway/proxy/backends.h"
#include "gateway/transcoding/stream_framing.h"
#include "gateway/transcoding/transcoder.h"

namespace rostrum::gateway {

struct StreamOptions {
  StreamFraming framing = StreamFraming::kNdjson;
  // The status line is sent after the first message or the end of the stream, or after this
  // time. So an error before any message still has its own HTTP status.
  absl::Duration first_message_timeout;
  // An event stream without messages gets a comment this often.
  absl::Duration heartbeat;
};

// The response that passes a server stream on, message by message, until it ends. If the
// client goes away, the call is cancelled. Runs on the executor of the connection.
asio::awaitable<http::HttpResponse> StreamAnswer(const Transcoder& transcoder,
                                                 TranscodedRequest transcoded,
                                                 std::shared_ptr<BackendStream> stream,
                                                 StreamOptions options);

}  // namespace rostrum::gateway
