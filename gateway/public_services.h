#pragma once

#include <vector>

#include "google/protobuf/descriptor.h"

namespace rostrum::gateway {

// The gRPC services that the HTTP API exposes. Naming them here also makes the linker keep
// their messages.
std::vector<const google::protobuf::ServiceDescriptor*> PublicServices();

}  // namespace rostrum::gateway
