#include "serve/h1.h"

#include "../loop_world.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace ledgergate::tests {
namespace {

struct H1ReplyTest : ::testing::Test, LoopWorld {
  std::pair<Socket, Socket> ends = connected_pair();
  io::Stream::Ptr stream = adopt(std::move(ends.first));
  std::string gathered;
  H1Reply reply{*stream, gathered};
  Exchange exchange;
};

// The refusal in its place may find no memory: then a kept connection would go on without an answer, and the next reply be its.
TEST_F(H1ReplyTest, WhatWasTakenBackIsNotTheEndOfAnExchange) {
  reply.start(exchange, true);
  reply.end();
  ASSERT_TRUE(reply.whole());
  ASSERT_TRUE(reply.take_back());
  EXPECT_FALSE(reply.whole());
  EXPECT_FALSE(reply.keeps());
}

} // namespace
} // namespace ledgergate::tests
