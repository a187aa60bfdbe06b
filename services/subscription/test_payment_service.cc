#include "services/subscription/test_payment_service.h"

#include "services/common/base/status.h"
#include "services/subscription/membership_proto.h"

namespace rostrum::subscription {

grpc::Status TestPaymentService::GetTestPayment(grpc::ServerContext* ctx,
                                                const v1::GetTestPaymentRequest* request,
                                                v1::TestPayment* response) {
  return HandleRpc(rpc_, ctx, "GetTestPayment", [&](const RequestContext&) -> absl::Status {
    RETURN_IF_ERROR(CheckUuid(request->payment_id(), "payment_id"));
    ASSIGN_OR_RETURN(const TestPayment payment, provider_.Get(request->payment_id()));
    *response = ToProto(payment);
    return absl::OkStatus();
  });
}

grpc::Status TestPaymentService::ApproveTestPayment(grpc::ServerContext* ctx,
                                                    const v1::ApproveTestPaymentRequest* request,
                                                    v1::TestPayment* response) {
  return HandleRpc(rpc_, ctx, "ApproveTestPayment", [&](const RequestContext&) -> absl::Status {
    RETURN_IF_ERROR(CheckUuid(request->payment_id(), "payment_id"));
    ASSIGN_OR_RETURN(const TestPayment payment,
                     provider_.Approve(request->payment_id(), request->fail_renewals()));
    *response = ToProto(payment);
    return absl::OkStatus();
  });
}

grpc::Status TestPaymentService::DeclineTestPayment(grpc::ServerContext* ctx,
                                                    const v1::DeclineTestPaymentRequest* request,
                                                    v1::TestPayment* response) {
  return HandleRpc(rpc_, ctx, "DeclineTestPayment", [&](const RequestContext&) -> absl::Status {
    RETURN_IF_ERROR(CheckUuid(request->payment_id(), "payment_id"));
    ASSIGN_OR_RETURN(const TestPayment payment, provider_.Decline(request->payment_id()));
    *response = ToProto(payment);
    return absl::OkStatus();
  });
}

}  // namespace rostrum::subscription
