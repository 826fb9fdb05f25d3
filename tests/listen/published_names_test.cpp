#include "listen/published_names.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ledgergate::listen {
namespace {

settings::Settings publishing(const std::vector<std::string>& hosts, std::vector<std::size_t> on = {}) {
  settings::Settings made;
  for (const std::string& host : hosts) {
    settings::Route route;
    route.host = host;
    route.listeners = on;
    made.routes.push_back(route);
  }
  return made;
}

ShownCertificate of(std::vector<std::string> names, std::vector<std::string> addresses = {}) {
  return {"edge.pem", std::move(names), std::move(addresses)};
}

TEST(PublishedNames, CertificatesThatAreForTheHostsOfRoutesAreNoMatter) {
  const auto none = [](const std::vector<std::string>& hosts, const ShownCertificate& shown) {
    return name_doubts(publishing(hosts), 0, {shown}).empty();
  };
  EXPECT_TRUE(none({"ucto.example.cz"}, of({"ucto.example.cz", "old.example.cz"})));
  EXPECT_TRUE(none({"ucto.example.cz", "till.example.cz"}, of({"*.example.cz"})));
  EXPECT_TRUE(none({"*.example.cz"}, of({"*.example.cz"})));
  EXPECT_TRUE(none({"*.example.cz"}, of({"till.example.cz"}))) << "one of those that the wildcard stands for";
  EXPECT_TRUE(none({"*.example.cz"}, of({"*.till.example.cz"})));
  EXPECT_TRUE(none({"192.0.2.1"}, of({"x"}, {"192.0.2.1"})));
  EXPECT_TRUE(none({"[2001:db8::1]"}, of({}, {"2001:db8::1"})));
  EXPECT_TRUE(none({""}, of({"whatever.example.cz"}))) << "a route for any host is no measure";
  EXPECT_TRUE(none({}, of({"whatever.example.cz"})));
  EXPECT_TRUE(name_doubts(publishing({"a.example.cz"}, {1}), 0, {of({"b.example.cz"})}).empty()) << "another listener's route";
  EXPECT_TRUE(name_doubts(publishing({"a.example.cz", "b.example.cz"}), 0, {of({"a.example.cz"}), of({"b.example.cz"})}).empty());
}

TEST(PublishedNames, WhatFitsNotIsSaid) {
  const auto said = [](const std::vector<std::string>& hosts, const std::vector<ShownCertificate>& shown) {
    std::string out;
    for (const std::string& each : name_doubts(publishing(hosts), 0, shown)) out += each + "\n";
    return out;
  };
  EXPECT_EQ(said({"ucto.example.cz", "ucto.example.cz"}, {of({"old.example.cz"})}),
            "no certificate is for ucto.example.cz, the host of a route: its callers get that for old.example.cz, and refuse it\n"
            "edge.pem: this certificate is for old.example.cz: no route here has such a host\n");
  EXPECT_EQ(said({"a.example.cz"}, {of({"a.example.cz"}), of({"b.example.cz"})}),
            "edge.pem: this certificate is for b.example.cz: no route here has such a host\n");
  EXPECT_EQ(said({"a.example.cz", ""}, {of({"b.example.cz"})}),
            "no certificate is for a.example.cz, the host of a route: its callers get that for b.example.cz, and refuse it\n");
  EXPECT_NE(said({"a.b.example.cz"}, {of({"*.example.cz"})}), "") << "a certificate's wildcard stands for one label";
  EXPECT_NE(said({"example.cz"}, {of({"*.example.cz"})}), "");
  EXPECT_NE(said({"*.example.cz"}, {of({"oldexample.cz"})}), "") << "a wildcard stands for whole labels";
  EXPECT_NE(said({"*.example.cz"}, {of({".example.cz"})}), "");
  EXPECT_NE(said({"*.example.cz"}, {of({"example.cz"})}), "");
  EXPECT_NE(said({".example.cz"}, {of({"*.example.cz"})}), "");
  EXPECT_NE(said({"*.b.example.cz"}, {of({"*.example.cz"})}), "");
  EXPECT_NE(said({"192.0.2.1"}, {of({"192.0.2.1"})}), "") << "an address is no DNS name";
  EXPECT_NE(said({"a.example.cz"}, {of({})}).find("no host at all (subjectAltName)"), std::string::npos);
  EXPECT_NE(said({"z.cz"}, {of({"a", "b", "c", "d", "e"})}).find("a, b, c, d, …:"), std::string::npos);
  EXPECT_NE(said({"z.cz"}, {of({"a", "b", "c"}, {"192.0.2.1"})}).find("a, b, c, 192.0.2.1:"), std::string::npos);
}

} // namespace
} // namespace ledgergate::listen
