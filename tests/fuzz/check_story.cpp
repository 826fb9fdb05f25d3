#include "checks.h"
#include "require.h"
#include "story_judge.h"
#include "story_settings.h"
#include "story_world.h"

#include <algorithm>
#include <iterator>

namespace ledgergate::fuzz {
namespace {

constexpr int kMostJumps = 3000;

// One step of a story: a letter, and for what is said its bytes.
struct Step {
  char what;
  std::string_view bytes;
};

// "~c" and the like stand before each step; what stands before the first is said by the caller.
Step take_step(std::string_view& rest) {
  Step step{'c', {}};
  if (rest.starts_with('~') && rest.size() > 1) {
    step.what = rest[1];
    rest.remove_prefix(2);
  }
  step.bytes = rest.substr(0, rest.find('~', rest.starts_with('~') ? 1 : 0));
  rest.remove_prefix(step.bytes.size());
  return step;
}

void play(World& world, const Step& step) {
  switch (step.what) {
  case 'c': world.caller().say(step.bytes); break;
  case 's': world.server_says(step.bytes); break;
  case 'C': world.caller().end(); break;
  case 'X': world.caller().close(); break;
  case 'S': world.server_ends(); break;
  case 'R': world.server_leaves(); break;
  case 't': world.pass(); break;
  case 'r': world.connecting(World::Connecting::refuses); break;
  case 'h': world.connecting(World::Connecting::hangs); break;
  case 'a': world.connecting(World::Connecting::answers); break;
  case 'd': world.drain(); break;
  default: break;
  }
  world.settle();
}

void pass_until(World& world, bool (*over)(const World&), const char* what) {
  for (int jumps = 0; !over(world); ++jumps) {
    require(jumps < kMostJumps, "it takes few time-outs");
    require(world.pass(), what);
  }
}

} // namespace

void check_story(std::string_view bytes) {
  const Door* door = std::find_if(std::begin(kDoors), std::end(kDoors),
                                  [&](const Door& each) { return !bytes.empty() && each.letter == bytes.front(); });
  if (door == std::end(kDoors)) return;
  bytes.remove_prefix(1);

  const auto settings = story_settings(*door);
  World world(settings);
  world.call(listener_of(*settings, *door), *Endpoint::parse(std::string(door->peer)), door->tls);
  world.settle();
  while (!bytes.empty()) play(world, take_step(bytes));

  // Nobody says any more: every story must come to its end.
  world.caller().end();
  world.settle();
  world.connecting(World::Connecting::refuses);
  world.server_ends();
  world.settle();
  pass_until(
      world, [](const World& each) { return !each.connected(); }, "the connection ends");
  judge(world, *door);
  world.drain();
  world.settle();
  pass_until(
      world, [](const World& each) { return each.drained(); }, "what is held behind the caller's back ends");
  world.check_rest();
}

} // namespace ledgergate::fuzz
