#pragma once

#include "rostrum/subscription/v1/membership_service.pb.h"
#include "services/subscription/membership_store.h"
#include "services/subscription/test_payment_provider.h"

namespace rostrum::subscription {

namespace pb = rostrum::subscription::v1;

// Converts plans, checkouts, memberships and payments to protos; nothing else does.
pb::Plan ToProto(const Plan& plan);
pb::Checkout ToProto(const Checkout& checkout, absl::Time now);
pb::Membership ToProto(const Membership& membership, absl::Time now);
pb::Payment ToProto(const Payment& payment);
pb::TestPayment ToProto(const TestPayment& payment);

}  // namespace rostrum::subscription
