// The edge's own user and password in the head that goes to the server.
#include "world.h"

#include <gtest/gtest.h>

namespace ledgergate::route {
namespace {

void bring_everything(World& w) {
  w.request.fields = {{"Authorization", "forged"},
                      {"AUTHORIZATION", "forged"},
                      {"STW-Authorization", "forged"},
                      {"stw-authorization", "forged"},
                      {"STW_Authorization", "forged"},
                      {"Stw.Authorization", "forged"},
                      {"Connection", "Authorization, STW-Authorization"},
                      {"STW-Application", "kept"}};
}

TEST(OwnCredentials, TakeThePlaceOfTheCallersAtAnMserver) {
  World w;
  bring_everything(w);
  w.facts.credentials = "Basic QTpC";
  const auto head = w.send();
  EXPECT_EQ(head.find("forged"), std::string::npos) << head;
  EXPECT_EQ(values_of(head, "STW-Authorization"), "Basic QTpC");
  EXPECT_EQ(values_of(head, "Authorization"), "");
  EXPECT_EQ(values_of(head, "STW-Application"), "kept");
}

TEST(OwnCredentials, AreAuthorizationForAllOthers) {
  for (const auto profile : {settings::Profile::http, settings::Profile::apicomprem, settings::Profile::eshop,
                             settings::Profile::onec, settings::Profile::mobile_smarts}) {
    World w;
    w.server.profile = profile;
    bring_everything(w);
    w.facts.credentials = "Basic QTpC";
    const auto head = w.send();
    EXPECT_EQ(head.find("forged"), std::string::npos) << head;
    EXPECT_EQ(values_of(head, "Authorization"), "Basic QTpC");
    EXPECT_EQ(values_of(head, "STW-Authorization"), "");
  }
}

TEST(OwnCredentials, ThatDoNotExistLetTheCallersThrough) {
  World w;
  w.request.fields = {{"stw-Authorization", "QDo="}, {"Authorization", "Basic QDo="}};
  const auto head = w.send();
  EXPECT_EQ(values_of(head, "stw-Authorization"), "QDo=");
  EXPECT_EQ(values_of(head, "Authorization"), "Basic QDo=");
}

} // namespace
} // namespace ledgergate::route
