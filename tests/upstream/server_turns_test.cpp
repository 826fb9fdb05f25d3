// Which lines a request stands in, as the settings list units, unlist them and list them again while turns are held.
#include "upstream/server_turns.h"

#include "upstream/turn_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace ledgergate::upstream {
namespace {

settings::Server with_units(std::vector<std::string> units, settings::Profile profile = settings::Profile::apicomprem) {
  settings::Server server;
  server.profile = profile;
  server.concurrency = 1;
  server.concurrency_total = 3;
  server.units = std::move(units);
  return server;
}

void reload(ServerTurns& turns, const settings::Server& server) {
  turns.prepare(server);
  turns.apply(server);
}

void reload(TurnTable& table, const settings::Settings& settings) {
  auto change = table.prepare(settings);
  table.apply(change);
}

struct Nobody final : Turns::Watch {
  bool gone() override { return false; }
};

// All lines of a unit, each with a free place: granted without a wait.
io::Detached take(io::Wake& wake, ServerTurns::Lines lines, Turn& turn, std::size_t& granted) {
  Nobody watch;
  const Applicant applicant{"client", 1, TurnClass::normal};
  for (std::size_t i = 0; i < lines.count; ++i) {
    auto one = co_await lines.line[i]->wait(wake, applicant, 1000, watch);
    if (!one) co_return;
    turn.join(std::move(*one));
    ++granted;
  }
}

// The turn in the first of its lines, in which it stands.
io::Detached go_on(ServerTurns::Entrance& entrance, Nobody& watch, Turn& turn) {
  auto granted = co_await Turns::wait(*entrance.first, 1000, watch);
  if (granted) turn = std::move(*granted);
}

class ServerTurnsTest : public ::testing::Test {
protected:
  ~ServerTurnsTest() override {
    loop.stop();
    loop.run();
  }
  Turn held(ServerTurns& turns, const std::string& unit) {
    Turn turn;
    std::size_t granted = 0;
    const auto lines = turns.lines(unit);
    take(wake, lines, turn, granted);
    EXPECT_EQ(granted, lines.count);
    return turn;
  }
  io::Loop loop;
  io::Wake wake{loop};
};

bool same(const ServerTurns::Lines& a, const ServerTurns::Lines& b) { return a.line == b.line; }

TEST_F(ServerTurnsTest, AServerWithoutUnitsHasOneLine) {
  ServerTurns turns(with_units({}, settings::Profile::mserver));
  EXPECT_EQ(turns.lines("").count, 1U);
  EXPECT_TRUE(same(turns.lines(""), turns.lines("12345678")));
  EXPECT_EQ(turns.places(), 1U);
}

TEST_F(ServerTurnsTest, AListedUnitHasItsOwnLineAndAllOthersShareOne) {
  ServerTurns turns(with_units({"a", "b"}));
  const auto a = turns.lines("a"), b = turns.lines("b"), c = turns.lines("c");
  EXPECT_EQ(a.count, 2U);
  EXPECT_NE(a.line[0], b.line[0]);
  EXPECT_NE(a.line[0], c.line[0]);
  EXPECT_EQ(a.line[1], b.line[1]) << "the server's";
  EXPECT_EQ(a.line[1], c.line[1]);
  EXPECT_TRUE(same(c, turns.lines("d")));
  EXPECT_TRUE(same(c, turns.lines("")));
  EXPECT_EQ(turns.places(), 3U);
}

TEST_F(ServerTurnsTest, ATurnHoldsAPlaceOfEachLineAndGivesThemBackTogether) {
  ServerTurns turns(with_units({"a"}));
  const auto lines = turns.lines("a");
  Turn turn = held(turns, "a");
  EXPECT_EQ(lines.line[0]->taken(), 1U);
  EXPECT_EQ(lines.line[1]->taken(), 1U);
  EXPECT_EQ(turns.taken(), 1U);
  Turn moved = std::move(turn);
  EXPECT_FALSE(turn.held()); // NOLINT(bugprone-use-after-move): what is left is told
  EXPECT_EQ(turns.taken(), 1U);
  moved.give_back();
  EXPECT_EQ(lines.line[0]->taken(), 0U);
  EXPECT_EQ(lines.line[1]->taken(), 0U);
}

TEST_F(ServerTurnsTest, AReloadKeepsTheLinesAndBringsTheirBounds) {
  auto server = with_units({"a"});
  ServerTurns turns(server);
  const auto a = turns.lines("a"), others = turns.lines("");
  server.concurrency = 2;
  server.concurrency_total = 7;
  reload(turns, server);
  EXPECT_TRUE(same(a, turns.lines("a")));
  EXPECT_TRUE(same(others, turns.lines("")));
  EXPECT_EQ(a.line[0]->places(), 2U);
  EXPECT_EQ(others.line[0]->places(), 2U);
  EXPECT_EQ(turns.places(), 7U);
}

TEST_F(ServerTurnsTest, AUnitThatIsNewInTheListWaitsForWhoStoodInTheSharedLine) {
  ServerTurns turns(with_units({}));
  const auto shared = turns.lines("").line[0];
  Turn before = held(turns, "a");
  reload(turns, with_units({"a"}));
  const auto both = turns.lines("a");
  ASSERT_EQ(both.count, 3U);
  EXPECT_NE(both.line[0], shared);
  EXPECT_EQ(both.line[1], shared);
  before.give_back();
  const Turn later = held(turns, "c"); // who comes later is no unit of before
  EXPECT_EQ(turns.lines("a").count, 2U);
  EXPECT_EQ(turns.lines("a").line[0], both.line[0]);
}

TEST_F(ServerTurnsTest, AUnitThatIsListedNoMoreKeepsItsLineUntilItIsEmpty) {
  ServerTurns turns(with_units({"a", "b"}));
  const auto own = turns.lines("a").line[0];
  Turn before = held(turns, "a");
  reload(turns, with_units({"b"}));
  const auto both = turns.lines("a");
  ASSERT_EQ(both.count, 3U);
  EXPECT_EQ(both.line[0], own);
  EXPECT_EQ(both.line[1], turns.lines("c").line[0]);
  before.give_back();
  EXPECT_TRUE(same(turns.lines("a"), turns.lines("c")));
}

TEST_F(ServerTurnsTest, AUnitThatIsListedAgainHasTheLineItHad) {
  ServerTurns turns(with_units({"a", "b"}));
  const auto own = turns.lines("a").line[0];
  Turn first = held(turns, "a");
  reload(turns, with_units({"b"}));
  reload(turns, with_units({"a", "b"}));
  EXPECT_EQ(turns.lines("a").line[0], own);
}

// Between two reloads it was the shared line that counted.
TEST_F(ServerTurnsTest, AUnitThatIsListedAgainWaitsForWhoCameBetween) {
  ServerTurns turns(with_units({"a", "b"}));
  reload(turns, with_units({"b"}));
  Turn between = held(turns, "a");
  reload(turns, with_units({"a", "b"}));
  const auto lines = turns.lines("a");
  const auto shared = turns.lines("c").line[0];
  EXPECT_TRUE(lines.line[0] == shared || lines.line[1] == shared);
  EXPECT_EQ(lines.count, 3U);
  between.give_back();
  EXPECT_EQ(turns.lines("a").count, 2U);
}

// Its line was there when the reload was prepared, and empty when it came.
TEST_F(ServerTurnsTest, AUnitThatIsListedAgainHasALineThoughItsOldOneWasEmptyJustThen) {
  ServerTurns turns(with_units({"a", "b"}));
  Turn first = held(turns, "a");
  reload(turns, with_units({"b"}));
  turns.prepare(with_units({"a", "b"}));
  first.give_back();
  Turn between = held(turns, "a");
  turns.apply(with_units({"a", "b"}));
  EXPECT_EQ(turns.lines("a").count, 3U) << "its own, behind who came between";
  EXPECT_FALSE(turns.take_free("a", {"anybody", 9, TurnClass::normal}));
  between.give_back();
  EXPECT_EQ(turns.lines("a").count, 2U);
  EXPECT_NE(turns.lines("a").line[0], turns.lines("b").line[0]);
}

TEST_F(ServerTurnsTest, AReloadThatIsRefusedLeavesNoLinesBehind) {
  ServerTurns turns(with_units({"a"}));
  turns.prepare(with_units({"a", "b", "c"})); // and that was that
  EXPECT_EQ(turns.lines("b").count, 2U);
  EXPECT_EQ(turns.own_lines(), 3U);
  reload(turns, with_units({"a"}));
  EXPECT_EQ(turns.own_lines(), 1U);
  turns.prepare(with_units({"a", "b"}));
  Turn before = held(turns, "b");
  reload(turns, with_units({"a", "b"}));
  EXPECT_FALSE(turns.take_free("b", {"anybody", 9, TurnClass::normal})) << "one is there by the shared line";
}

// Who was told its lines and asked later than the reload came is not known to that: two would be in the unit at once. So it stands
// in the first of them at once.
TEST_F(ServerTurnsTest, WhoHasEnteredIsKnownToAReload) {
  ServerTurns turns(with_units({"b"}));
  Turn first = held(turns, "c");
  Nobody watch;
  const Applicant applicant{"client", 1, TurnClass::normal};
  Turn second;
  {
    auto entrance = turns.enter("a", wake, applicant);
    ASSERT_TRUE(entrance.first);
    EXPECT_EQ(turns.waiting(), 1U);
    reload(turns, with_units({"a", "b"}));
    first.give_back();
    EXPECT_FALSE(turns.take_free("a", {"anybody", 9, TurnClass::normal}));
    go_on(entrance, watch, second);
    uv_run(loop.uv(), UV_RUN_NOWAIT);
  }
  EXPECT_TRUE(second.held());
  EXPECT_FALSE(turns.take_free("a", {"anybody", 9, TurnClass::normal}));
  second.give_back();
  EXPECT_TRUE(turns.take_free("a", {"anybody", 9, TurnClass::normal}));
}

TEST_F(ServerTurnsTest, WhoGoesAwayBehindItsEntranceLeavesTheLine) {
  ServerTurns turns(with_units({}));
  Turn first = held(turns, "");
  static_cast<void>(turns.enter("", wake, {"client", 1, TurnClass::normal}));
  EXPECT_EQ(turns.waiting(), 0U);
  {
    const auto entrance = turns.enter("", wake, {"client", 1, TurnClass::normal});
    first.give_back(); // and it is granted just now
  }
  uv_run(loop.uv(), UV_RUN_NOWAIT);
  EXPECT_TRUE(turns.take_free("", {"anybody", 9, TurnClass::normal}));
}

// Reloads list a unit and list it no more, over and over, while three threads do `work` of it.
void while_reloading(ServerTurns& turns, std::uint32_t concurrency, const std::function<void()>& work) {
  auto listed = with_units({"a"}), unlisted = with_units({});
  listed.concurrency = unlisted.concurrency = concurrency;
  reload(turns, unlisted);
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      while (!over.load()) work();
    });
  for (int round = 0; round < 20'000; ++round) reload(turns, round % 2 == 0 ? listed : unlisted);
  over = true;
  for (auto& thread : threads) thread.join();
}

TEST(ServerTurns, NoReloadLetsTwoOfAUnitIn) {
  ServerTurns turns(with_units({}));
  std::atomic<int> inside{0}, most{0};
  while_reloading(turns, 1, [&] {
    auto turn = turns.take_free("a", {"client", 1, TurnClass::normal});
    if (!turn) return;
    const int now = inside.fetch_add(1) + 1;
    if (now > most.load()) most.store(now);
    for (int i = 0; i < 50 && most.load() < 2; ++i) std::this_thread::yield(); // others come
    inside.fetch_sub(1);
  });
  EXPECT_EQ(most.load(), 1);
  EXPECT_TRUE(turns.empty());
}

TEST(ServerTurns, WhoPassesByIsCountedWhateverReloadsSay) {
  ServerTurns turns(with_units({}));
  std::atomic<std::uint64_t> refused{0};
  while_reloading(turns, 0, [&] {
    const Turn turn = turns.beside("a");
    if (!turn.held()) refused.fetch_add(1);
  });
  EXPECT_EQ(refused.load(), 0U);
  EXPECT_TRUE(turns.empty());
}

TEST_F(ServerTurnsTest, TheFirstUnitsFindTheServersPlacesAsTheyAre) {
  ServerTurns turns(with_units({}));
  const Turn before = held(turns, "a");
  EXPECT_EQ(turns.places(), 1U);
  reload(turns, with_units({"b"}));
  EXPECT_EQ(turns.taken(), 1U);
  EXPECT_EQ(turns.places(), 3U);
}

settings::Server without_bound(std::vector<std::string> units = {}) {
  auto server = with_units(std::move(units));
  server.concurrency = 0;
  return server;
}

bool has_free_place(const ServerTurns::Lines& lines) {
  for (std::size_t i = 0; i < lines.count; ++i)
    if (!lines.line[i]->take_free({"anybody", 9, TurnClass::normal})) return false;
  return true;
}

TEST_F(ServerTurnsTest, WithoutABoundNobodyStandsInLineAndAllAreCounted) {
  ServerTurns turns(without_bound());
  EXPECT_TRUE(turns.empty());
  Turn first = turns.beside("a"), second = turns.beside("");
  EXPECT_TRUE(first.held());
  EXPECT_TRUE(second.held());
  EXPECT_FALSE(turns.empty());
  first.give_back();
  second.give_back();
  EXPECT_TRUE(turns.empty());
}

TEST_F(ServerTurnsTest, ABoundThatComesCountsWhoIsThere) {
  for (const auto& units : {std::vector<std::string>{}, std::vector<std::string>{"a"}}) {
    ServerTurns turns(without_bound());
    Turn before = turns.beside("a");
    reload(turns, with_units(units));
    EXPECT_FALSE(turns.beside("a").held());
    EXPECT_FALSE(has_free_place(turns.lines("a")));
    before.give_back();
    EXPECT_TRUE(has_free_place(turns.lines("a")));
  }
}

TEST_F(ServerTurnsTest, ABoundThatWasAwayFindsWhoHeldAPlaceBefore) {
  ServerTurns turns(with_units({"a"}));
  Turn before = held(turns, "a");
  reload(turns, without_bound());
  Turn beside = turns.beside("a");
  EXPECT_TRUE(beside.held());
  reload(turns, without_bound({}));
  reload(turns, with_units({"a"}));
  before.give_back();
  EXPECT_FALSE(has_free_place(turns.lines("a")));
  beside.give_back();
  EXPECT_TRUE(has_free_place(turns.lines("a")));
}

TEST_F(ServerTurnsTest, WhoWaitsIsLetGoWhenTheBoundGoes) {
  ServerTurns turns(with_units({}, settings::Profile::mserver));
  const Turn before = held(turns, "");
  const auto line = turns.lines("").line[0];
  Turn turn;
  std::size_t granted = 0;
  io::Wake other{loop};
  take(other, turns.lines(""), turn, granted);
  EXPECT_EQ(line->waiting(), 1U);
  reload(turns, without_bound());
  uv_run(loop.uv(), UV_RUN_NOWAIT);
  EXPECT_EQ(granted, 1U);
}

settings::Server at(const std::string& name, const std::string& place, std::uint32_t concurrency = 1) {
  settings::Server server;
  server.name = name;
  server.place = place;
  server.concurrency = concurrency;
  return server;
}

settings::Settings with(std::vector<settings::Server> servers) {
  settings::Settings made;
  made.servers = std::move(servers);
  return made;
}

TEST(TurnTable, NamesOfOnePlaceHaveTheSameLines) {
  TurnTable table;
  const auto settings = with({at("a", "x:1"), at("b", "x:1", 3), at("c", "x:2")});
  const auto lines = table.at("x:1", settings);
  EXPECT_EQ(lines, table.at("x:1", settings));
  EXPECT_NE(lines, table.at("x:2", settings));
  EXPECT_EQ(lines->places(), 1U) << "the stricter bound";
}

TEST(TurnTable, ALineWithSomebodyInItIsKeptOverEveryReload) {
  TurnTable table;
  std::weak_ptr<ServerTurns> seen;
  const auto here = with({at("a", "x:1")}), gone = with({at("a", "y:1")});
  auto snapshot = table.at("x:1", here);
  seen = snapshot;
  reload(table, here);
  auto turn = snapshot->lines("").line[0]->take_free({"client", 1, TurnClass::normal});
  ASSERT_TRUE(turn);
  snapshot = table.at("y:1", gone); // nobody's settings have the other one now
  for (int round = 0; round < 3; ++round) reload(table, gone);
  EXPECT_EQ(table.at("x:1", here), seen.lock());
  reload(table, gone);
  turn.reset();
  reload(table, gone);
  EXPECT_TRUE(seen.expired());
  EXPECT_EQ(table.size(), 1U);
}

// A request that began under them may still ask for its turn.
TEST(TurnTable, LinesThatOldSettingsHoldAreKept) {
  TurnTable table;
  const auto here = with({at("a", "x:1")}), gone = with({at("a", "y:1")});
  const auto old = table.at("x:1", here);
  reload(table, gone);
  EXPECT_EQ(table.at("x:1", here), old);
}

} // namespace
} // namespace ledgergate::upstream
