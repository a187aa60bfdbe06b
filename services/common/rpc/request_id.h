#pragma once

#include "google/protobuf/message.h"

namespace rostrum {

// Sets request_id to a new id if the message has that field and it is empty. A call that is
// repeated because no answer came then takes effect only once.
void EnsureRequestId(google::protobuf::Message& request);

}  // namespace rostrum
