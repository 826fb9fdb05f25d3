// What a server's lines, and the pools before it, are worth when there was no memory for a change: as much as before.
#include "../allocations.h"
#include "../loop_world.h"

#include "settings/same_server.h"
#include "upstream/pool.h"
#include "upstream/resolver.h"
#include "upstream/turn_table.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ledgergate::upstream::tests {
namespace {

using ledgergate::tests::fail_each;
using ledgergate::tests::LoopWorld;
using ledgergate::tests::NoMemory;

const std::string kUnit = "a unit with a name that is longer than a string keeps in itself";

settings::Server server_at(const std::string& place, std::vector<std::string> units, std::uint32_t places = 1) {
  settings::Server server;
  server.name = "the server at a place with a name that is longer than a string keeps in itself";
  server.place = place;
  server.profile = settings::Profile::apicomprem;
  server.concurrency = places;
  server.concurrency_total = 3;
  server.units = std::move(units);
  return server;
}

struct Nobody final : Turns::Watch {
  bool gone() override { return false; }
};

struct Asked {
  explicit Asked(io::Loop& loop) : wake(loop) {}
  io::Wake wake;
  std::optional<Result<Turn>> turn;
};

struct AtEnd {
  Asked& asked;
  ~AtEnd() {
    if (!asked.turn) asked.turn.emplace(Error{Cause::out_of_memory});
  }
};

io::Detached stand(Asked& asked, std::shared_ptr<Turns> line, std::string client) {
  const AtEnd end{asked};
  Nobody watch;
  const Applicant applicant{std::move(client), 1, TurnClass::normal};
  auto granted = co_await line->wait(asked.wake, applicant, 1'000'000, watch);
  asked.turn.emplace(std::move(granted));
}

// A place that nobody knows of would be taken for ever.
TEST(NoMemory, WhoCouldNotBeginToWaitStandsInNoLine) {
  LoopWorld world;
  TurnQueue::Bounds bounds;
  const auto line = std::make_shared<Turns>(bounds);
  const std::string client = "a client with a name that is longer than a string keeps in itself";
  for (const bool free : {true, false}) {
    const auto other = free ? std::nullopt : line->take_free({"another", 2, TurnClass::normal});
    ASSERT_EQ(line->taken(), free ? 0U : 1U);
    bool failed = true;
    for (std::size_t good = 0; failed; ++good) {
      Asked asked(world.loop);
      {
        const NoMemory none(good);
        try {
          stand(asked, line, client);
        } catch (const std::bad_alloc&) {
          asked.turn.emplace(Error{Cause::out_of_memory});
        }
        failed = none.failed();
      }
      if (failed) {
        ASSERT_TRUE(asked.turn) << good;
        EXPECT_FALSE(asked.turn->ok()) << good;
      } else if (!free) {
        asked.wake.halt(); // it waits, and would go on
      }
      asked.turn.reset();
      EXPECT_EQ(line->waiting(), 0U) << good;
      EXPECT_EQ(line->taken(), free ? 0U : 1U) << good;
    }
  }
}

// A reload that is refused has changed nothing, and the next one finds all that it needs.
TEST(NoMemory, ALineThatCouldNotBeMadeIsNotThere) {
  settings::Settings before, after;
  before.servers = {server_at("pohoda:80", {})};
  after.servers = {server_at("pohoda:80", {kUnit}, 2), server_at("another host with a long name, so that it needs memory:80", {})};
  struct World {
    TurnTable table;
    std::shared_ptr<ServerTurns> lines;
  };
  const auto make = [&] {
    auto world = std::make_unique<World>();
    world->lines = world->table.at("pohoda:80", before);
    return world;
  };
  const auto act = [&](auto& world) {
    static_cast<void>(world->table.at(after.servers[1].place, after));
    static_cast<void>(world->table.prepare(after));
  };
  const auto held = [&](auto& world, bool threw) {
    EXPECT_TRUE(threw);
    EXPECT_EQ(world->lines->places(), 1U);
    EXPECT_EQ(world->lines->waiting(), 0U);
    EXPECT_EQ(world->lines->lines(kUnit).line[0], world->lines->lines({}).line[0]) << "the shared one, as before";
    auto change = world->table.prepare(before);
    world->table.apply(change);
    change = world->table.prepare(after);
    world->table.apply(change);
    EXPECT_NE(world->lines->lines(kUnit).line[0], world->lines->lines({}).line[0]) << "its own";
    EXPECT_EQ(world->lines->places(), 3U);
  };
  EXPECT_GE(fail_each(make, act, held), 5U);
}

// What made it has the memory already: a worker that goes over to new settings must not be stopped on its way.
TEST(NoMemory, LinesThatWereMadeBeforehandAreTakenIntoUseWithout) {
  settings::Settings before, after;
  before.servers = {server_at("pohoda:80", {})};
  after.servers = {server_at("pohoda:80", {kUnit}, 2)};
  TurnTable table;
  const auto lines = table.at("pohoda:80", before);
  auto change = table.prepare(after);
  {
    const NoMemory none(0);
    table.apply(change);
    EXPECT_FALSE(none.failed());
  }
  EXPECT_EQ(lines->places(), 3U);
}

TEST(NoMemory, APoolTakesAConnectionBackWithout) {
  LoopWorld world;
  std::vector<Relief*> all;
  Relief relief(world.loop, all);
  settings::Server server;
  server.keep_idle = 2;
  Pool pool(world.loop, server, nullptr, &relief);
  auto ends = ledgergate::tests::connected_pair();
  io::Stream::Ptr stream = world.adopt(std::move(ends.first));
  {
    const NoMemory none(0);
    pool.put(std::move(stream));
    EXPECT_FALSE(none.failed());
  }
  EXPECT_EQ(pool.idle(), 1U);
  EXPECT_TRUE(relief.close_idle());
}

} // namespace
} // namespace ledgergate::upstream::tests
