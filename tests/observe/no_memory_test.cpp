// Without memory nothing is noted, and nobody who looks at what is noted finds half of it.
#include "../allocations.h"

#include "observe/metrics.h"
#include "observe/tally.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace ledgergate::observe {
namespace {

using ledgergate::tests::fail_each;

// A reload that has no memory for a new route's numbers is refused; the metrics are asked for all the same.
TEST(NoMemory, ARouteWhoseNumbersCouldNotBeMadeIsNotAmongAll) {
  const std::string route = "a route with a name that is longer than a string keeps in itself";
  const std::size_t failures = fail_each(
      [] {
        auto made = std::make_unique<Tallies>();
        static_cast<void>(made->of("-"));
        return made;
      },
      [&](auto& made) { static_cast<void>(made->of(route)); },
      [&](auto& made, bool threw) {
        EXPECT_TRUE(threw);
        for (const auto& [name, tally] : made->all()) EXPECT_NE(tally, nullptr) << name;
        EXPECT_EQ(made->all().size(), 1U);
        EXPECT_NE(metrics_text(*made, {}).find("route=\"-\""), std::string::npos);
        EXPECT_NE(made->of(route), nullptr);
      });
  EXPECT_GE(failures, 2U);
}

} // namespace
} // namespace ledgergate::observe
