#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "gateway/http/request_head.h"

namespace rostrum::http {

// An IPv4 or IPv6 address. A v4-mapped IPv6 address is the IPv4 address.
class IpAddress {
 public:
  IpAddress() = default;
  static IpAddress FromV4(const std::array<uint8_t, 4>& bytes);
  static IpAddress FromV6(const std::array<uint8_t, 16>& bytes);
  // INVALID_ARGUMENT if `text` is not an address.
  static absl::StatusOr<IpAddress> Parse(absl::string_view text);

  bool is_v4() const { return v4_; }
  std::string ToString() const;
  // The first `bits` bits (of 32 or 128), the others zero.
  IpAddress Masked(int bits) const;
  // The part of the address that stands for one client in limits: the whole IPv4 address,
  // or the /64 of an IPv6 address, because an IPv6 host can use any address in its /64.
  IpAddress Host() const { return v4_ ? *this : Masked(64); }

  friend bool operator==(const IpAddress&, const IpAddress&) = default;
  template <class H>
  friend H AbslHashValue(H h, const IpAddress& a) {
    return H::combine(std::move(h), a.v4_, a.bytes_);
  }

 private:
  bool v4_ = true;
  std::array<uint8_t, 16> bytes_{};  // an IPv4 address takes the first four
};

// A set of networks, such as "10.0.0.0/8, ::1". Immutable.
class CidrList {
 public:
  CidrList() = default;
  // Comma-separated networks or addresses; empty is none. INVALID_ARGUMENT
  // names the element that is none, or has bits set beyond its prefix.
  static absl::StatusOr<CidrList> Parse(absl::string_view text);
  bool Contains(const IpAddress& address) const;

 private:
  struct Network {
    IpAddress base;
    int bits;
  };
  std::vector<Network> networks_;
};

// The address of the client. That is the socket's peer, unless the peer is a trusted proxy:
// then it is the last address in X-Forwarded-For, or, while that is a trusted proxy too,
// the one before it.
IpAddress ClientAddress(const IpAddress& peer, const CidrList& trusted_proxies,
                        const HttpHeaders& headers);

// The network of an address, /24 or /64: "203.0.113.0/24", "2001:db8::/64".
std::string NetworkPrefix(const IpAddress& address);

// A name for a network, under which requests are counted for an hour: an HMAC of the prefix
// and the hour, truncated. It changes every hour, so it reveals nothing once the hour is
// over.
std::string NetworkKey(absl::string_view secret, absl::string_view prefix, absl::Time now);

// NetworkKey of addresses, cached for the current hour: computing one costs as much as
// everything else that is done with a request's head. Thread-safe.
class NetworkKeys {
 public:
  explicit NetworkKeys(std::string secret) : secret_(std::move(secret)) {}
  std::string Of(const IpAddress& address, absl::Time now);

 private:
  static constexpr size_t kMaxKept = 10'000;
  const std::string secret_;
  absl::Mutex mu_;
  int64_t hour_ ABSL_GUARDED_BY(mu_) = 0;
  absl::flat_hash_map<IpAddress, std::string> kept_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum::http
