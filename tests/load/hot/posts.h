#pragma once

#include <cstddef>

#include "google/protobuf/descriptor.h"
#include "rostrum/content/v1/post_service.pb.h"

namespace rostrum::gateway {

// A post as readers get it, with a text of so many bytes.
content::v1::Post SamplePost(size_t text_bytes);

// Services with the routes of the samples.
const google::protobuf::ServiceDescriptor* PostServiceDescriptor();
const google::protobuf::ServiceDescriptor* CommentServiceDescriptor();

}  // namespace rostrum::gateway
