#include "profile/endpoints.h"

#include <gtest/gtest.h>

namespace ledgergate::profile {
namespace {

using http::Method;
using settings::Profile;

struct Case {
  Profile profile;
  Method method;
  std::string_view path;
  Verdict verdict;
  std::string_view allow;
};

class EndpointTable : public testing::TestWithParam<Case> {};

TEST_P(EndpointTable, Decides) {
  const auto& c = GetParam();
  const auto got = check(c.profile, c.method, c.path);
  EXPECT_EQ(got.verdict, c.verdict) << c.path;
  EXPECT_EQ(got.allow, c.allow) << c.path;
}

constexpr auto yes = Verdict::allowed;
constexpr auto no_method = Verdict::method_not_allowed;
constexpr auto nothing = Verdict::no_such_endpoint;

INSTANTIATE_TEST_SUITE_P(
    Mserver, EndpointTable,
    testing::Values(
        Case{Profile::mserver, Method::post, "/xml", yes, ""}, Case{Profile::mserver, Method::post, "/XML", yes, ""},
        Case{Profile::mserver, Method::get, "/xml", no_method, "POST"},
        Case{Profile::mserver, Method::put, "/Xml", no_method, "POST"}, Case{Profile::mserver, Method::post, "/xml/a", nothing, ""},
        Case{Profile::mserver, Method::post, "/xmlx", nothing, ""}, Case{Profile::mserver, Method::get, "/status", yes, ""},
        Case{Profile::mserver, Method::post, "/status", yes, ""},
        Case{Profile::mserver, Method::head, "/status", no_method, "GET, POST"},
        Case{Profile::mserver, Method::get, "/documents", yes, ""},
        Case{Profile::mserver, Method::get, "/documents/obr\xE1zky/\x9Eidle.jpg", yes, ""},
        Case{Profile::mserver, Method::head, "/Documents/a.pdf", yes, ""},
        Case{Profile::mserver, Method::post, "/documents/a.pdf", no_method, "GET, HEAD"},
        Case{Profile::mserver, Method::delete_, "/documents/a.pdf", no_method, "GET, HEAD"},
        Case{Profile::mserver, Method::get, "/documentsx", nothing, ""}, Case{Profile::mserver, Method::get, "//status", yes, ""},
        Case{Profile::mserver, Method::post, "//xml", yes, ""}, Case{Profile::mserver, Method::post, "/xml/", yes, ""},
        Case{Profile::mserver, Method::post, "///Xml//", yes, ""}, Case{Profile::mserver, Method::get, "//xml", no_method, "POST"},
        Case{Profile::mserver, Method::get, "//documents//a", yes, ""}, Case{Profile::mserver, Method::get, "/documents/", yes, ""},
        Case{Profile::mserver, Method::get, "/documents/Faktury\\2024/fv.pdf", yes, ""},
        Case{Profile::mserver, Method::post, "/xml//a", nothing, ""}, Case{Profile::mserver, Method::post, "/xml.", nothing, ""},
        Case{Profile::mserver, Method::post, "/xml;x", nothing, ""}, Case{Profile::mserver, Method::post, "//", nothing, ""},
        Case{Profile::mserver, Method::get, "/", nothing, ""}, Case{Profile::mserver, Method::options, "*", nothing, ""}));

INSTANTIATE_TEST_SUITE_P(Apicomprem, EndpointTable,
                         testing::Values(Case{Profile::apicomprem, Method::post, "/api/comm", yes, ""},
                                         Case{Profile::apicomprem, Method::get, "/api/comm", no_method, "POST"},
                                         Case{Profile::apicomprem, Method::post, "/api/comm/x", nothing, ""},
                                         Case{Profile::apicomprem, Method::post, "/api", nothing, ""},
                                         Case{Profile::apicomprem, Method::post, "/API/comm", nothing, ""}));

INSTANTIATE_TEST_SUITE_P(
    Others, EndpointTable,
    testing::Values(Case{Profile::eshop, Method::post, "/adresy.php", yes, ""}, Case{Profile::eshop, Method::post, "/", yes, ""},
                    Case{Profile::eshop, Method::get, "/adresy.php", no_method, "POST"},
                    Case{Profile::http, Method::delete_, "/anything", yes, ""}, Case{Profile::http, Method::options, "*", yes, ""},
                    Case{Profile::onec, Method::patch, "/base/odata/Catalog_\xD0\x9D(guid'1')", yes, ""},
                    Case{Profile::onec, Method::head, "/base/ws/bank.1cws", yes, ""},
                    Case{Profile::mobile_smarts, Method::get, "/MobileSMARTS/api/v1/Tables/Lot('1')", yes, ""}));

TEST(Profiles, OneSlotServersGetLengthsAndFreshConnections) {
  for (const auto profile : {Profile::mserver, Profile::apicomprem}) {
    EXPECT_TRUE(needs_length(profile));
    EXPECT_TRUE(fresh_for_unsafe(profile));
  }
  for (const auto profile : {Profile::http, Profile::eshop, Profile::onec, Profile::mobile_smarts}) {
    EXPECT_FALSE(needs_length(profile));
    EXPECT_FALSE(fresh_for_unsafe(profile));
  }
}

TEST(Profiles, SwaggerOfMobileSmartsIsNotForThePublic) {
  for (const char* path : {"/swagger", "/Swagger/ui/index", "/MobileSMARTS/swagger/docs/v1", "/a/SWAGGER.json", "/swagger-ui/",
                           "/a\\swagger", "//swagger", "/%73wagger", "/SWAGGE~1", "/a;b/swagger", "/(S(x))/swagger"})
    EXPECT_TRUE(describes_api(Profile::mobile_smarts, path)) << path;
  for (const char* path : {"/", "", "/MobileSMARTS/api/v1/Tables/Lot('swagger')", "/MobileSMARTS/swag", "/my-swagger"})
    EXPECT_FALSE(describes_api(Profile::mobile_smarts, path)) << path;
  for (const auto profile : {Profile::http, Profile::mserver, Profile::apicomprem, Profile::eshop, Profile::onec})
    EXPECT_FALSE(describes_api(profile, "/swagger"));
}

TEST(Profiles, TheStatusOfMserverIsKnownInEverySpelling) {
  for (const char* path : {"/status", "/Status", "//status", "/status/", "//STATUS//"})
    EXPECT_TRUE(is_status(Profile::mserver, path)) << path;
  for (const char* path : {"/xml", "/status/x", "/statusx", "/", ""}) EXPECT_FALSE(is_status(Profile::mserver, path)) << path;
  EXPECT_FALSE(is_status(Profile::http, "/status"));
}

TEST(Profiles, OnlyThePlainStatusIsAnsweredWhileBusy) {
  EXPECT_TRUE(answers_while_busy(Profile::mserver, "/Status"));
  for (const char* target : {"//status", "/status/", "/%73tatus", "/status?companyDetail"})
    EXPECT_FALSE(answers_while_busy(Profile::mserver, target)) << target;
}

TEST(Profiles, BodiesThatAskAreKnownInEverySpelling) {
  for (const char* path : {"/xml", "/XML", "//xml", "/xml/"}) EXPECT_TRUE(asks_by_body(Profile::mserver, path)) << path;
  for (const char* path : {"/status", "/documents/xml", "/xml/a"}) EXPECT_FALSE(asks_by_body(Profile::mserver, path)) << path;
  EXPECT_TRUE(asks_by_body(Profile::apicomprem, "/api/comm"));
  EXPECT_FALSE(asks_by_body(Profile::http, "/xml"));
}

} // namespace
} // namespace ledgergate::profile
