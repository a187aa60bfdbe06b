#pragma once

#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "grpcpp/support/status.h"
#include "services/common/base/status.h"
#include "services/common/rpc/grpc_status.h"

namespace rostrum {

// Matchers for absl::Status, absl::StatusOr<T> and grpc::Status:
//   EXPECT_THAT(store.Get(id), IsOkAndHolds(Field(&Post::title, "Peace")));
//   EXPECT_THAT(stub->GetPost(&ctx, request, &post), StatusIs(absl::StatusCode::kNotFound));
//   EXPECT_THAT(status, HasReason("OFFER_EXPIRED"));
//   EXPECT_THAT(status, HasViolation("comment.body"));

namespace matchers_internal {

inline absl::Status AsStatus(const absl::Status& status) { return status; }
inline absl::Status AsStatus(const grpc::Status& status) { return FromGrpcStatus(status); }
template <class T>
absl::Status AsStatus(const absl::StatusOr<T>& result) {
  return result.status();
}

inline std::string Describe(const absl::Status& status) {
  std::string text = "which is " + status.ToString();
  const ErrorDetails details = DetailsOf(status);
  if (!details.reason.empty()) text += " with reason " + details.reason;
  for (const FieldViolation& v : details.violations) text += ", " + v.field + ": " + v.reason;
  return text;
}

// Explains with the text of the status, as StatusOr<T> prints as bytes.
template <class Value>
bool Explain(bool matches, const Value& value, ::testing::MatchResultListener* listener) {
  *listener << Describe(AsStatus(value));
  return matches;
}

template <class Inner>
class IsOkAndHoldsMatcher {
 public:
  explicit IsOkAndHoldsMatcher(Inner inner) : inner_(std::move(inner)) {}

  template <class StatusOrType>
  operator ::testing::Matcher<StatusOrType>() const {  // NOLINT: implicit as in gmock
    return ::testing::Matcher<StatusOrType>(new Impl<const StatusOrType&>(inner_));
  }

 private:
  template <class StatusOrType>
  class Impl : public ::testing::MatcherInterface<StatusOrType> {
    using Value = typename std::remove_cv_t<std::remove_reference_t<StatusOrType>>::value_type;

   public:
    explicit Impl(const Inner& inner) : inner_(::testing::SafeMatcherCast<const Value&>(inner)) {}
    void DescribeTo(std::ostream* out) const override {
      *out << "is OK and holds a value that ";
      inner_.DescribeTo(out);
    }
    bool MatchAndExplain(StatusOrType result,
                         ::testing::MatchResultListener* listener) const override {
      if (!result.ok()) return Explain(false, result, listener);
      *listener << "which holds " << ::testing::PrintToString(*result) << " ";
      return inner_.MatchAndExplain(*result, listener);
    }

   private:
    const ::testing::Matcher<const Value&> inner_;
  };

  const Inner inner_;
};

}  // namespace matchers_internal

MATCHER(IsOk, negation ? "is an error" : "is OK") {
  return matchers_internal::Explain(matchers_internal::AsStatus(arg).ok(), arg, result_listener);
}

template <class Inner>
auto IsOkAndHolds(Inner inner) {
  return matchers_internal::IsOkAndHoldsMatcher<Inner>(std::move(inner));
}

MATCHER_P(StatusIs, code,
          std::string(negation ? "has not" : "has") + " the code " +
              absl::StatusCodeToString(code)) {
  return matchers_internal::Explain(matchers_internal::AsStatus(arg).code() == code, arg,
                                    result_listener);
}

MATCHER_P(HasReason, reason,
          std::string(negation ? "has not" : "has") + " the reason " + std::string(reason)) {
  return matchers_internal::Explain(ReasonOf(matchers_internal::AsStatus(arg)) == reason, arg,
                                    result_listener);
}

MATCHER_P(HasViolation, field,
          std::string(negation ? "has no" : "has a") + " violation of " + std::string(field)) {
  bool found = false;
  for (const FieldViolation& v : DetailsOf(matchers_internal::AsStatus(arg)).violations) {
    found = found || v.field == field;
  }
  return matchers_internal::Explain(found, arg, result_listener);
}

}  // namespace rostrum
