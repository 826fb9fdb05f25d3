#include "profile/questions.h"

#include <gtest/gtest.h>

namespace ledgergate::profile {
namespace {

settings::Server server(settings::Profile profile) {
  settings::Server made;
  made.profile = profile;
  made.authority = "192.168.0.10:444";
  return made;
}

TEST(Questions, TheStatusCarriesNothingButWhoAsks) {
  EXPECT_EQ(status_question(server(settings::Profile::mserver)),
            "GET /status HTTP/1.1\r\nHost: 192.168.0.10:444\r\nUser-Agent: ledgergate\r\nConnection: close\r\n\r\n");
}

TEST(Questions, TheCompanyIsToldToAPohodaUser) {
  EXPECT_EQ(company_question(server(settings::Profile::mserver), "Basic QDo="),
            "GET /status?companyDetail HTTP/1.1\r\nHost: 192.168.0.10:444\r\nUser-Agent: ledgergate\r\nConnection: close\r\n"
            "STW-Authorization: Basic QDo=\r\n\r\n");
}

TEST(Questions, TheVersionIsACommandOfAUnit) {
  auto premier = server(settings::Profile::apicomprem);
  premier.units = {"c8175fe2-5aba-460e-a492-5da487105394", "3ce17312-8dbd-49a0-94d3-2e01b65e4173"};
  const std::string asked = version_question(premier, "Basic YTpi");
  EXPECT_NE(asked.find("\r\nID-UJ: c8175fe2-5aba-460e-a492-5da487105394\r\n"), std::string::npos);
  EXPECT_NE(asked.find("\r\nAuthorization: Basic YTpi\r\n"), std::string::npos);
  const std::string body = R"({"command":{"inComm":"VERZEAPI","inParam":{"parameters":{}}}})";
  EXPECT_TRUE(asked.ends_with("\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body));
  premier.units.clear();
  EXPECT_EQ(version_question(premier, "Basic YTpi").find("ID-UJ"), std::string::npos);
}

TEST(Questions, APathGoesOutAsItIsWritten) {
  auto web = server(settings::Profile::http);
  web.health.path = "/health?deep=1";
  EXPECT_TRUE(path_question(web).starts_with("GET /health?deep=1 HTTP/1.1\r\n"));
}

} // namespace
} // namespace ledgergate::profile
