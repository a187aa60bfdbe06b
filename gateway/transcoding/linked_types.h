#pragma once

#include <string>

#include "google/protobuf/message.h"
#include "google/protobuf/util/type_resolver.h"

namespace rostrum::gateway {

// The message types that are linked in, in the form that protobuf's JSON functions need. They
// ask for them again for every message, and building them from descriptors took an eighth of
// the time of a post's JSON. Thread-safe.
google::protobuf::util::TypeResolver* LinkedTypes();

// The name by which LinkedTypes knows the message's type.
std::string TypeUrlOf(const google::protobuf::Message& message);

}  // namespace rostrum::gateway
