#include "base/address.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>

namespace {

using ledgergate::Cidr;
using ledgergate::Endpoint;
using ledgergate::IpAddress;

std::string ip(std::string_view text) {
  const auto address = IpAddress::parse(text);
  return address ? address->text() : "refused";
}
std::string endpoint(std::string_view text) {
  const auto parsed = Endpoint::parse(text);
  return parsed ? parsed->text() : "refused";
}
bool inside(std::string_view network, std::string_view address) {
  const auto cidr = Cidr::parse(network);
  const auto parsed = IpAddress::parse(address);
  EXPECT_TRUE(cidr && parsed) << network << ' ' << address;
  return cidr && parsed && cidr->contains(*parsed);
}

TEST(IpAddress, ReadsBothFamiliesAndWritesThemCanonically) {
  EXPECT_EQ(ip("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(ip("2001:DB8:0:0::1"), "2001:db8::1");
  EXPECT_EQ(ip("[::1]"), "::1");
  EXPECT_EQ(ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

TEST(IpAddress, MappedAddressesAreIPv4) {
  EXPECT_EQ(ip("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(IpAddress::parse("[::ffff:10.0.0.1]"), IpAddress::parse("10.0.0.1"));
}

TEST(IpAddress, RefusesWhatIsNotExactlyAnAddress) {
  for (const std::string_view text :
       {"", "[]", "[", "192.0.2", "192.0.2.256", "192.0.2.01", " 192.0.2.1", "192.0.2.1 ", "[192.0.2.1]", "fe80::1%eth0", "::1]",
        "1::2::3", "localhost", "192.0.2.1:80", "0x7f.1", "2130706433"})
    EXPECT_EQ(ip(text), "refused") << text;
  EXPECT_EQ(ip(std::string_view("192.0.2.1\0x", 11)), "refused");
  EXPECT_EQ(ip(std::string(500, ':')), "refused");
}

TEST(IpAddress, KnowsLoopbackAndUnspecified) {
  EXPECT_TRUE(IpAddress::parse("127.8.9.1")->loopback());
  EXPECT_TRUE(IpAddress::parse("::1")->loopback());
  EXPECT_TRUE(IpAddress::parse("::ffff:127.0.0.1")->loopback());
  EXPECT_FALSE(IpAddress::parse("128.0.0.1")->loopback());
  EXPECT_FALSE(IpAddress::parse("1::1")->loopback());
  EXPECT_FALSE(IpAddress::parse("7f00::1")->loopback());
  EXPECT_TRUE(IpAddress::parse("::")->unspecified());
  EXPECT_TRUE(IpAddress::parse("0.0.0.0")->unspecified());
  EXPECT_FALSE(IpAddress::parse("0.0.0.1")->unspecified());
}

TEST(IpAddress, ComesFromSocketAddresses) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  ASSERT_EQ(inet_pton(AF_INET, "203.0.113.9", &v4.sin_addr), 1);
  sockaddr_storage storage{};
  std::memcpy(&storage, &v4, sizeof v4);
  const auto* address = reinterpret_cast<const sockaddr*>(&storage);
  EXPECT_EQ(IpAddress::from(address)->text(), "203.0.113.9");

  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  ASSERT_EQ(inet_pton(AF_INET6, "::ffff:203.0.113.9", &v6.sin6_addr), 1);
  std::memcpy(&storage, &v6, sizeof v6);
  EXPECT_EQ(IpAddress::from(address), IpAddress::parse("203.0.113.9"));
  ASSERT_EQ(inet_pton(AF_INET6, "2001:db8::9", &v6.sin6_addr), 1);
  std::memcpy(&storage, &v6, sizeof v6);
  EXPECT_EQ(IpAddress::from(address)->text(), "2001:db8::9");

  storage.ss_family = AF_UNIX;
  EXPECT_FALSE(IpAddress::from(address));
  EXPECT_FALSE(IpAddress::from(nullptr));
}

TEST(Cidr, HoldsAddressesOfItsFamilyOnly) {
  EXPECT_TRUE(inside("192.0.2.0/24", "192.0.2.255"));
  EXPECT_FALSE(inside("192.0.2.0/24", "192.0.3.0"));
  EXPECT_TRUE(inside("10.128.0.0/9", "10.255.0.1"));
  EXPECT_FALSE(inside("10.128.0.0/9", "10.127.255.255"));
  EXPECT_TRUE(inside("0.0.0.0/0", "8.8.8.8"));
  EXPECT_FALSE(inside("0.0.0.0/0", "::1"));
  EXPECT_TRUE(inside("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(inside("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(inside("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(inside("192.0.2.1", "192.0.2.0"));
  EXPECT_TRUE(inside("::1", "::1"));
}

TEST(Cidr, MappedNetworksAreIPv4Networks) {
  EXPECT_EQ(Cidr::parse("::ffff:192.0.2.0/120"), Cidr::parse("192.0.2.0/24"));
  EXPECT_EQ(Cidr::parse("::ffff:192.0.2.1"), Cidr::parse("192.0.2.1/32"));
  EXPECT_FALSE(Cidr::parse("::ffff:0.0.0.0/95"));
}

TEST(Cidr, RefusesBitsBehindThePrefixAndOddPrefixes) {
  for (const std::string_view text :
       {"192.0.2.1/24", "10.0.0.1/0", "2001:db8::1/64", "192.0.2.0/33", "::/129", "192.0.2.0/", "192.0.2.0/+8", "192.0.2.0/-1",
        "192.0.2.0/24/24", "192.0.2.0/ 24", "/24", "", "192.0.2.0/999999999999"})
    EXPECT_FALSE(Cidr::parse(text)) << text;
}

TEST(Endpoint, UnderstandsEveryFormOfAListener) {
  EXPECT_EQ(endpoint("[::]:443"), "[::]:443");
  EXPECT_EQ(endpoint("0.0.0.0:80"), "0.0.0.0:80");
  EXPECT_EQ(endpoint(":8443"), "[::]:8443");
  EXPECT_EQ(endpoint("localhost:8443"), "127.0.0.1:8443");
  EXPECT_EQ(endpoint("127.0.0.1:0"), "127.0.0.1:0");
  EXPECT_EQ(endpoint("[::ffff:127.0.0.1]:80"), "127.0.0.1:80");
}

TEST(Endpoint, RefusesWhatIsAmbiguousOrIncomplete) {
  for (const std::string_view text :
       {"", ":", "443", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+1", "127.0.0.1:80a", "::1:443", "[::1]443",
        "[127.0.0.1]:80", "example.cz:443", "[::1:443", "*:443", "127.0.0.1:000080"})
    EXPECT_EQ(endpoint(text), "refused") << text;
}

} // namespace
