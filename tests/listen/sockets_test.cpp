#include "listen/sockets.h"

#include "../loop_world.h"

#include <gtest/gtest.h>

#include <poll.h>
#include <set>
#include <string>

namespace ledgergate::listen::tests {
namespace {

using ledgergate::tests::Listening;
using ledgergate::tests::Socket;

struct Opened : Sockets {
  explicit Opened(const std::string& address, std::size_t workers = 1)
      : Sockets(open_sockets(*Endpoint::parse(address), workers)) {}
  ~Opened() {
    for (const int each : descriptors) ::close(each);
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
};

bool machine_has_ipv6() {
  const Opened probe("[::1]:0");
  return probe.error.empty();
}

// A client's connection to `port` of this machine, over IPv4 or IPv6; -1 inside when it is refused.
Socket call(std::uint16_t port, bool v6) {
  Socket made(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_addr = in6addr_loopback;
  six.sin6_port = htons(port);
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  four.sin_port = htons(port);
  const int status = v6 ? ::connect(made.get(), reinterpret_cast<const sockaddr*>(&six), sizeof six)
                        : ::connect(made.get(), reinterpret_cast<const sockaddr*>(&four), sizeof four);
  if (status != 0) made.close();
  return made;
}

// Accepts on whichever of them has a connection; its index.
std::size_t accept_any(const Sockets& sockets) {
  std::vector<pollfd> waiting;
  for (const int each : sockets.descriptors) waiting.push_back({each, POLLIN, 0});
  if (::poll(waiting.data(), waiting.size(), 30'000) <= 0) return sockets.descriptors.size();
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    if ((waiting[i].revents & POLLIN) == 0) continue;
    const Socket accepted(::accept4(waiting[i].fd, nullptr, nullptr, SOCK_CLOEXEC));
    if (accepted.get() >= 0) return i;
  }
  return sockets.descriptors.size();
}

TEST(Sockets, PortZeroIsWhateverPortTheKernelChose) {
  const Opened opened("127.0.0.1:0");
  ASSERT_EQ(opened.error, "");
  EXPECT_NE(opened.bound.port, 0);
  const Socket caller = call(opened.bound.port, false);
  EXPECT_GE(caller.get(), 0);
  EXPECT_EQ(accept_any(opened), 0U);
}

TEST(Sockets, EveryWorkerHasASocketOfItsOwnOnTheOnePort) {
  const Opened opened("127.0.0.1:0", 4);
  ASSERT_EQ(opened.error, "");
  ASSERT_EQ(opened.descriptors.size(), 4U);
  EXPECT_EQ(std::set<int>(opened.descriptors.begin(), opened.descriptors.end()).size(), 4U);
  // The kernel spreads connections by their source port: over many of them each worker has its share.
  std::set<std::size_t> served;
  for (int i = 0; i < 500 && served.size() < 4; ++i) {
    const Socket caller = call(opened.bound.port, false);
    ASSERT_GE(caller.get(), 0);
    served.insert(accept_any(opened));
  }
  EXPECT_EQ(served, (std::set<std::size_t>{0, 1, 2, 3}));
}

TEST(Sockets, APortThatIsTakenIsSaidToBeTaken) {
  const Listening other;
  const Opened opened("127.0.0.1:" + std::to_string(other.port()));
  EXPECT_TRUE(opened.descriptors.empty());
  EXPECT_NE(opened.error.find("port " + std::to_string(other.port()) + " is taken by another process"), std::string::npos)
      << opened.error;
}

TEST(Sockets, APortThatAnotherEdgeSharesAmongItsWorkersIsTakenToo) {
  const Opened first("127.0.0.1:0", 2);
  ASSERT_EQ(first.error, "");
  const Opened second("127.0.0.1:" + std::to_string(first.bound.port), 2);
  EXPECT_TRUE(second.descriptors.empty()) << "SO_REUSEPORT alone would have let it join";
  EXPECT_NE(second.error.find("is taken"), std::string::npos);
}

TEST(Sockets, AnAddressThisMachineDoesNotHaveIsSaidSo) {
  const Opened opened("192.0.2.1:0"); // RFC 5737: nobody has it
  EXPECT_TRUE(opened.descriptors.empty());
  EXPECT_NE(opened.error.find("no such address"), std::string::npos) << opened.error;
}

TEST(Sockets, TheUnspecifiedIpv6AddressListensOnBothFamilies) {
  if (!machine_has_ipv6()) GTEST_SKIP() << "no IPv6 here";
  const Opened opened("[::]:0");
  ASSERT_EQ(opened.error, "");
  EXPECT_EQ(opened.warning, "");
  EXPECT_EQ(opened.bound.text(), "[::]:" + std::to_string(opened.bound.port));
  for (const bool v6 : {true, false}) {
    const Socket caller = call(opened.bound.port, v6);
    ASSERT_GE(caller.get(), 0) << (v6 ? "IPv6" : "IPv4");
    EXPECT_EQ(accept_any(opened), 0U);
  }
}

TEST(Sockets, ASpecificIpv6AddressIsForIpv6Only) {
  if (!machine_has_ipv6()) GTEST_SKIP() << "no IPv6 here";
  const Opened opened("[::1]:0");
  ASSERT_EQ(opened.error, "");
  EXPECT_GE(call(opened.bound.port, true).get(), 0);
  EXPECT_LT(call(opened.bound.port, false).get(), 0);
}

TEST(Sockets, WithoutIpv6TheUnspecifiedAddressFallsBackWithAWarning) {
  if (machine_has_ipv6()) GTEST_SKIP() << "there is IPv6 here";
  const Opened opened("[::]:0");
  ASSERT_EQ(opened.error, "");
  EXPECT_NE(opened.warning.find("0.0.0.0"), std::string::npos);
  EXPECT_GE(call(opened.bound.port, false).get(), 0);
}

} // namespace
} // namespace ledgergate::listen::tests
