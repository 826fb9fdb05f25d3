#include "client/address_table.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace ledgergate::client {
namespace {

IpAddress ip(const std::string& text) { return *IpAddress::parse(text); }

IpAddress number(std::uint32_t n) {
  IpAddress out;
  for (std::size_t i = 0; i < 4; ++i) out.bytes[i] = static_cast<std::uint8_t>(n >> (24 - 8 * i));
  return out;
}

TEST(AddressTable, TheSameAddressHasTheSameMeter) {
  AddressTable table(1'000);
  const auto a = table.hold(ip("192.0.2.1"));
  const auto b = table.hold(ip("192.0.2.1"));
  const auto c = table.hold(ip("192.0.2.2"));
  EXPECT_EQ(a.meter(), b.meter());
  EXPECT_NE(a.meter(), c.meter());
  EXPECT_EQ(table.size(), 2U);
}

TEST(AddressTable, AnIpv6NetworkOf64BitsIsOneAddress) {
  AddressTable table(1'000);
  EXPECT_EQ(table.hold(ip("2001:db8:1:2::1")).meter(), table.hold(ip("2001:db8:1:2:ffff:ffff:ffff:ffff")).meter());
  EXPECT_NE(table.hold(ip("2001:db8:1:2::1")).meter(), table.hold(ip("2001:db8:1:3::1")).meter());
}

TEST(AddressTable, Ipv4AndIpv6OfTheSameBytesAreTwo) {
  AddressTable table(1'000);
  IpAddress six;
  six.v6 = true;
  six.bytes = number(0x01020304).bytes;
  EXPECT_NE(table.hold(number(0x01020304)).meter(), table.hold(six).meter());
}

TEST(AddressTable, RemembersWhatWasUsedAfterItsHoldIsOver) {
  AddressTable table(1'000);
  const settings::Rate rate{1, std::chrono::milliseconds(60'000), 1};
  EXPECT_EQ(table.hold(ip("192.0.2.1")).meter()->requests.take(rate, 1, 5), 0);
  EXPECT_GT(table.hold(ip("192.0.2.1")).meter()->requests.take(rate, 1, 5), 0);
}

TEST(AddressTable, AMillionAddressesStayWithinTheBound) {
  // One thread tells TSan nothing, in much time.
#ifdef __SANITIZE_THREAD__
  constexpr std::uint32_t kAddresses = 50'000;
#else
  constexpr std::uint32_t kAddresses = 1'000'000;
#endif
  AddressTable table(4'096);
  for (std::uint32_t n = 0; n < kAddresses; ++n) {
    const auto held = table.hold(number(n));
    ASSERT_NE(held.meter(), nullptr);
  }
  EXPECT_LE(table.size(), 4'096U);
  EXPECT_GE(table.size(), 4'000U);
}

TEST(AddressTable, OneInUseIsNotForgottenInAFlood) {
  AddressTable table(64);
  const settings::Rate rate{1, std::chrono::milliseconds(60'000), 1};
  const auto mine = table.hold(ip("192.0.2.1"));
  EXPECT_EQ(mine.meter()->requests.take(rate, 1, 5), 0);
  for (std::uint32_t n = 0; n < 100'000; ++n) static_cast<void>(table.hold(number(n)));
  EXPECT_EQ(table.hold(ip("192.0.2.1")).meter(), mine.meter());
  EXPECT_GT(mine.meter()->requests.take(rate, 1, 5), 0);
}

TEST(AddressTable, WhenAllAreInUseNewcomersShareOneMeter) {
  AddressTable table(16); // one a shard
  std::vector<AddressTable::Hold> holds;
  for (std::uint32_t n = 0; n < 1'000; ++n) holds.push_back(table.hold(number(n)));
  EXPECT_LE(table.size(), 16U);
  const auto a = table.hold(number(5'000'000));
  const auto b = table.hold(number(6'000'000));
  EXPECT_EQ(a.meter(), b.meter());
  holds.clear();
  const auto c = table.hold(number(7'000'000));
  EXPECT_NE(c.meter(), a.meter());
}

TEST(AddressTable, ManyThreadsHoldAndLetGo) {
  AddressTable table(128);
  std::vector<std::thread> threads;
  for (std::uint32_t t = 0; t < 4; ++t)
    threads.emplace_back([&table, t] {
      for (std::uint32_t n = 0; n < 20'000; ++n) {
        auto held = table.hold(number(n * 4 + t));
        if (auto* meter = held.meter(); meter != nullptr) {
          const Share share(meter->concurrent, 0);
        }
        auto again = table.hold(number(n & 63U));
        held = std::move(again);
      }
    });
  for (auto& each : threads) each.join();
  EXPECT_LE(table.size(), 128U);
}

} // namespace
} // namespace ledgergate::client
