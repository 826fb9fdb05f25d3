// What stands beside `credentials` must not contradict them.
#include "settings/load.h"

#include "temporary_directory.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <string>

namespace {

using namespace ledgergate::settings;

std::string mistakes(const std::string& rule, bool credentials) {
  const ledgergate::tests::TemporaryDirectory directory;
  ::chmod(directory.write("pohoda.cred", "a:b").c_str(), 0600);
  const std::string text = "listen: [{ address: \"127.0.0.1:8080\", tls: off }]\n"
                           "servers: { pohoda: { profile: mserver, url: \"http://127.0.0.1:444\" " +
                           std::string(credentials ? ", credentials: pohoda.cred" : "") +
                           " } }\n"
                           "routes: [{ server: pohoda, access: anonymous, request_headers: " +
                           rule + " }]\n";
  std::string said;
  for (const Problem& problem : load_text(text, (directory.path() / "edge.yaml").string()).problems)
    said += problem.format() + "\n";
  return said;
}

TEST(Credentials, ExcludeRulesForTheHeadersThatCarryThem) {
  for (const char* rule : {"{ set: { STW-Authorization: x } }", "{ add: { authorization: x } }", "{ remove: [STW_Authorization] }",
                           "{ set: { stw.authorization: x } }"}) {
    EXPECT_NE(mistakes(rule, true).find("3:10: error: `request_headers` names "), std::string::npos)
        << rule << mistakes(rule, true);
    EXPECT_EQ(mistakes(rule, false), "") << rule;
  }
  EXPECT_EQ(mistakes("{ set: { STW-Check-Duplicity: \"true\" } }", true), "");
}

} // namespace
