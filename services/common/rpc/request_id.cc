#include "services/common/rpc/request_id.h"

#include "absl/time/clock.h"
#include "services/common/base/ids.h"

namespace rostrum {

void EnsureRequestId(google::protobuf::Message& request) {
  using google::protobuf::FieldDescriptor;
  const FieldDescriptor* field = request.GetDescriptor()->FindFieldByName("request_id");
  if (field == nullptr || field->is_repeated() || field->type() != FieldDescriptor::TYPE_STRING) {
    return;
  }
  const google::protobuf::Reflection& reflection = *request.GetReflection();
  if (reflection.GetString(request, field).empty()) {
    reflection.SetString(&request, field, NewUuid(absl::Now()));
  }
}

}  // namespace rostrum
