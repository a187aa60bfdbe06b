#pragma once

#include "google/protobuf/message.h"

namespace rostrum {

// Gives a request an id of its own where it has a field for one and none is in
// it: a call that is repeated because no answer came has its effect once.
void EnsureRequestId(google::protobuf::Message& request);

}  // namespace rostrum
