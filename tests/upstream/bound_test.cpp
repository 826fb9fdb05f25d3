#include "upstream/bound.h"

#include "../loop_world.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace ledgergate::upstream::tests {
namespace {

using ledgergate::tests::connected_pair;
using ledgergate::tests::LoopWorld;
using ledgergate::tests::Socket;

settings::Server server(std::string host, std::uint16_t port = 80) {
  settings::Server made;
  made.name = host;
  made.host = std::move(host);
  made.port = port;
  made.keep_idle = 0;
  made.timeouts.idle = std::chrono::hours(1);
  return made;
}

struct BoundTest : ::testing::Test, LoopWorld {
  io::Stream* put(const Pool& pool, std::string_view client) {
    auto ends = connected_pair();
    far.push_back(std::move(ends.second));
    io::Stream::Ptr stream = adopt(std::move(ends.first));
    io::Stream* raw = stream.get();
    bound.put(loop, pool, client, std::move(stream));
    return raw;
  }
  bool closed(const Socket& socket) {
    return until([&] {
      bool end = false;
      socket.receive(&end);
      return end;
    });
  }

  std::vector<Relief*> all;
  Relief relief{loop, all};
  std::vector<Socket> far;
  Bound bound;
};

TEST_F(BoundTest, GivesAConnectionBackToItsServerAndClientOnly) {
  const Pool one(loop, server("one"), nullptr, &relief);
  const Pool other(loop, server("other"), nullptr, &relief);
  const auto* annas = put(one, "anna");
  EXPECT_FALSE(bound.take(one.server(), "boris"));
  EXPECT_FALSE(bound.take(one.server(), ""));
  EXPECT_FALSE(bound.take(other.server(), "anna"));
  EXPECT_FALSE(bound.take(server("one", 81), "anna"));
  settings::Server https = server("one");
  https.https = true;
  EXPECT_FALSE(bound.take(https, "anna"));
  settings::Server renamed = server("one");
  renamed.name = "renamed";
  EXPECT_EQ(bound.take(renamed, "anna").get(), annas);
  EXPECT_FALSE(bound.take(one.server(), "anna")) << "it is in use";
}

TEST_F(BoundTest, DropsOneThatTheServerClosesOrSpeaksOn) {
  const Pool pool(loop, server("one"), nullptr, &relief);
  put(pool, "");
  far[0] = Socket();
  put(pool, "a");
  far[1].send("unasked");
  EXPECT_TRUE(closed(far[1]));
  EXPECT_FALSE(bound.take(pool.server(), ""));
  EXPECT_FALSE(bound.take(pool.server(), "a"));
}

TEST_F(BoundTest, HasABoundItself) {
  std::vector<std::unique_ptr<Pool>> pools;
  for (std::size_t i = 0; i <= Bound::kMost; ++i)
    pools.push_back(std::make_unique<Pool>(loop, server("s" + std::to_string(i)), nullptr, &relief));
  for (const auto& pool : pools) put(*pool, "");
  EXPECT_TRUE(closed(far[0])) << "the one it had longest";
  EXPECT_FALSE(bound.take(pools[0]->server(), ""));
  for (std::size_t i = 1; i <= Bound::kMost; ++i) EXPECT_TRUE(bound.take(pools[i]->server(), "")) << i;
}

TEST_F(BoundTest, ClosesWhatMayNotIdleAnyMoreAndNothingElse) {
  const Pool one(loop, server("one"), nullptr, &relief), other(loop, server("other"), nullptr, &relief);
  put(one, "anna");
  put(one, "boris");
  const auto* stays = put(other, "anna");
  bound.close_unless([](const settings::Server& each) { return each.host != "one"; });
  EXPECT_TRUE(closed(far[0]));
  EXPECT_TRUE(closed(far[1]));
  EXPECT_FALSE(bound.take(one.server(), "anna"));
  EXPECT_EQ(bound.take(other.server(), "anna").get(), stays);
}

TEST_F(BoundTest, IsClosedLastWhenDescriptorsAreShort) {
  settings::Server about = server("one");
  about.keep_idle = 4;
  Pool pool(loop, about, nullptr, &relief);
  put(pool, "");
  auto ends = connected_pair();
  pool.put(adopt(std::move(ends.first)));
  EXPECT_TRUE(relief.close_idle());
  EXPECT_EQ(pool.idle(), 0U);
  io::Stream::Ptr own = bound.take(about, "");
  ASSERT_TRUE(own);
  bound.put(loop, pool, "", std::move(own));
  EXPECT_TRUE(relief.close_idle());
  EXPECT_FALSE(bound.take(about, ""));
  EXPECT_FALSE(relief.close_idle());
}

} // namespace
} // namespace ledgergate::upstream::tests
