#include "gateway/http/network.h"

#include <string>

#include "gateway/http/connection_limits.h"
#include "gtest/gtest.h"

namespace rostrum::http {
namespace {

IpAddress Ip(const std::string& text) {
  const absl::StatusOr<IpAddress> address = IpAddress::Parse(text);
  EXPECT_TRUE(address.ok()) << text;
  return *address;
}

TEST(IpAddressTest, AMappedAddressIsTheIpv4Address) {
  EXPECT_EQ(Ip("::ffff:203.0.113.9"), Ip("203.0.113.9"));
  EXPECT_EQ(Ip("2001:DB8:0::1").ToString(), "2001:db8::1");
  for (const std::string bad : {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "::g", "[::1]", "a.b"}) {
    EXPECT_FALSE(IpAddress::Parse(bad).ok()) << bad;
  }
  EXPECT_FALSE(IpAddress::Parse(absl::string_view("10.0.0.1\0.evil", 14)).ok());
}

TEST(NetworkPrefixTest, IsTwentyFourOrSixtyFourBits) {
  EXPECT_EQ(NetworkPrefix(Ip("203.0.113.9")), "203.0.113.0/24");
  EXPECT_EQ(NetworkPrefix(Ip("::ffff:203.0.113.9")), "203.0.113.0/24");
  EXPECT_EQ(NetworkPrefix(Ip("2001:db8:1:2:3:4:5:6")), "2001:db8:1:2::/64");
  EXPECT_EQ(Ip("203.0.113.9").Masked(20).ToString(), "203.0.112.0");
}

TEST(NetworkKeyTest, ChangesWithTheHourAndTheSecret) {
  const absl::Time start = absl::FromUnixSeconds(1'700'002'800);  // a full hour
  const std::string key = NetworkKey("secret", "203.0.113.0/24", start);
  EXPECT_EQ(key.size(), 22u);  // 16 bytes
  EXPECT_EQ(NetworkKey("secret", "203.0.113.0/24", start + absl::Minutes(59)), key);
  EXPECT_NE(NetworkKey("secret", "203.0.113.0/24", start + absl::Minutes(60)), key);
  EXPECT_NE(NetworkKey("other", "203.0.113.0/24", start), key);
  EXPECT_NE(NetworkKey("secret", "203.0.114.0/24", start), key);

  NetworkKeys keys("secret");
  for (int i = 0; i < 2; ++i) {  // made, then kept
    EXPECT_EQ(keys.Of(Ip("203.0.113.9"), start), key);
    EXPECT_EQ(keys.Of(Ip("203.0.113.200"), start + absl::Minutes(59)), key);
    EXPECT_EQ(keys.Of(Ip("203.0.114.9"), start), NetworkKey("secret", "203.0.114.0/24", start));
    EXPECT_EQ(keys.Of(Ip("2001:db8::7"), start), NetworkKey("secret", "2001:db8::/64", start));
  }
  EXPECT_EQ(keys.Of(Ip("203.0.113.9"), start + absl::Hours(1)),
            NetworkKey("secret", "203.0.113.0/24", start + absl::Hours(1)));
}

TEST(CidrListTest, ContainsItsNetworks) {
  const CidrList list = *CidrList::Parse("10.0.0.0/8, 192.168.1.1 ,fd00::/8,::1");
  EXPECT_TRUE(list.Contains(Ip("10.255.0.1")));
  EXPECT_TRUE(list.Contains(Ip("::ffff:10.1.1.1")));
  EXPECT_TRUE(list.Contains(Ip("192.168.1.1")));
  EXPECT_FALSE(list.Contains(Ip("192.168.1.2")));
  EXPECT_TRUE(list.Contains(Ip("fd12::1")));
  EXPECT_FALSE(list.Contains(Ip("fe80::1")));
  EXPECT_FALSE(CidrList::Parse("")->Contains(Ip("10.0.0.1")));
  EXPECT_TRUE(CidrList::Parse("0.0.0.0/0")->Contains(Ip("8.8.8.8")));
  EXPECT_FALSE(CidrList::Parse("0.0.0.0/0")->Contains(Ip("2001:db8::1")));
  for (const std::string bad :
       {"10.0.0.0/33", "10.0.0.1/8", "x/8", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0.0/-1", "::/129"}) {
    EXPECT_FALSE(CidrList::Parse(bad).ok()) << bad;
  }
}

TEST(ClientAddressTest, BelievesOnlyWhatOurProxiesWrote) {
  const CidrList ours = *CidrList::Parse("10.0.0.0/8");
  const auto client = [&](const std::string& peer, std::vector<std::string> forwarded) {
    HttpHeaders headers;
    for (const std::string& value : forwarded) headers.Add("X-Forwarded-For", value);
    return ClientAddress(Ip(peer), ours, headers).ToString();
  };
  EXPECT_EQ(client("203.0.113.9", {"198.51.100.1"}), "203.0.113.9") << "not our proxy";
  EXPECT_EQ(client("10.0.0.1", {}), "10.0.0.1");
  EXPECT_EQ(client("10.0.0.1", {"198.51.100.1"}), "198.51.100.1");
  EXPECT_EQ(client("10.0.0.1", {"1.1.1.1, 198.51.100.1"}), "198.51.100.1");
  EXPECT_EQ(client("10.0.0.1", {"1.1.1.1", "198.51.100.1"}), "198.51.100.1");
  EXPECT_EQ(client("10.0.0.1", {"198.51.100.1:4711"}), "198.51.100.1");
  EXPECT_EQ(client("10.0.0.1", {"[2001:db8::1]:4711"}), "2001:db8::1");
  EXPECT_EQ(client("10.0.0.1", {"2001:db8::1"}), "2001:db8::1");
  // One of ours before another: a balancer and an ingress.
  EXPECT_EQ(client("10.0.0.1", {"1.1.1.1, 198.51.100.1, 10.0.0.2"}), "198.51.100.1");
  EXPECT_EQ(client("10.0.0.1", {"1.1.1.1, 198.51.100.1", "10.0.0.3, 10.0.0.2"}), "198.51.100.1");
  EXPECT_EQ(client("10.0.0.1", {"10.0.0.3, 10.0.0.2"}), "10.0.0.3") << "somebody of ours";
  // So no reader may come from such a network: they would name themselves.
  EXPECT_EQ(client("10.0.0.1", {"1.1.1.1, 10.9.9.9"}), "1.1.1.1");
  EXPECT_EQ(client("10.0.0.1", {"nonsense, 10.0.0.2"}), "10.0.0.2");
  for (const std::string bad : {"unknown", "198.51.100.1,", "[2001:db8::1", "a:b:c"}) {
    EXPECT_EQ(client("10.0.0.1", {bad}), "10.0.0.1") << bad;
  }
}

TEST(ConnectionLimitsTest, CountsAnIpv6HostByItsNetwork) {
  ConnectionLimits limits(10, 1, CidrList());
  ConnectionLimits::Refused refused;
  std::optional<ConnectionLimits::Slot> first = limits.Take(Ip("2001:db8::1"), refused);
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(limits.Take(Ip("2001:db8::2"), refused).has_value());
  EXPECT_EQ(refused, ConnectionLimits::Refused::kHost);
  EXPECT_TRUE(limits.Take(Ip("2001:db8:0:1::2"), refused).has_value());
  EXPECT_EQ(limits.count(), 1);
  EXPECT_FALSE(limits.WaitUntilNone(absl::ZeroDuration()));
  first.reset();
  EXPECT_TRUE(limits.WaitUntilNone(absl::ZeroDuration()));
}

}  // namespace
}  // namespace rostrum::http
