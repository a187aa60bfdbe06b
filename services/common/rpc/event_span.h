#pragma once

#include <string>

#include "rostrum/event/v1/event_service.pb.h"
#include "services/common/trace/span.h"

namespace rostrum {

// Full name of the message that an event carries.
std::string TypeOf(const event::v1::Event& event);

// What a consumer does with an event: a child of the span that wrote it, so that
// one trace shows a request and everything that came of it.
Span ConsumerSpan(const event::v1::Event& event);

}  // namespace rostrum
