#pragma once

#include <string>

#include "rostrum/event/v1/event_service.pb.h"
#include "services/common/trace/span.h"

namespace rostrum {

// Full name of the message that an event carries.
std::string TypeOf(const event::v1::Event& event);

// The span of what a consumer does with an event. It is a child of the span that wrote the
// event, so that one trace shows a request and all of its effects.
Span ConsumerSpan(const event::v1::Event& event);

}  // namespace rostrum
