// Two names of one machine: what the name service says of them, while requests stand at its addresses.
#include "upstream/address_lines.h"

#include "../loop_world.h"
#include "name_service.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace ledgergate::upstream {
namespace {

using tests::NameService;

struct Nobody final : Turns::Watch {
  bool gone() override { return false; }
};

// A request that has its turn in the line of its server, and is on its way to the addresses.
struct Caller {
  Caller(io::Loop& loop, settings::Server its_server, std::string its_unit = {})
      : wake(loop), server(std::move(its_server)), turns(std::make_shared<ServerTurns>(server)), unit(std::move(its_unit)) {}
  // The places that it has from now on.
  void reload(std::uint32_t concurrency) {
    server.concurrency = concurrency;
    turns->prepare(server);
    turns->apply(server);
  }
  io::Wake wake;
  settings::Server server;
  std::shared_ptr<ServerTurns> turns;
  std::string unit;
  Nobody watch;
  Applicant applicant{"client", 1, TurnClass::normal};
  Turn turn;
  std::optional<Result<Addresses>> outcome;
  [[nodiscard]] bool there() const { return outcome && outcome->ok(); }
};

io::Detached go(Caller& caller, Resolver& resolver, AddressLines& lines, io::TimeMs patience) {
  const Destination destination{caller.server, caller.turns, caller.unit};
  const io::TimeMs until = caller.wake.loop().now() + patience;
  auto taken =
      co_await take_addresses(caller.wake, resolver, lines, destination, caller.applicant, until, caller.watch, caller.turn);
  caller.outcome.emplace(std::move(taken));
}

class AddressLinesTest : public ::testing::Test {
protected:
  ~AddressLinesTest() override {
    NameService::forget();
    loop.stop();
    loop.run();
  }
  static settings::Server server(const std::string& host, std::uint32_t concurrency = 1) {
    settings::Server made;
    made.host = host;
    made.port = 444;
    made.concurrency = concurrency;
    return made;
  }
  void begin(Caller& caller, io::TimeMs patience = 600'000) { go(caller, resolver, lines, patience); }
  // Turns the loop until it is so.
  void until(const std::function<bool()>& so) { ASSERT_TRUE(ledgergate::tests::turn_until(loop, so)); }
  // Whatever is on its way in the loop has come.
  void settle() {
    for (int i = 0; i < 10; ++i) uv_run(loop.uv(), UV_RUN_NOWAIT);
  }
  io::Loop loop;
  Resolver resolver{loop};
  AddressLines lines;
};

TEST_F(AddressLinesTest, ANameAndItsAddressAreOneServer) {
  NameService::says("pohoda", {"192.0.2.10"});
  Caller by_name(loop, server("pohoda")), by_address(loop, server("192.0.2.10")), elsewhere(loop, server("192.0.2.11"));
  begin(by_name);
  until([&] { return by_name.there(); });
  EXPECT_EQ(**by_name.outcome, Addresses{*IpAddress::parse("192.0.2.10")});
  begin(by_address);
  begin(elsewhere);
  settle();
  EXPECT_TRUE(elsewhere.there());
  EXPECT_FALSE(by_address.outcome);
  by_name.turn.give_back();
  settle();
  EXPECT_TRUE(by_address.there());
}

TEST_F(AddressLinesTest, NamesThatHaveOneAddressInCommonAreOneServer) {
  NameService::says("a", {"2001:db8::1", "192.0.2.10"});
  NameService::says("b", {"192.0.2.10", "192.0.2.11"});
  NameService::says("c", {"192.0.2.11", "2001:db8::1"});
  Caller a(loop, server("a")), b(loop, server("b")), c(loop, server("c"));
  begin(a);
  until([&] { return a.there(); });
  begin(b);
  begin(c);
  settle();
  EXPECT_FALSE(b.outcome || c.outcome);
  a.turn.give_back();
  until([&] { return b.there() || c.there(); });
  settle();
  EXPECT_NE(b.there(), c.there());
  (b.there() ? b : c).turn.give_back();
  until([&] { return b.there() && c.there(); });
}

TEST_F(AddressLinesTest, NoAddressInParticularIsThisMachine) {
  NameService::says("here", {"127.0.0.1"});
  NameService::says("here6", {"::1"});
  NameService::says("both", {"0.0.0.0", "127.0.0.1"});
  for (const auto& [nowhere, name] : {std::pair("0.0.0.0", "here"), std::pair("::", "here6"), std::pair("::ffff:0.0.0.0", "here"),
                                      std::pair("::ffff:127.0.0.1", "here"), std::pair("both", "here")}) {
    Caller one(loop, server(nowhere)), other(loop, server(name));
    begin(one);
    until([&] { return one.there(); });
    begin(other);
    settle();
    EXPECT_FALSE(other.outcome) << nowhere;
    one.turn.give_back();
    until([&] { return other.there(); });
    other.turn.give_back();
  }
}

TEST_F(AddressLinesTest, AnotherPortIsAnotherServer) {
  Caller one(loop, server("192.0.2.10")), other(loop, server("192.0.2.10"));
  other.server.port = 445;
  begin(one);
  begin(other);
  settle();
  EXPECT_TRUE(one.there() && other.there());
}

TEST_F(AddressLinesTest, TheFewestPlacesHoldUntilAReload) {
  Caller many(loop, server("192.0.2.10", 3)), few(loop, server("192.0.2.10", 1)), third(loop, server("192.0.2.10", 3));
  begin(many);
  begin(few);
  settle();
  EXPECT_TRUE(many.there());
  EXPECT_FALSE(few.outcome);
  begin(third);
  settle();
  EXPECT_FALSE(third.outcome);
  lines.renew();
  Caller fourth(loop, server("192.0.2.10", 3));
  begin(fourth);
  settle();
  EXPECT_TRUE(few.there() && third.there()) << "the bound is three now";
  EXPECT_FALSE(fourth.outcome);
  many.turn.give_back();
  settle();
  EXPECT_TRUE(fourth.there());
}

// It was looked up before a name was asked for, which can take its time.
TEST_F(AddressLinesTest, ABoundThatAReloadRaisesWhileTheNameIsAskedForHolds) {
  NameService::says("pohoda", {"192.0.2.10"});
  Caller first(loop, server("pohoda", 1)), second(loop, server("192.0.2.10", 2));
  begin(first);
  first.reload(2);
  lines.renew();
  until([&] { return first.there(); });
  begin(second);
  settle();
  EXPECT_TRUE(second.there()) << "there are two places by both names";
}

TEST_F(AddressLinesTest, ABoundThatAReloadLowersWhileTheNameIsAskedForHolds) {
  NameService::says("pohoda", {"192.0.2.10"});
  Caller first(loop, server("pohoda", 2)), second(loop, server("192.0.2.10", 2));
  begin(first);
  first.reload(1);
  lines.renew();
  until([&] { return first.there(); });
  begin(second);
  settle();
  EXPECT_FALSE(second.outcome);
  first.turn.give_back();
  until([&] { return second.there(); });
}

TEST_F(AddressLinesTest, WhoWaitsIsServedWhenAReloadRaisesTheBound) {
  Caller first(loop, server("192.0.2.10", 1)), second(loop, server("192.0.2.10", 1)), third(loop, server("192.0.2.10", 3));
  for (Caller* each : {&first, &second, &third}) begin(*each);
  settle();
  EXPECT_FALSE(second.outcome || third.outcome);
  first.reload(3);
  lines.renew();
  settle();
  EXPECT_FALSE(second.outcome || third.outcome) << "another name brings one still";
  second.reload(2);
  lines.renew();
  settle();
  EXPECT_NE(second.there(), third.there());
  second.reload(3);
  lines.renew();
  settle();
  EXPECT_TRUE(second.there() && third.there());
}

TEST_F(AddressLinesTest, UnitsAreKeptApart) {
  const auto with_units = [&](const std::string& host) {
    auto made = server(host);
    made.profile = settings::Profile::apicomprem;
    made.units = {"x", "y"};
    made.concurrency_total = 2;
    return made;
  };
  NameService::says("premier", {"192.0.2.10"});
  Caller x(loop, with_units("192.0.2.10"), "x"), again(loop, with_units("premier"), "x"), y(loop, with_units("premier"), "y"),
      others(loop, with_units("192.0.2.10"), "z");
  begin(x);
  begin(again);
  begin(y);
  until([&] { return y.there(); });
  begin(others);
  settle();
  EXPECT_FALSE(again.outcome) << "one at a time in a unit";
  EXPECT_FALSE(others.outcome) << "two of all units together";
  x.turn.give_back();
  until([&] { return again.there() || others.there(); });
  y.turn.give_back();
  until([&] { return again.there() && others.there(); });
}

// Its place at the old address would be none at the new one.
TEST_F(AddressLinesTest, WhoWaitedGoesWhereTheNameLeadsByNow) {
  NameService::says("pohoda", {"192.0.2.10"});
  const auto asks_each_time = [&](Caller& caller) { caller.server.resolve_every = settings::Millis(0); };
  Caller first(loop, server("192.0.2.10")), moved(loop, server("pohoda"));
  asks_each_time(moved);
  begin(first);
  begin(moved);
  until([&] { return NameService::asked("pohoda") == 1; });
  settle();
  EXPECT_FALSE(moved.outcome);
  NameService::says("pohoda", {"192.0.2.20"});
  const auto known = [&] { // to the resolver
    Caller other(loop, server("pohoda"));
    asks_each_time(other);
    begin(other, 1);
    until([&] { return other.outcome.has_value(); });
    return other.there() && **other.outcome == Addresses{*IpAddress::parse("192.0.2.20")};
  };
  for (int i = 0; i < 1'000 && !known(); ++i) {}
  first.turn.give_back();
  until([&] { return moved.there(); });
  EXPECT_EQ(**moved.outcome, Addresses{*IpAddress::parse("192.0.2.20")});
  Caller next(loop, server("192.0.2.20")), old(loop, server("192.0.2.10"));
  begin(next);
  begin(old);
  settle();
  EXPECT_FALSE(next.outcome);
  EXPECT_TRUE(old.there());
  moved.turn.give_back();
  settle();
  EXPECT_TRUE(next.there());
}

TEST_F(AddressLinesTest, ANameThatIsNotKnownLeadsNowhere) {
  Caller caller(loop, server("nobody"));
  begin(caller);
  until([&] { return caller.outcome.has_value(); });
  EXPECT_EQ(caller.outcome->error().cause, Cause::dns_error);
  EXPECT_EQ(lines.size(), 0U);
}

TEST_F(AddressLinesTest, WhoLosesPatienceLeavesNothingBehind) {
  NameService::says("b", {"192.0.2.10", "192.0.2.11"});
  Caller first(loop, server("192.0.2.11")), tired(loop, server("b")), next(loop, server("192.0.2.10"));
  begin(first);
  begin(tired, 1);
  until([&] { return tired.outcome.has_value(); });
  EXPECT_EQ(tired.outcome->error().cause, Cause::queue_timeout);
  begin(next);
  settle();
  EXPECT_TRUE(next.there()) << "the place at the first address was given back";
  first.turn.give_back();
  next.turn.give_back();
  lines.renew();
  EXPECT_EQ(lines.size(), 0U);
}

} // namespace
} // namespace ledgergate::upstream
