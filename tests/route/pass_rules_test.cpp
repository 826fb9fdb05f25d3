#include "route/pass_rules.h"

#include <gtest/gtest.h>

namespace ledgergate::route {
namespace {

using settings::HeaderAction;

std::vector<std::string> said_of(const std::string& name, HeaderAction action = HeaderAction::pass) {
  settings::Settings settings;
  settings.routes.emplace_back();
  settings.routes.back().name = "shop";
  settings.routes.back().request_headers.push_back({action, name, {}});
  return doubtful_passes(settings);
}

TEST(PassRules, WhatNeverPassesIsSaidWithTheReason) {
  for (const char* name : {"X-Client-Cert",
                           "x_client_cert",
                           "Client-Cert",
                           "Client-Cert-Chain",
                           "X-Client-Name",
                           "X-Client-IP",
                           "X-Client-Subject-DN",
                           "Remote-User",
                           "SSL-Client-S-DN",
                           "X-SSL-Client-Verify",
                           "Forwarded",
                           "X-Forwarded-For",
                           "X-Forwarded-Proto",
                           "X-Forwarded-User",
                           "X-Forwarded-Anything",
                           "X-Real-IP",
                           "Via",
                           "X-Edge-Key",
                           "X-Request-ID",
                           "X-Original-URL",
                           "Host",
                           "Content-Length",
                           "Connection",
                           "Proxy-Authorization",
                           "X-Remote_User"}) {
    const auto said = said_of(name);
    ASSERT_EQ(said.size(), 1U) << name;
    EXPECT_TRUE(said[0].starts_with("route shop: `request_headers.pass`: " + std::string(name) + " never passes: ")) << said[0];
  }
}

TEST(PassRules, WhatCouldBeTheCallersIdentityIsSaid) {
  for (const char* name :
       {"X-Client-User", "X-Client-Email", "X-Client-Id", "X-Client-Issuer", "X-Client-Serial", "X-Client-Address", "X-SSL-Cert",
        "X-SSL-Subject", "SSL-Cert", "X-Cert-Subject", "X-Certificate", "Remote-Addr", "X-Remote-Addr", "OIDC-Claim-sub",
        "Client-DN", "SM-User", "iv-user", "X-Authenticated-User", "X-Proxy-User"}) {
    const auto said = said_of(name);
    ASSERT_EQ(said.size(), 1U) << name;
    EXPECT_NE(said[0].find("front server"), std::string::npos) << said[0];
  }
}

TEST(PassRules, AProgramsOwnFieldIsNoneAndWhatPassesAnywayIsSaid) {
  for (const char* name : {"X-Client-Version", "X-Client-OS", "x-client-build"}) {
    const auto said = said_of(name);
    EXPECT_TRUE(said.empty()) << name;
  }
  for (const char* name : {"X-Shop", "Authorization", "Cookie", "Accept"}) {
    const auto said = said_of(name);
    ASSERT_EQ(said.size(), 1U) << name;
    EXPECT_TRUE(said[0].ends_with("passes anyway; leave it out"));
  }
  EXPECT_TRUE(said_of("X-Client-Cert", HeaderAction::remove).empty());
  EXPECT_TRUE(said_of("X-Client-Cert", HeaderAction::set).empty());
}

} // namespace
} // namespace ledgergate::route
