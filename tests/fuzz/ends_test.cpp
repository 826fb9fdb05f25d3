// How stories end that can't go on: halted at the end of a drain or to make room, or without memory at any of their steps.
#include "../allocations.h"
#include "settings/load.h"
#include "story_world.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>

namespace ledgergate::fuzz {
namespace {

using ledgergate::tests::NoMemory;
using ledgergate::tests::Spared;

std::shared_ptr<const settings::Settings> settings_of_ends() {
  const auto loaded = settings::load_text(R"(
workers: 1
listen:
  - { name: web, address: "127.0.0.1:8001", tls: off }
servers:
  web: { url: "http://192.0.2.10", health: off }
  other: { url: "http://192.0.2.11", health: off }
  one: { url: "http://192.0.2.12", concurrency: 1, health: off, hold: 10s }
  counting: { profile: apicomprem, url: "http://192.0.2.13", length: characters, health: off, hold: 10s }
routes:
  - { path: /, server: web, access: anonymous }
  - { path: /other, server: other, access: anonymous }
  - { path: /one, server: one, access: anonymous }
  - { path: /api/comm, server: counting, access: anonymous, compress: { min: 1 } }
  - { path: /pressed, server: one, access: anonymous, compress: { min: 1 } }
spool: { directory: /tmp }
log: { access: "off", level: error }
)",
                                          "ends.yaml");
  for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.format();
  return loaded.settings;
}

const Endpoint kPeer = *Endpoint::parse("203.0.113.9:50000");

std::string get(const std::string& path, const std::string& fields = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n";
}

std::string reply_of(const std::string& body, const std::string& type = "text/plain") {
  return "HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::size_t replies(const std::string& received) {
  std::size_t count = 0;
  for (std::size_t at = received.find("HTTP/1.1 "); at != std::string::npos; at = received.find("HTTP/1.1 ", at + 1)) ++count;
  return count;
}

void end(World& world) {
  world.caller().close();
  world.server_leaves();
  world.drain();
  world.settle();
  while (!world.drained() && world.pass()) {}
  EXPECT_TRUE(world.drained());
}

class Halted : public ::testing::TestWithParam<void (World::*)()> {};

// The connection to `other` is kept, so that what was sent ahead could go there without a wait.
TEST_P(Halted, AConnectionServesNothingOfWhatWasSentAhead) {
  World world(settings_of_ends());
  world.call(0, kPeer, false);
  world.caller().say(get("/other/first"));
  world.server_says(reply_of("first"));
  world.settle();
  ASSERT_EQ(world.servers().size(), 1U);
  ASSERT_TRUE(world.caller().received().ends_with("first"));
  world.caller().say(get("/hangs") + get("/other/ahead"));
  world.settle();
  ASSERT_EQ(world.servers().size(), 2U);
  (world.*GetParam())();
  world.settle();
  EXPECT_EQ(world.servers()[0]->received().find("ahead"), std::string::npos);
  EXPECT_EQ(world.servers().size(), 2U);
  EXPECT_EQ(replies(world.caller().received()), 2U);
  EXPECT_EQ(world.logged(), 2U);
  end(world);
}

// It is believed as a whole, so that all of it lies in the spool when it begins; and what is left of it behind a compressor is
// little, so that the caller takes all at once, and nothing but the stretches divides it.
TEST_P(Halted, ASpooledReplyIsNotGivenOutToItsEnd) {
  World world(settings_of_ends(), true);
  world.call(0, kPeer, false);
  world.caller().say("POST /api/comm HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n"
                     "Content-Length: 32\r\n\r\n{\"command\":{\"inComm\":\"GET_VER\"}}");
  world.server_says(reply_of('"' + std::string(8 << 20, 'x') + '"', "application/json"));
  for (int turns = 0; world.caller().received().empty() && turns < 100'000; ++turns) {
    world.turn();
    if (!world.servers().empty()) world.server_ends();
  }
  ASSERT_TRUE(world.caller().received().starts_with("HTTP/1.1 200 OK\r\n")) << world.caller().received();
  ASSERT_FALSE(world.caller().received().ends_with("\r\n0\r\n\r\n")) << "one turn of the loop is not all of it";
  (world.*GetParam())();
  world.settle();
  EXPECT_TRUE(world.cut());
  EXPECT_FALSE(world.caller().received().ends_with("\r\n0\r\n\r\n")) << "never ended as if whole";
  EXPECT_EQ(world.logged(), 1U);
  end(world);
}

INSTANTIATE_TEST_SUITE_P(Ends, Halted, ::testing::Values(&World::halt, &World::shed));

struct Asked {
  const char* name;
  std::string request, reply, body;
};

class Memory : public ::testing::TestWithParam<Asked> {
protected:
  // One allocation of the edge fails, the one behind `good` others; false when there is none any more. On a thread of its own:
  // there are no frames from earlier stories to be had.
  bool fail(std::size_t good) {
    bool failed = false;
    std::thread([&] {
      World world(settings_);
      world.call(0, kPeer, false);
      world.settle();
      world.caller().say(GetParam().request);
      world.server_says(GetParam().reply);
      {
        const NoMemory none(good);
        std::optional<Spared> spared(std::in_place);
        world.around([&](bool inside) {
          if (inside)
            spared.reset();
          else
            spared.emplace();
        });
        world.settle();
        world.around([](bool) {});
        spared.reset();
        failed = none.failed();
      }
      look(world, good);
      end(world);
    }).join();
    return failed;
  }

  void look(World& world, std::size_t good) {
    SCOPED_TRACE("behind " + std::to_string(good));
    world.count_holders(); // of a connection that may still be there
    world.settle();
    const std::string received = world.caller().received();
    const bool asked = !world.servers().empty() && !world.servers().front()->received().empty();
    const std::uint64_t logged = world.logged();
    if (received.starts_with("HTTP/1.1 200 OK\r\n")) {
      if (!world.cut()) {
        EXPECT_TRUE(received.ends_with(GetParam().body)) << received.substr(0, 500);
      }
      ++whole_;
    } else if (received.starts_with("HTTP/1.1 400") && GetParam().reply.empty()) {
      ++whole_;
    } else if (received.starts_with("HTTP/1.1 50")) {
      EXPECT_NE(received.find("details=\""), std::string::npos) << received;
      EXPECT_EQ(received.find("HTTP/1.1 503") == 0, received.find("forwarded=no") != std::string::npos) << received;
      ++refused_;
    } else {
      EXPECT_EQ(received, "");
      ++silent_;
    }
    // What was asked of a server, and what has an answer, has its line.
    EXPECT_EQ(logged, asked || !received.empty() ? 1U : logged);
    if (logged == 0) ++unlogged_;
    if (!world.connected()) return;
    world.caller().say(get("/second"));
    world.server_says(reply_of("second"));
    world.settle();
    EXPECT_TRUE(received.empty() ? world.caller().received().empty() : world.caller().received().starts_with(received))
        << "another's reply";
  }

  const std::shared_ptr<const settings::Settings> settings_ = settings_of_ends();
  int whole_ = 0, refused_ = 0, silent_ = 0, unlogged_ = 0;
};

TEST_P(Memory, ThatIsOutAtAnyStepEndsInAnAnswerAndInALine) {
  std::size_t good = 0;
  while (fail(good)) ++good;
  EXPECT_GT(good, 10U);
  EXPECT_GT(refused_, 5);
  // Without room for what is read nothing is; without room for what is written nothing leaves.
  EXPECT_LE(silent_, 4);
  EXPECT_LE(unlogged_, 2);
  EXPECT_GT(whole_ + refused_, silent_);
}

INSTANTIATE_TEST_SUITE_P(Ends, Memory,
                         ::testing::Values(Asked{"Relayed", get("/a"), reply_of("hello"), "hello"},
                                           Asked{"Spooled", "POST /one HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde",
                                                 reply_of("hello"), "hello"},
                                           Asked{"Compressed", get("/pressed", "Accept-Encoding: gzip\r\n"),
                                                 reply_of(std::string(2000, 'x')), ""},
                                           Asked{"Refused", get("/a", "Transfer-Encoding: x\r\n"), "", ""}),
                         [](const auto& each) { return std::string(each.param.name); });

} // namespace
} // namespace ledgergate::fuzz
