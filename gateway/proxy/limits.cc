#include "gateway/proxy/limits.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace rostrum::gateway {
namespace {

// Nothing personal: an account's id, or a network's name for this hour.
std::string KeyOf(const CallerContext& caller, const char* what) {
  if (caller.identity != nullptr) {
    return absl::StrCat("http:", what, ":account:", caller.identity->account_id);
  }
  return absl::StrCat("http:", what, ":network:", caller.network);
}

}  // namespace

Limits::Limits(const LimitSettings& settings, Throttle& local, Throttle& shared,
               http::BlockingPool& blocking)
    : settings_(settings), local_(local), shared_(shared), blocking_(blocking) {}

asio::awaitable<absl::Status> Limits::Check(const CallerContext& caller, bool is_read) {
  if (is_read) co_return local_.Check(KeyOf(caller, "read"), settings_.reads);
  auto check = [&shared = shared_, rate = settings_.writes, key = KeyOf(caller, "write"),
                trace = caller.trace] {
    const ScopedTrace bound(trace);
    return shared.Check(key, rate);
  };
  co_return co_await blocking_.Run(std::move(check));
}

}  // namespace rostrum::gateway
