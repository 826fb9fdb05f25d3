// The compressing sink and its pool: what reaches the sink behind it, and when.
#include "request/compress_reply.h"

#include "http/inflate.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace ledgergate;
using http::Coding;

// Writes down what it is told.
class Paper final : public ReplySink {
public:
  void head(const http::ReplyHead&, http::BodyKind kind, std::uint64_t length) override {
    events += "head ";
    body_kind = kind;
    body_length = length;
  }
  void body(std::string_view bytes) override { written += bytes; }
  void end() override { events += "end "; }
  io::Step flush() override {
    events += "flush ";
    return answer;
  }
  void rest() noexcept override {}
  [[nodiscard]] std::size_t undelivered() const override { return 42; }
  [[nodiscard]] bool take_back() override { return false; }
  void cut() override { events += "cut "; }

  std::string events, written;
  http::BodyKind body_kind = http::BodyKind::none;
  std::uint64_t body_length = 0;
  io::Step answer = io::Step::done;
};

struct Read {
  std::string text;
  bool whole = false;
};

Read unpack(std::string_view in) {
  http::Inflater inflater;
  EXPECT_TRUE(inflater.start(Coding::gzip, {}).ok());
  Read read;
  std::string room(4096, '\0');
  for (;;) {
    const auto step = inflater.next(in, room.data(), room.size());
    if (step.state == http::Inflater::State::failed) return read;
    read.text.append(room.data(), step.made);
    in.remove_prefix(step.consumed);
    if (step.state == http::Inflater::State::more) break;
  }
  read.whole = inflater.finish().ok();
  return read;
}

struct Pressing {
  Paper paper;
  CompressedReply reply;
  Pressing() {
    EXPECT_TRUE(reply.begin(Coding::gzip, 5));
    reply.before(paper);
  }
};

TEST(CompressedReply, PassesTheHeadOnAndAsksTheSinkBehindIt) {
  Pressing p;
  p.paper.answer = io::Step::blocked;
  p.reply.head({}, http::BodyKind::chunked, 7);
  EXPECT_EQ(p.paper.events, "head ");
  EXPECT_EQ(p.paper.body_kind, http::BodyKind::chunked);
  EXPECT_EQ(p.paper.body_length, 7U);
  EXPECT_EQ(p.reply.undelivered(), 42U);
  EXPECT_EQ(p.reply.flush(), io::Step::blocked);
}

TEST(CompressedReply, WhatWasFlushedIsReadable) {
  Pressing p;
  p.reply.body("<rsp:");
  p.reply.body("responsePack>");
  EXPECT_EQ(unpack(p.paper.written).text, ""); // nothing but the header, if that
  EXPECT_EQ(p.reply.flush(), io::Step::done);
  EXPECT_EQ(unpack(p.paper.written).text, "<rsp:responsePack>");
  EXPECT_FALSE(unpack(p.paper.written).whole);
}

TEST(CompressedReply, FlushingAgainWritesNothing) {
  Pressing p;
  p.reply.flush();
  EXPECT_EQ(p.paper.written, "");
  p.reply.body("x");
  p.reply.flush();
  const std::string before = p.paper.written;
  p.reply.flush();
  p.reply.body("");
  p.reply.flush();
  EXPECT_EQ(p.paper.written, before);
}

TEST(CompressedReply, IsWholeOnceItIsEnded) {
  Pressing p;
  p.reply.body("all");
  p.reply.end();
  p.reply.flush();
  EXPECT_EQ(p.paper.events, "end flush ");
  EXPECT_EQ(unpack(p.paper.written).text, "all");
  EXPECT_TRUE(unpack(p.paper.written).whole);
}

TEST(CompressedReply, HasNoTrailerWhenItIsCut) {
  Pressing p;
  p.reply.body("some");
  p.reply.flush();
  p.reply.body("more");
  const std::string before = p.paper.written;
  p.reply.cut();
  p.reply.flush();
  EXPECT_EQ(p.paper.events, "flush cut flush ");
  EXPECT_EQ(p.paper.written, before);
  EXPECT_FALSE(unpack(p.paper.written).whole);
}

TEST(CompressedReply, AWholeBodyIsGivenOnlyWhenItIsShorter) {
  CompressedReply reply;
  ASSERT_TRUE(reply.begin(Coding::gzip, 5));
  const std::string rows(5'000, '<');
  const auto coded = reply.whole(rows);
  ASSERT_TRUE(coded.has_value());
  EXPECT_LT(coded->size(), rows.size());
  EXPECT_EQ(unpack(*coded).text, rows);
  EXPECT_TRUE(unpack(*coded).whole);

  std::mt19937 random(3);
  std::string noise(100'000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  ASSERT_TRUE(reply.begin(Coding::gzip, 5));
  EXPECT_FALSE(reply.whole(noise).has_value());
  ASSERT_TRUE(reply.begin(Coding::gzip, 5));
  EXPECT_FALSE(reply.whole("").has_value());
  ASSERT_TRUE(reply.begin(Coding::gzip, 5)); // what was given up leaves nothing behind
  EXPECT_EQ(unpack(*reply.whole(rows)).text, rows);
}

TEST(Compressors, AreBoundedAndReturnToWork) {
  Compressors pool;
  std::vector<CompressorLease> leases;
  for (std::size_t i = 0; i < Compressors::kAtWork; ++i) {
    leases.push_back(pool.lease(Coding::gzip, 1));
    ASSERT_TRUE(leases.back());
  }
  EXPECT_EQ(pool.at_work(), Compressors::kAtWork);
  EXPECT_FALSE(pool.lease(Coding::gzip, 1));
  leases.pop_back();
  EXPECT_TRUE(pool.lease(Coding::gzip, 1));
  leases.clear();
  EXPECT_EQ(pool.at_work(), 0U);
}

TEST(Compressors, AreUsedAgain) {
  Compressors pool;
  auto lease = pool.lease(Coding::gzip, 5);
  const CompressedReply* first = lease.get();
  lease.reset();
  EXPECT_EQ(pool.at_work(), 0U);
  const auto second = pool.lease(Coding::deflate, 9);
  EXPECT_EQ(second.get(), first);
}

} // namespace
