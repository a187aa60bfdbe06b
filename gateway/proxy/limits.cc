#include "gateway/proxy/limits.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace rostrum::gateway {
Limits::Limits(const LimitSettings& settings, Throttle& local, Throttle& shared,
               http::BlockingPool& blocking)
    : settings_(settings), local_(local), shared_(shared), blocking_(blocking) {}

asio::awaitable<absl::Status> Limits::Check(const CallerContext& caller, bool is_read) {
  if (is_read) co_return local_.Check(absl::StrCat("http:read:", caller.Key()), settings_.reads);
  auto check = [&shared = shared_, rate = settings_.writes,
                key = absl::StrCat("http:write:", caller.Key()), trace = caller.trace] {
    const ScopedTrace bound(trace);
    return shared.Check(key, rate);
  };
  co_return co_await blocking_.Run(std::move(check));
}

}  // namespace rostrum::gateway
