// The checks over their seed corpora and over inputs near them: with any compiler, in every build, always the same ones. The search
// for more is scripts/fuzz.
#include "checks.h"
#include "mutate.h"
#include "require.h"
#include "story_settings.h"
#include "story_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace ledgergate::fuzz {
namespace {

struct Target {
  const char* name;
  void (*check)(std::string_view bytes);
  int near; // how many inputs near the seeds the unit tests try: a second's worth
};
constexpr Target kTargets[] = {
    {"xml", check_xml, 1000},           {"json", check_json, 1000},      {"inflate", check_inflate, 300},
    {"reply", check_reply, 1000},       {"refusal", check_refusal, 200}, {"request", check_request, 3000},
    {"response", check_response, 1000}, {"path", check_path, 200},       {"config", check_config, 200},
    {"proxy", check_proxy, 20000},      {"fields", check_fields, 10000}, {"hello", check_hello, 1000},
    {"story", check_story, 500},
};

// From the tree, and from what tests/fuzz/seeds.py has gathered; in an order that is the same everywhere.
std::vector<std::string> seeds_of(const std::string& name) {
  std::vector<std::filesystem::path> files;
  for (const std::string folder : {LEDGERGATE_SOURCE_DIR "/tests/fuzz/corpus/", LEDGERGATE_SEEDS "/"})
    if (std::filesystem::exists(folder + name))
      for (const auto& file : std::filesystem::directory_iterator(folder + name)) files.push_back(file.path());
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.filename() < b.filename(); });
  std::vector<std::string> seeds;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return seeds;
}

class Corpus : public ::testing::TestWithParam<Target> {
protected:
  static void check(const std::string& input) {
    current_input = input;
    GetParam().check(input);
  }
};

TEST_P(Corpus, HoldsForItsSeeds) {
  const auto seeds = seeds_of(GetParam().name);
  ASSERT_GT(seeds.size(), 5U);
  for (const std::string& seed : seeds) check(seed);
}

TEST_P(Corpus, HoldsNearItsSeeds) {
  const auto seeds = seeds_of(GetParam().name);
  ASSERT_FALSE(seeds.empty());
  Mutator mutator(seeds);
  for (int i = 0; i < GetParam().near; ++i) {
    const std::string input = mutator.next();
    check(input);
  }
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Corpus, ::testing::ValuesIn(kTargets),
                         [](const auto& each) { return std::string(each.param.name); });

// Else the stories through TLS would hold because nothing happens in them.
TEST(Story, ThroughTlsARequestIsAnswered) {
  const Door* door = std::find_if(std::begin(kDoors), std::end(kDoors), [](const Door& each) { return each.tls; });
  ASSERT_NE(door, std::end(kDoors));
  const auto settings = story_settings(*door);
  World world(settings);
  world.call(listener_of(*settings, *door), *Endpoint::parse(std::string(door->peer)), true);
  world.caller().say("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  world.server_says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  world.settle();
  ASSERT_EQ(world.servers().size(), 1U);
  EXPECT_TRUE(world.servers().front()->received().starts_with("GET /a HTTP/1.1\r\n"));
  EXPECT_TRUE(world.caller().received().starts_with("HTTP/1.1 200 OK\r\n"));
  world.caller().end();
  world.settle();
  EXPECT_FALSE(world.connected());
  // Its server is at the address of one that has a bound: a place is given on behind the server's FIN, or a second later.
  world.server_ends();
  world.drain();
  world.settle();
  EXPECT_TRUE(world.drained()) << "without time going by";
}

} // namespace
} // namespace ledgergate::fuzz
