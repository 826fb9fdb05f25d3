// What comes out is what went in, for readers that know nothing of us; and what is not ended is not whole.
#include "http/deflate.h"
#include "http/inflate.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace {

using namespace ledgergate::http;
using Then = Compressor::Then;

std::string sample(std::size_t size) {
  std::mt19937 random(11);
  std::string text;
  while (text.size() < size) text += "<stk:stock code=\"" + std::to_string(random() % 100'000) + "\"/>\r\n";
  text.resize(size);
  return text;
}

std::string noise(std::size_t size) {
  std::mt19937 random(13);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

std::string press(Compressor& compressor, std::string_view bytes, Then then) {
  compressor.give(bytes, then);
  std::string out;
  for (std::string_view piece; compressor.take(piece);) out += piece;
  return out;
}

struct Read {
  std::string text;
  bool whole = false;
};

Read unpack(const std::string& in, Coding coding) {
  Inflater inflater;
  EXPECT_TRUE(inflater.start(coding, {}).ok());
  Read read;
  std::string room(4096, '\0');
  std::string_view rest = in;
  for (;;) {
    const auto step = inflater.next(rest, room.data(), room.size());
    if (step.state == Inflater::State::failed) return read;
    read.text.append(room.data(), step.made);
    rest.remove_prefix(step.consumed);
    if (step.state == Inflater::State::more) break;
  }
  read.whole = inflater.finish().ok();
  return read;
}

TEST(Deflate, ComesBackWhole) {
  Compressor compressor;
  for (const Coding coding : {Coding::gzip, Coding::deflate})
    for (const int level : {1, 5, 9})
      for (const std::string& plain : {std::string(), std::string("x"), sample(300'000), noise(300'000)}) {
        ASSERT_TRUE(compressor.begin(coding, level));
        std::string out;
        for (std::size_t at = 0; at < plain.size(); at += 40'000)
          out += press(compressor, std::string_view(plain).substr(at, 40'000), Then::gather);
        out += press(compressor, {}, Then::end);
        const Read read = unpack(out, coding);
        ASSERT_TRUE(read.whole) << level;
        ASSERT_EQ(read.text, plain);
      }
}

TEST(Deflate, SaysItsFormatInItsFirstBytes) {
  Compressor compressor;
  ASSERT_TRUE(compressor.begin(Coding::gzip, 5));
  EXPECT_EQ(press(compressor, "x", Then::end).substr(0, 3), "\x1f\x8b\x08"); // RFC 1952 section 2.3.1
  ASSERT_TRUE(compressor.begin(Coding::deflate, 5));
  EXPECT_EQ(press(compressor, "x", Then::end)[0], '\x78'); // RFC 1950 section 2.2
}

TEST(Deflate, WhatWasFlushedCanBeReadAtOnce) {
  Compressor compressor;
  for (const Coding coding : {Coding::gzip, Coding::deflate}) {
    ASSERT_TRUE(compressor.begin(coding, 9));
    std::string out, plain;
    for (int line = 0; line < 50; ++line) {
      const std::string text = "row " + std::to_string(line) + "\n";
      plain += text;
      out += press(compressor, text, Then::flush);
      const Read read = unpack(out, coding);
      ASSERT_EQ(read.text, plain);
      ASSERT_FALSE(read.whole);
    }
    out += press(compressor, {}, Then::end);
    EXPECT_TRUE(unpack(out, coding).whole);
  }
}

TEST(Deflate, FlushingTwiceAddsNothing) {
  Compressor compressor;
  ASSERT_TRUE(compressor.begin(Coding::gzip, 5));
  EXPECT_NE(press(compressor, "some", Then::flush), "");
  EXPECT_EQ(press(compressor, {}, Then::flush), "");
}

TEST(Deflate, IsNeverWholeBeforeItIsEnded) {
  Compressor compressor;
  for (const Coding coding : {Coding::gzip, Coding::deflate}) {
    ASSERT_TRUE(compressor.begin(coding, 5));
    const std::string out = press(compressor, sample(50'000), Then::flush);
    EXPECT_EQ(unpack(out, coding).text, sample(50'000));
    EXPECT_FALSE(unpack(out, coding).whole);
  }
}

TEST(Deflate, AHigherLevelMakesLess) {
  Compressor compressor;
  ASSERT_TRUE(compressor.begin(Coding::gzip, 1));
  const std::size_t fast = press(compressor, sample(200'000), Then::end).size();
  ASSERT_TRUE(compressor.begin(Coding::gzip, 9));
  const std::size_t small = press(compressor, sample(200'000), Then::end).size();
  EXPECT_LT(small, fast);
}

TEST(Deflate, ABodyThatWasGivenUpLeavesNothingBehind) {
  Compressor compressor;
  ASSERT_TRUE(compressor.begin(Coding::gzip, 5));
  static_cast<void>(press(compressor, sample(100'000), Then::gather));
  ASSERT_TRUE(compressor.begin(Coding::gzip, 5));
  EXPECT_EQ(unpack(press(compressor, "fine", Then::end), Coding::gzip).text, "fine");
}

} // namespace
