// Coded bodies in any pieces; what is cut short, damaged, continued or swollen is refused.
#include "http/inflate.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <random>
#include <string>

namespace {

using namespace ledgergate;
using http::Coding;
using http::Inflater;

constexpr int kZlib = 15, kGzip = 31, kBare = -15;

// By zlib itself, in one go.
std::string coded(const std::string& plain, int window) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, plain.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<const Bytef*>(plain.data());
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string sample(std::size_t size) {
  std::mt19937 random(7);
  std::string text;
  while (text.size() < size) text += "<stk:stock code=\"" + std::to_string(random() % 100'000) + "\"/>\r\n";
  text.resize(size);
  return text;
}

struct Outcome {
  std::string text;
  bool good = false;
  Cause cause = Cause::internal;
};

Outcome decode(Inflater& inflater, const std::string& in, Coding coding, std::size_t piece, std::size_t room,
               Inflater::Bounds bounds = {}) {
  Outcome outcome;
  EXPECT_TRUE(inflater.start(coding, bounds).ok());
  std::string out(room, '\0');
  for (std::size_t at = 0; at < in.size(); at += piece) {
    std::string_view rest = std::string_view(in).substr(at, piece);
    for (;;) {
      const auto step = inflater.next(rest, out.data(), out.size());
      if (step.state == Inflater::State::failed) {
        outcome.cause = inflater.error().cause;
        EXPECT_FALSE(inflater.finish().ok());
        return outcome;
      }
      outcome.text.append(out.data(), step.made);
      rest.remove_prefix(step.consumed);
      if (step.state == Inflater::State::more) break;
    }
    EXPECT_TRUE(rest.empty());
  }
  const auto whole = inflater.finish();
  outcome.good = whole.ok();
  if (!whole) outcome.cause = whole.error().cause;
  return outcome;
}

struct Form {
  int window;
  Coding coding;
};
constexpr Form kForms[] = {{kGzip, Coding::gzip}, {kZlib, Coding::deflate}, {kBare, Coding::deflate}};

TEST(Inflate, GivesBackWhatWasCodedInWhateverPieces) {
  Inflater inflater;
  for (const Form form : kForms)
    for (const std::size_t size : {0U, 1U, 5U, 70'000U}) {
      const std::string plain = sample(size);
      const std::string in = coded(plain, form.window);
      for (const std::size_t piece : {1U, 2U, 7U, 1000U, 1'000'000U})
        for (const std::size_t room : {1U, 64U, 65'536U}) {
          if (room == 1 && size > 1000 && piece != 7) continue;
          const Outcome outcome = decode(inflater, in, form.coding, piece, room);
          ASSERT_TRUE(outcome.good) << form.window << ' ' << size << ' ' << piece << ' ' << room;
          ASSERT_EQ(outcome.text, plain);
        }
    }
}

TEST(Inflate, RefusesEveryCutShort) {
  Inflater inflater;
  for (const Form form : kForms) {
    const std::string in = coded(sample(300), form.window);
    for (std::size_t length = 0; length < in.size(); ++length) {
      const Outcome outcome = decode(inflater, in.substr(0, length), form.coding, 1'000, 4'096);
      ASSERT_FALSE(outcome.good) << form.window << " cut to " << length;
      ASSERT_EQ(outcome.cause, Cause::body_unreadable);
    }
  }
}

TEST(Inflate, RefusesBytesBehindTheEnd) {
  Inflater inflater;
  for (const Form form : kForms) {
    const std::string in = coded("<dataPack/>", form.window);
    for (const std::string& more : {std::string("\0", 1), std::string("x"), in})
      for (const std::size_t piece : {1U, 1000U}) {
        const Outcome outcome = decode(inflater, in + more, form.coding, piece, 4'096);
        ASSERT_FALSE(outcome.good) << form.window << ' ' << piece;
        ASSERT_EQ(outcome.cause, Cause::body_unreadable);
      }
  }
}

TEST(Inflate, RefusesEveryWrongByteOfAGzipTrailer) {
  Inflater inflater;
  const std::string in = coded(sample(300), kGzip);
  for (std::size_t back = 1; back <= 8; ++back) {
    std::string broken = in;
    broken[broken.size() - back] = static_cast<char>(broken[broken.size() - back] ^ 1);
    const Outcome outcome = decode(inflater, broken, Coding::gzip, 1000, 4'096);
    ASSERT_FALSE(outcome.good) << back;
    ASSERT_EQ(outcome.cause, Cause::body_unreadable);
  }
}

TEST(Inflate, RefusesWhatIsNotCodedAtAll) {
  Inflater inflater;
  for (const Coding coding : {Coding::gzip, Coding::deflate})
    for (const std::string& in :
         {std::string("<?xml version=\"1.0\"?><dataPack/>"), std::string("PK\3\4"), std::string(40, '\xFF')}) {
      const Outcome outcome = decode(inflater, in, coding, 1000, 4'096);
      EXPECT_FALSE(outcome.good);
      EXPECT_EQ(outcome.cause, Cause::body_unreadable);
    }
  // zlib's format under gzip's name, and the other way round.
  EXPECT_FALSE(decode(inflater, coded("<x/>", kZlib), Coding::gzip, 1000, 100).good);
  EXPECT_FALSE(decode(inflater, coded("<x/>", kGzip), Coding::deflate, 1000, 100).good);
}

TEST(Inflate, AsksForADictionaryInVain) {
  z_stream stream{};
  ASSERT_EQ(deflateInit(&stream, 6), Z_OK);
  const std::string words = "<dataPackItem>";
  ASSERT_EQ(deflateSetDictionary(&stream, reinterpret_cast<const Bytef*>(words.data()), static_cast<uInt>(words.size())), Z_OK);
  std::string out(200, '\0');
  stream.next_in = reinterpret_cast<const Bytef*>(words.data());
  stream.avail_in = static_cast<uInt>(words.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ASSERT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  Inflater inflater;
  EXPECT_EQ(decode(inflater, out, Coding::deflate, 1000, 1000).cause, Cause::body_unreadable);
}

// 78 begins zlib's format, and a bare stream's stored block. One stored block of `length` bytes in zlib's format (RFC 1950, RFC
// 1951 section 3.2.4), behind FLG 01.
std::string zlib_stored(const std::string& plain) {
  const auto length = plain.size();
  const auto low = static_cast<char>(length & 0xFF), high = static_cast<char>(length >> 8);
  std::string out{'\x78', '\x01', '\0', low, high, static_cast<char>(~low), static_cast<char>(~high)};
  out += plain;
  out += std::string("\x01\0\0\xFF\xFF", 5);
  const auto sum = adler32(1, reinterpret_cast<const Bytef*>(plain.data()), static_cast<uInt>(plain.size()));
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(sum >> shift & 0xFF);
  return out;
}

TEST(Inflate, RefusesADeflateBodyThatCanBeReadInTwoWays) {
  Inflater inflater;
  // Good zlib both; of length FFFE the header 01 00 FE FF is a bare reader's stored block of one byte, too.
  const std::string fine = zlib_stored(sample(0xFFFD));
  const std::string both = zlib_stored(sample(0xFFFE));
  for (const std::size_t piece : {1U, 2U, 5U, 100'000U}) {
    EXPECT_TRUE(decode(inflater, fine, Coding::deflate, piece, 4'096).good);
    EXPECT_EQ(decode(inflater, both, Coding::deflate, piece, 4'096).cause, Cause::body_unreadable);
    EXPECT_EQ(inflater.error().detail, "a deflate body that can be read in two ways");
  }
}

TEST(Inflate, HoldsTheBoundOfSize) {
  Inflater inflater;
  const std::string in = coded(sample(5'000), kGzip);
  EXPECT_TRUE(decode(inflater, in, Coding::gzip, 1000, 512, {5'000}).good);
  const Outcome outcome = decode(inflater, in, Coding::gzip, 1000, 512, {4'999});
  EXPECT_FALSE(outcome.good);
  EXPECT_EQ(outcome.cause, Cause::body_too_large);
  EXPECT_LE(outcome.text.size(), 4'999U);
}

TEST(Inflate, StopsABombLongBeforeItIsLarge) {
  Inflater inflater;
  const std::string in = coded(std::string(64 << 20, '0'), kGzip);
  const Outcome outcome = decode(inflater, in, Coding::gzip, 1000, 64 * 1024);
  EXPECT_FALSE(outcome.good);
  EXPECT_EQ(outcome.cause, Cause::body_too_large);
  EXPECT_LE(outcome.text.size(), 2U << 20U);
  // As regular, and small: that is no bomb.
  const std::string regular(Inflater::kFreeBytes, '0');
  EXPECT_TRUE(decode(inflater, coded(regular, kGzip), Coding::gzip, 1000, 64 * 1024).good);
}

TEST(Inflate, IsGoodAgainBehindAFailure) {
  Inflater inflater;
  EXPECT_FALSE(decode(inflater, "garbage", Coding::gzip, 10, 10).good);
  EXPECT_EQ(decode(inflater, coded("fine", kBare), Coding::deflate, 10, 10).text, "fine");
  EXPECT_EQ(decode(inflater, coded("fine", kGzip), Coding::gzip, 10, 10).text, "fine");
}

} // namespace
