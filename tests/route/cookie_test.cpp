#include "world.h"

#include <gtest/gtest.h>

namespace ledgergate::route {
namespace {

std::string cookie(std::string_view value, bool strip = true, std::string rewrite = {}, bool map = true) {
  World w;
  w.server.profile = settings::Profile::onec;
  w.route.path = "/účty";
  w.route.strip_prefix = strip;
  w.route.rewrite_prefix = std::move(rewrite);
  w.route.map_location = map;
  w.reply.fields = {{"set-cookie", value}};
  return values_of(w.answer(), "set-cookie");
}

TEST(Cookies, OfAStrippedRouteGetThePublicPath) {
  EXPECT_EQ(cookie("vrs=1; Path=/; HttpOnly"), "vrs=1; Path=/%C3%BA%C4%8Dty/; HttpOnly");
  EXPECT_EQ(cookie("vrs=1; HttpOnly ;path = /base"), "vrs=1; HttpOnly ;path = /%C3%BA%C4%8Dty/base");
  EXPECT_EQ(cookie("vrs=1;path=/a;Path=/b"), "vrs=1;path=/%C3%BA%C4%8Dty/a;Path=/%C3%BA%C4%8Dty/b") << "the last one counts";
}

TEST(Cookies, OfARewrittenRouteGetItWhereTheyAreInside) {
  EXPECT_EQ(cookie("a=b; Path=/base/hs", false, "/base"), "a=b; Path=/%C3%BA%C4%8Dty/hs");
  EXPECT_EQ(cookie("a=b; Path=/other", false, "/base"), "a=b; Path=/other");
}

TEST(Cookies, StayAsTheyAreOtherwise) {
  for (const char* value : {"a=b", "a=/; HttpOnly", "path=/x", "a=b; Path", "a=b; Path=", "a=b; Path=relative", "a=b; Path=//evil",
                            "a=b; XPath=/", "; ;"})
    EXPECT_EQ(cookie(value), value);
  EXPECT_EQ(cookie("a=b; Path=/", false), "a=b; Path=/");
  EXPECT_EQ(cookie("a=b; Path=/", true, {}, false), "a=b; Path=/") << "map_location: false";
}

} // namespace
} // namespace ledgergate::route
