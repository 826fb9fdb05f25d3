// Which URLs lead to one server, and which bounds hold then.
#include "settings/same_server.h"

#include "settings/load.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace ledgergate::settings;

TEST(SameServer, OnePlaceHasOneSpelling) {
  EXPECT_EQ(place_of("Pohoda.Firma.LOCAL", 444), "pohoda.firma.local:444");
  EXPECT_EQ(place_of("pohoda.firma.local.", 444), place_of("pohoda.firma.local", 444));
  EXPECT_EQ(place_of("192.168.0.10", 444), "192.168.0.10:444");
  EXPECT_EQ(place_of("::ffff:192.168.0.10", 444), place_of("192.168.0.10", 444));
  EXPECT_EQ(place_of("FD00:0:0::1", 80), place_of("fd00::1", 80));
  EXPECT_NE(place_of("192.168.0.10", 444), place_of("192.168.0.10", 445));
  EXPECT_NE(place_of("192.168.0.10", 444), place_of("192.168.0.11", 444));
}

TEST(SameServer, ThisMachineIsOnePlace) {
  for (const char* host : {"localhost", "LOCALHOST.", "pohoda.localhost", "127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::"})
    EXPECT_EQ(place_of(host, 444), "localhost:444") << host;
  EXPECT_NE(place_of("127.0.0.2", 444), "localhost:444") << "another address may be another server";
  EXPECT_NE(place_of("localhost.firma.cz", 444), "localhost:444");
}

Loaded load(const std::string& servers) {
  return load_text("listen:\n  - { address: \"127.0.0.1:8443\", tls: off }\nservers:\n" + servers +
                       "routes:\n  - { server: a, access: anonymous }\n  - { server: b, path: /b, access: anonymous }\n",
                   "x.yaml");
}

TEST(SameServer, TheStricterBoundHoldsForAllNamesAndIsTold) {
  const Loaded loaded = load("  a: { url: \"http://10.0.0.9:444\", profile: mserver, queue: { depth: 9 } }\n"
                             "  b: { url: \"https://10.0.0.9:444\", concurrency: 5 }\n");
  ASSERT_NE(loaded.settings, nullptr);
  for (const Server& server : loaded.settings->servers) {
    EXPECT_EQ(server.concurrency, 1U);
    EXPECT_EQ(server.queue.depth, 9U);
  }
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_TRUE(loaded.problems[0].warning);
  EXPECT_EQ(loaded.problems[0].line, 5);
  EXPECT_NE(loaded.problems[0].text.find("the server `b` is the one of `a` on line 4 (10.0.0.9:444)"), std::string::npos);
  EXPECT_NE(loaded.problems[0].text.find("`concurrency` 1, `queue.depth` 9"), std::string::npos) << loaded.problems[0].text;
}

TEST(SameServer, NoBoundIsTheLeastStrict) {
  const Loaded loaded =
      load("  a: { url: \"http://10.0.0.9:444\", concurrency: none }\n  b: { url: \"http://10.0.0.9:444\", concurrency: 5 }\n");
  ASSERT_NE(loaded.settings, nullptr);
  EXPECT_EQ(loaded.settings->servers[0].concurrency, 5U);
  EXPECT_EQ(loaded.settings->servers[1].concurrency, 5U);
  EXPECT_EQ(loaded.problems.size(), 1U);
}

TEST(SameServer, WhereNothingDiffersNothingIsTold) {
  EXPECT_TRUE(load("  a: { url: \"http://10.0.0.9\" }\n  b: { url: \"http://10.0.0.9:80\" }\n").problems.empty());
  EXPECT_TRUE(load("  a: { url: \"http://10.0.0.9\", concurrency: 1 }\n  b: { url: \"http://10.0.0.8\" }\n").problems.empty());
}

TEST(SameServer, UnitsOfAllNamesAreKeptApart) {
  Server a, b;
  a.profile = b.profile = Profile::apicomprem;
  a.concurrency = b.concurrency = 1;
  a.units = {"x"};
  a.concurrency_total = 5;
  b.units = {"y", "x"};
  b.concurrency_total = 3;
  const Server one = as_one({&a, &b});
  EXPECT_EQ(one.units, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(one.concurrency_total, 3U);
  Server c; // of another kind, and with two places in all
  c.concurrency = 2;
  EXPECT_EQ(as_one({&c, &a}).concurrency_total, 2U);
  EXPECT_EQ(as_one({&c, &a}).concurrency, 1U);
  EXPECT_EQ(as_one({&c, &a}).profile, Profile::apicomprem);
}

} // namespace
