#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

namespace rostrum {

// Converts between absl::Status and grpc::Status; nothing else does. The details of a
// status become google.rpc.ErrorInfo (always, exactly one), BadRequest and RetryInfo in the
// google.rpc.Status of the trailers.

// `domain` fills ErrorInfo.domain where the status has none: "content.rostrum".
// A status without a reason gets its code's name as reason.
grpc::Status ToGrpcStatus(const absl::Status& status, absl::string_view domain);
absl::Status FromGrpcStatus(const grpc::Status& status);

// The same as a message, for the gateway's JSON.
google::rpc::Status ToRpcStatus(const absl::Status& status, absl::string_view domain);
// Parses the details that came with a grpc::Status; without any, code and
// message alone.
google::rpc::Status ToRpcStatus(const grpc::Status& status);

// FieldViolation.reason, which the googleapis protos of the distribution do not have yet.
std::string ViolationReason(const google::rpc::BadRequest::FieldViolation& violation);

}  // namespace rostrum
