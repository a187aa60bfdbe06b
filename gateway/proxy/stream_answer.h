#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "gateway/http/message.h"
#include "gateway/proxy/backends.h"
#include "gateway/transcoding/stream_framing.h"
#include "gateway/transcoding/transcoder.h"

namespace rostrum::gateway {

// The answer that passes a server stream on, message by message, until it ends
// or the client goes away, which ends the call. `first` is the message that was
// waited for. A quiet event stream gets a comment every `heartbeat`.
http::HttpResponse StreamAnswer(const Transcoder& transcoder, TranscodedRequest transcoded,
                                std::shared_ptr<BackendStream> stream,
                                std::optional<std::string> first, StreamFraming framing,
                                absl::Duration heartbeat);

}  // namespace rostrum::gateway
