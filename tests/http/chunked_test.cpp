#include "http/chunked.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ledgergate::http {
namespace {

using namespace std::string_literals;
using State = ChunkDecoder::State;

struct Decoded {
  std::string body;
  State state = State::more;
  std::size_t used = 0;
  bool operator==(const Decoded&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Decoded& decoded) {
  return out << "'" << decoded.body << "', state " << static_cast<int>(decoded.state) << ", used " << decoded.used;
}

// Feeds `bytes` in the pieces that end at `ends`.
Decoded decode(const std::string& bytes, const std::vector<std::size_t>& ends) {
  ChunkDecoder decoder;
  Decoded out;
  for (const std::size_t end : ends) {
    while (true) {
      const ChunkDecoder::Step step = decoder.next(std::string_view(bytes).substr(out.used, end - out.used));
      out.used += step.consumed;
      out.state = step.state;
      if (step.state != State::data) break;
      out.body += step.data;
    }
    if (out.state != State::more) break;
    EXPECT_EQ(out.used, end) << "'more' means that all is used up";
  }
  return out;
}

Decoded decode(const std::string& bytes) { return decode(bytes, {bytes.size()}); }

const std::vector<std::string>& good_bodies() {
  static const std::vector<std::string> bodies = {
      "0\r\n\r\n",
      "5\r\nhello\r\n0\r\n\r\n",
      "5\r\nhello\r\n00000A\r\n, world!!!\r\n000\r\n\r\n",
      "a\r\n0123456789\r\n0\r\n\r\n",
      "5;a=b;c=\"d e\"\r\nhello\r\n0;last\r\n\r\n",
      "5; \ta\t = b;c=\"\\\"\xC5\x99\t;\\\\\"; d\r\nhello\r\n0\r\n\r\n",
      "5;a ;b=c ;d=\"e\" ;f\r\nhello\r\n0\r\n\r\n",
      "3\r\na\r\n\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n",
      "0\r\nContent-Length: 5\r\n\r\nGET / HTTP/1.1\r\n",
      "000000000000001\r\na\r\n0\r\n\r\n",
  };
  return bodies;
}

const std::vector<std::string>& bad_bodies() {
  static const std::vector<std::string> bodies = {
      "\r\n",
      "x\r\n",
      "0x5\r\nhello\r\n0\r\n\r\n",
      "+5\r\nhello\r\n0\r\n\r\n",
      "-5\r\nhello",
      " 5\r\nhello",
      "5 \r\nhello",
      "5\t;a\r\nhello",
      "5,\r\nhello",
      "5\nhello\r\n0\r\n\r\n",
      "5\rhello\r\n0\r\n\r\n",
      "5\r\nhello0\r\n\r\n",
      "5\r\nhello\n0\r\n\r\n",
      "5\r\nhello\r0\r\n\r\n",
      "5\r\nhelloo\r\n0\r\n\r\n",
      "5\r\nhell\r\n0\r\n\r\n",
      "5;\r\nhello\r\n0\r\n\r\n",
      "5;;a\r\nhello\r\n0\r\n\r\n",
      "5; \r\nhello\r\n0\r\n\r\n",
      "5;a \r\nhello\r\n0\r\n\r\n",
      "5;a b\r\nhello\r\n0\r\n\r\n",
      "5;a=\r\nhello\r\n0\r\n\r\n",
      "5;=b\r\nhello\r\n0\r\n\r\n",
      "5;a=b=c\r\nhello\r\n0\r\n\r\n",
      "5;a=b \r\nhello\r\n0\r\n\r\n",
      "5;a=b c\r\nhello\r\n0\r\n\r\n",
      "5;a=b\"c\"\r\nhello\r\n0\r\n\r\n",
      "5;a=\"b\r\nhello\r\n0\r\n\r\n",
      "5;a=\"b\\\"\r\nhello\r\n0\r\n\r\n",
      "5;a=\"b\"c\r\nhello\r\n0\r\n\r\n",
      "5;a=\"\x01\"\r\nhello\r\n0\r\n\r\n",
      "5;x=\xC5\x99\r\nhello\r\n0\r\n\r\n",
      "5;a\nb\r\nhello\r\n0\r\n\r\n",
      "5;a\rb\r\nhello\r\n0\r\n\r\n",
      "5;\"a\r\n\"\r\nhello\r\n0\r\n\r\n",
      "5;a\0\r\nhello"s,
      "5\0\r\nhello"s,
      ";\r\nhello",
      "0000000000000005\r\nhello",
      "fffffffffffffffff\r\n",
      "10000000000000000\r\n",
      "0\r\n\n",
      "0\r\n\rX",
      "0\n\r\n",
      "0\r\nX\r\n\r\n",
      "0\r\nX : a\r\n\r\n",
      "0\r\n X: a\r\n\r\n",
      "0\r\nX: a\r\n b\r\n\r\n",
      "0\r\n: a\r\n\r\n",
      "0\r\nX: a\nY: b\r\n\r\n",
      "0\r\nX: a\rY: b\r\n\r\n",
      "0\r\nX: \0\r\n\r\n"s,
  };
  return bodies;
}

TEST(ChunkDecoder, GivesTheDataAndNothingElse) {
  EXPECT_EQ(decode("0\r\n\r\n"), (Decoded{"", State::done, 5}));
  EXPECT_EQ(decode("5\r\nhello\r\n0\r\n\r\n"), (Decoded{"hello", State::done, 15}));
  EXPECT_EQ(decode("5;a=b\r\nhello\r\n00000A\r\n, world!!!\r\n0\r\nX: y\r\n\r\n").body, "hello, world!!!");
}

TEST(ChunkDecoder, StopsBehindTheLastLine) {
  const std::string body = "5\r\nhello\r\n0\r\nX: y\r\n\r\n";
  EXPECT_EQ(decode(body + "GET / HTTP/1.1\r\n\r\n").used, body.size());
}

TEST(ChunkDecoder, AcceptsWhatIsRight) {
  for (const std::string& body : good_bodies()) EXPECT_EQ(decode(body).state, State::done) << body;
}

TEST(ChunkDecoder, RefusesWhatIsNot) {
  for (const std::string& body : bad_bodies()) EXPECT_EQ(decode(body).state, State::failed) << body;
}

TEST(ChunkDecoder, ComesOutAlikeForEverySplit) {
  std::vector<std::string> all = good_bodies();
  all.insert(all.end(), bad_bodies().begin(), bad_bodies().end());
  for (const std::string& body : all) {
    const Decoded whole = decode(body);
    std::vector<std::size_t> every;
    for (std::size_t cut = 0; cut <= body.size(); ++cut) {
      every.push_back(cut);
      EXPECT_EQ(decode(body, {cut, body.size()}), whole) << "cut at " << cut << " of: " << body;
    }
    EXPECT_EQ(decode(body, every), whole) << "byte by byte: " << body;
  }
}

TEST(ChunkDecoder, WantsMoreUntilTheEnd) {
  const std::string body = "5;a\r\nhello\r\n0\r\nX: y\r\n\r\n";
  for (std::size_t size = 0; size < body.size(); ++size) EXPECT_EQ(decode(body.substr(0, size)).state, State::more) << size;
}

TEST(ChunkDecoder, BoundsExtensionsOverTheWholeBody) {
  const auto chunks = [](std::size_t count, std::size_t extension) {
    std::string body;
    for (std::size_t i = 0; i < count; ++i) body += "1;" + std::string(extension - 1, 'x') + "\r\na\r\n";
    return body + "0\r\n\r\n";
  };
  EXPECT_EQ(decode(chunks(1, 4096)).state, State::done);
  EXPECT_EQ(decode(chunks(1, 4097)).state, State::failed);
  EXPECT_EQ(decode(chunks(512, 8)).state, State::done);
  EXPECT_EQ(decode(chunks(513, 8)).state, State::failed);
}

TEST(ChunkDecoder, BoundsTrailers) {
  const auto trailers = [](std::size_t size) { return "0;x\r\nX:" + std::string(size - 4, 'y') + "\r\n\r\n"; };
  EXPECT_EQ(decode(trailers(8192)).state, State::done);
  EXPECT_EQ(decode(trailers(8193)).state, State::failed);
}

TEST(ChunkDecoder, TheBiggestSizeIsCountedRight) {
  ChunkDecoder decoder;
  const ChunkDecoder::Step step = decoder.next("fffffffffffffff\r\nabc");
  EXPECT_EQ(step.state, State::data);
  EXPECT_EQ(step.data, "abc");
  EXPECT_EQ(decoder.next("\r\n").state, State::data); // still data, not the end of the chunk
}

TEST(ChunkDecoder, FailureAndEndAreForGoodUntilReset) {
  ChunkDecoder decoder;
  EXPECT_EQ(decoder.next("x").state, State::failed);
  EXPECT_EQ(decoder.next("0\r\n\r\n").state, State::failed);
  decoder.reset();
  EXPECT_EQ(decoder.next("0\r\n\r\n").state, State::done);
  EXPECT_EQ(decoder.next("0\r\n\r\n").consumed, 0U);
}

TEST(ChunkSize, IsWrittenInShortestHex) {
  for (const auto& [size, text] : std::vector<std::pair<std::uint64_t, std::string>>{{0, "0\r\n"},
                                                                                     {9, "9\r\n"},
                                                                                     {16, "10\r\n"},
                                                                                     {255, "ff\r\n"},
                                                                                     {262144, "40000\r\n"},
                                                                                     {UINT64_MAX, "ffffffffffffffff\r\n"}}) {
    char out[18];
    EXPECT_EQ(std::string(out, write_chunk_size(size, out)), text);
  }
}

} // namespace
} // namespace ledgergate::http
