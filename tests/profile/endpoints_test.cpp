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

INSTANTIATE_TEST_SUITE_P(Mserver, EndpointTable,
                         testing::Values(Case{Profile::mserver, Method::post, "/xml", yes, ""},
                                         Case{Profile::mserver, Method::post, "/XML", yes, ""},
                                         Case{Profile::mserver, Method::get, "/xml", no_method, "POST"},
                                         Case{Profile::mserver, Method::put, "/Xml", no_method, "POST"},
                                         Case{Profile::mserver, Method::post, "/xml/a", nothing, ""},
                                         Case{Profile::mserver, Method::post, "/xmlx", nothing, ""},
                                         Case{Profile::mserver, Method::get, "/status", yes, ""},
                                         Case{Profile::mserver, Method::post, "/status", yes, ""},
                                         Case{Profile::mserver, Method::head, "/status", no_method, "GET, POST"},
                                         Case{Profile::mserver, Method::get, "/documents", yes, ""},
                                         Case{Profile::mserver, Method::get, "/documents/obr\xE1zky/\x9Eidle.jpg", yes, ""},
                                         Case{Profile::mserver, Method::head, "/Documents/a.pdf", yes, ""},
                                         Case{Profile::mserver, Method::post, "/documents/a.pdf", no_method, "GET, HEAD"},
                                         Case{Profile::mserver, Method::delete_, "/documents/a.pdf", no_method, "GET, HEAD"},
                                         Case{Profile::mserver, Method::get, "/documentsx", nothing, ""},
                                         Case{Profile::mserver, Method::get, "//status", nothing, ""},
                                         Case{Profile::mserver, Method::get, "/", nothing, ""},
                                         Case{Profile::mserver, Method::options, "*", nothing, ""}));

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
  for (const char* path : {"/swagger", "/Swagger/ui/index", "/MobileSMARTS/swagger/docs/v1", "/a/SWAGGER.json", "/swagger-ui/"})
    EXPECT_TRUE(describes_api(Profile::mobile_smarts, path)) << path;
  for (const char* path : {"/", "", "/MobileSMARTS/api/v1/Tables/Lot('swagger')", "/MobileSMARTS/swag", "swagger", "/my-swagger"})
    EXPECT_FALSE(describes_api(Profile::mobile_smarts, path)) << path;
  for (const auto profile : {Profile::http, Profile::mserver, Profile::apicomprem, Profile::eshop, Profile::onec})
    EXPECT_FALSE(describes_api(profile, "/swagger"));
}

TEST(Profiles, OnlyTheStatusOfMserverPrintsTheServersName) {
  EXPECT_TRUE(prints_server_name(Profile::mserver, "/status"));
  EXPECT_TRUE(prints_server_name(Profile::mserver, "/Status"));
  EXPECT_FALSE(prints_server_name(Profile::mserver, "/xml"));
  EXPECT_FALSE(prints_server_name(Profile::http, "/status"));
}

} // namespace
} // namespace ledgergate::profile
