// A server whose URL is a listener of the same edge.
#include "settings/load.h"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace ledgergate::settings;

std::string told(const std::string& listener, const std::string& url, const std::string& more = "") {
  const Loaded loaded = load_text("listen:\n  - { name: lan, address: \"" + listener + "\", tls: off }\nservers:\n  a: { url: \"" +
                                      url + "\" }\nroutes:\n  - { server: a, access: anonymous }\n" + more,
                                  "x.yaml");
  EXPECT_NE(loaded.settings, nullptr);
  std::string out;
  for (const Problem& problem : loaded.problems)
    if (problem.text.find("this edge's own listener") != std::string::npos ||
        problem.text.find("the door of `admin`") != std::string::npos)
      out += problem.format() + "\n";
  return out;
}

TEST(Loops, AServerThatIsAListenerIsTold) {
  EXPECT_EQ(told("127.0.0.1:8080", "http://127.0.0.1:8080"),
            "x.yaml:4:3: warning: the server `a` is this edge's own listener `lan`: what goes there comes back here\n");
  for (const char* const url : {"http://localhost:8080", "https://[::1]:8080", "http://127.0.0.1:8080", "http://0.0.0.0:8080"}) {
    EXPECT_NE(told("[::]:8080", url), "") << url;
    EXPECT_NE(told("0.0.0.0:8080", url), "") << url;
  }
  EXPECT_NE(told("[::]:80", "http://localhost"), "");
  EXPECT_NE(told("10.1.2.3:8080", "http://10.1.2.3:8080"), "");
  EXPECT_NE(told("127.0.0.1:8081", "http://127.0.0.1:9443", "admin: { address: \"127.0.0.1:9443\" }\n"), "");
}

TEST(Loops, AnotherPortAnotherAddressOrAnotherMachineIsNot) {
  EXPECT_EQ(told("[::]:8080", "http://127.0.0.1:8081"), "");
  EXPECT_EQ(told("[::]:8080", "http://203.0.113.7:8080"), "");
  EXPECT_EQ(told("10.1.2.3:8080", "http://127.0.0.1:8080"), "");
  EXPECT_EQ(told("10.1.2.3:8080", "http://10.1.2.4:8080"), "");
  EXPECT_EQ(told("127.0.0.1:0", "http://127.0.0.1:8080"), "");
  EXPECT_EQ(told("[::]:8080", "http://pohoda.example.test:8080"), "");
}

} // namespace
