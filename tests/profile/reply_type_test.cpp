#include "profile/reply_type.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace ledgergate;
using settings::Profile;

std::string wrong(std::uint16_t status, const std::vector<std::string_view>& types, Profile profile = Profile::eshop) {
  http::ReplyHead reply;
  reply.status = status;
  for (const auto type : types) reply.fields.push_back({"content-type", type});
  return std::string(profile::wrong_type(profile, reply));
}

TEST(ShopsReply, OfTextXmlIsTaken) {
  for (const char* type :
       {"text/xml", "TEXT/XML", "text/xml; charset=utf-8", "text/xml;charset=\"windows-1250\"", "text/xml ;", "text/xml;"}) {
    EXPECT_EQ(wrong(200, {type}), "") << type;
    EXPECT_EQ(wrong(500, {type}), "") << type;
  }
}

TEST(ShopsReply, OfAnyOtherTypeIsNot) {
  for (const char* type : {"text/html", "application/xml", "text/xmlx", "text/xm", "text/plain; x=text/xml", "", "text /xml"})
    EXPECT_EQ(wrong(200, {type}), "not text/xml") << type;
  EXPECT_EQ(wrong(200, {}), "not text/xml");
  EXPECT_EQ(wrong(200, {"text/xml", "text/html"}), "not text/xml");
  EXPECT_EQ(wrong(200, {"text/html", "text/xml"}), "not text/xml");
  EXPECT_EQ(wrong(204, {}), "not text/xml");
}

TEST(ShopsReply, OfAPageSaysWhatThePageWasFor) {
  EXPECT_NE(wrong(404, {"text/html"}).find("404"), std::string::npos);
  EXPECT_NE(wrong(500, {"text/html"}).find("5xx"), std::string::npos);
  EXPECT_NE(wrong(403, {"text/html"}).find("4xx"), std::string::npos);
}

TEST(ShopsReply, ThatRedirectsIsNotTakenWhateverItsType) {
  for (const int status : {300, 301, 302, 303, 304, 307, 308})
    EXPECT_NE(wrong(static_cast<std::uint16_t>(status), {"text/xml"}).find("redirects"), std::string::npos) << status;
}

TEST(ShopsReply, ThatAsksForAPasswordIsTaken) { EXPECT_EQ(wrong(401, {"text/html"}), ""); }

TEST(OthersReply, IsTakenWhateverItsType) {
  for (const auto profile : {Profile::http, Profile::mserver, Profile::apicomprem, Profile::onec, Profile::mobile_smarts}) {
    EXPECT_EQ(wrong(200, {"text/html"}, profile), "");
    EXPECT_EQ(wrong(302, {}, profile), "");
  }
}

} // namespace
