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
  // The status line waits so long for the first message or the end, so that an
  // error that comes before any message keeps its HTTP status.
  absl::Duration first_message_timeout;
  // A quiet event stream gets a comment this often.
  absl::Duration heartbeat;
};

// The answer that passes a server stream on, message by message, until it ends
// or the client goes away, which ends the call. Runs on the executor of the
// connection.
asio::awaitable<http::HttpResponse> StreamAnswer(const Transcoder& transcoder,
                                                 TranscodedRequest transcoded,
                                                 std::shared_ptr<BackendStream> stream,
                                                 StreamOptions options);

}  // namespace rostrum::gateway
