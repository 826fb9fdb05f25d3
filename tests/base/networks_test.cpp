#include "base/networks.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace {

using namespace ledgergate;

bool half(std::initializer_list<const char*> networks) {
  std::vector<Cidr> all;
  for (const char* const each : networks) all.push_back(Cidr::parse(each).value());
  return hold_half_of_all(all);
}

TEST(Networks, ThatHoldHalfOfAllAddressesAreToldFromLists) {
  EXPECT_TRUE(half({"0.0.0.0/0"}));
  EXPECT_TRUE(half({"0.0.0.0/1", "128.0.0.0/1"}));
  EXPECT_TRUE(half({"128.0.0.0/2", "10.0.0.0/8", "0.0.0.0/2"}));
  EXPECT_TRUE(half({"::/0"}));
  EXPECT_TRUE(half({"::/1", "8000::/1"}));
  EXPECT_TRUE(half({"2000::/4"}));
  EXPECT_TRUE(half({"::ffff:0:0/96"}));
  EXPECT_TRUE(half({"2000::/5", "2800::/5"}));
  EXPECT_FALSE(half({}));
  EXPECT_FALSE(half({"0.0.0.0/2", "0.0.0.0/2", "10.0.0.0/8", "0.0.0.0/3"})) << "each address counts once";
  EXPECT_FALSE(half({"fd00::/8", "fe80::/10", "8000::/1", "2001:db8::1"}));
  EXPECT_FALSE(half({"2000::/5", "10.0.0.0/8", "2800::/6"}));
  EXPECT_FALSE(half({"173.245.48.0/20", "104.16.0.0/13", "2400:cb00::/32"}));
}

} // namespace
