#include "inspect/inflate.h"

#include "feeding.h"

#include <gtest/gtest.h>

#include <zlib.h>

namespace {

using namespace ledgergate;
using namespace ledgergate::inspect;

constexpr int kGzip = 16 + MAX_WBITS;
constexpr int kZlib = MAX_WBITS;
constexpr int kRaw = -MAX_WBITS;

std::string packed(std::string_view text, int window_bits, int level = 9) {
  z_stream z{};
  EXPECT_EQ(deflateInit2(&z, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&z, static_cast<uLong>(text.size())) + 64, '\0');
  z.next_in = reinterpret_cast<const Bytef*>(text.data());
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - z.avail_out);
  deflateEnd(&z);
  return out;
}

struct Decoded {
  std::string text;
  Result<void> end;
};

Decoded decode(Coding coding, const std::vector<std::string_view>& pieces, std::size_t room, InflateBounds bounds = {}) {
  Decoded got;
  Inflater inflater(coding, bounds);
  std::string out(room, '\0');
  for (std::string_view piece : pieces)
    for (;;) {
      const auto made = inflater.decode(piece, out.data(), out.size());
      if (!made) {
        got.end = made.error();
        return got;
      }
      if (*made == 0) {
        EXPECT_TRUE(piece.empty());
        break;
      }
      got.text.append(out, 0, *made);
    }
  got.end = inflater.finish();
  return got;
}

// Every way of cutting, with large and small room for what comes out, must say the same.
Decoded decode(Coding coding, std::string_view bytes, InflateBounds bounds = {}) {
  Decoded first;
  bool have = false;
  for (const std::size_t room : {65536U, 100U, 1U})
    for (const auto& pieces : ways_to_cut(bytes)) {
      Decoded one = decode(coding, pieces, room, bounds);
      if (!have) first = one;
      have = true;
      EXPECT_EQ(one.end.ok(), first.end.ok());
      EXPECT_EQ(one.end.error().detail, first.end.error().detail);
      if (one.end) {
        EXPECT_EQ(one.text, first.text);
      }
    }
  return first;
}

std::string orders() {
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += "<ord:order version=\"2.0\"><ord:number>" + std::to_string(i * 7919) + "</ord:number></ord:order>";
  return text;
}

TEST(Coding, IsNamedWithoutRegardToCase) {
  EXPECT_EQ(coding_named(""), Coding::identity);
  EXPECT_EQ(coding_named("Identity"), Coding::identity);
  EXPECT_EQ(coding_named("GZIP"), Coding::gzip);
  EXPECT_EQ(coding_named(" x-gzip "), Coding::gzip);
  EXPECT_EQ(coding_named("deflate"), Coding::deflate);
  for (const std::string_view other : {"br", "zstd", "compress", "gzip, gzip", "gzip,", "deflate, identity", "gzip;q=1"})
    EXPECT_EQ(coding_named(other), std::nullopt) << other;
}

TEST(Inflater, DecodesGzipZlibAndRawDeflate) {
  const std::string text = orders();
  EXPECT_EQ(decode(Coding::identity, text).text, text);
  EXPECT_EQ(decode(Coding::gzip, packed(text, kGzip)).text, text);
  EXPECT_EQ(decode(Coding::deflate, packed(text, kZlib)).text, text);
  EXPECT_EQ(decode(Coding::deflate, packed(text, kRaw)).text, text);
  EXPECT_EQ(decode(Coding::deflate, packed("{}", kRaw, 0)).text, "{}");
}

TEST(Inflater, ReadsTheOptionalFieldsOfAGzipHead) {
  // RFC 1952 section 2.3: extra field, name, comment.
  std::string bytes = packed("text", kGzip);
  bytes[3] = 0x04 | 0x08 | 0x10;
  bytes.insert(10, std::string("\x03\0abc", 5) + std::string("name\0", 5) + std::string("why\0", 4));
  EXPECT_EQ(decode(Coding::gzip, bytes).text, "text");
}

TEST(Inflater, RefusesAnIncompleteBody) {
  for (const int format : {kGzip, kZlib, kRaw}) {
    const std::string whole = packed(orders(), format);
    for (const std::size_t left :
         {std::size_t{0}, std::size_t{1}, std::size_t{4}, std::size_t{9}, whole.size() / 2, whole.size() - 1}) {
      const auto got = decode(format == kGzip ? Coding::gzip : Coding::deflate, whole.substr(0, left));
      ASSERT_FALSE(got.end.ok()) << left;
      EXPECT_EQ(got.end.error().cause, Cause::body_unreadable);
    }
  }
}

TEST(Inflater, RefusesBytesBehindTheEnd) {
  const std::string one = packed("first", kGzip);
  for (const std::string& more : {std::string("x"), std::string(1, '\0'), packed("second", kGzip)}) {
    const auto got = decode(Coding::gzip, one + more);
    ASSERT_FALSE(got.end.ok());
    EXPECT_EQ(got.end.error().detail, "bytes behind the end of the compressed body");
  }
  EXPECT_FALSE(decode(Coding::deflate, packed("first", kZlib) + "x").end.ok());
  EXPECT_FALSE(decode(Coding::deflate, packed("first", kRaw) + "x").end.ok());
  EXPECT_FALSE(decode(Coding::deflate, packed("", kRaw) + "xxxx").end.ok());
}

TEST(Inflater, RefusesBrokenBytes) {
  std::string bytes = packed(orders(), kGzip);
  bytes[bytes.size() - 6] = static_cast<char>(bytes[bytes.size() - 6] ^ 1); // the checksum
  EXPECT_FALSE(decode(Coding::gzip, bytes).end.ok());
  EXPECT_FALSE(decode(Coding::gzip, "not gzip at all").end.ok());
  EXPECT_FALSE(decode(Coding::gzip, packed("zlib", kZlib)).end.ok());
  EXPECT_FALSE(decode(Coding::deflate, packed("gzip", kGzip)).end.ok());
  EXPECT_FALSE(decode(Coding::deflate, "\x78\xBB\x01\x02\x03\x04zzzzz").end.ok()) << "a preset dictionary";
}

TEST(Inflater, RefusesADeflateBodyThatCanBeReadInTwoWays) {
  // A zlib header whose bytes are also a stored block of raw DEFLATE: 78 9C, and the complement of the length behind it.
  const auto got = decode(Coding::deflate, std::string("\x78\x9C\x05\x63\xFA", 5) + "anything");
  ASSERT_FALSE(got.end.ok());
  EXPECT_EQ(got.end.error().detail, "a deflate body that can be read in two ways");
}

TEST(Inflater, StopsABodyThatGrowsTooMuch) {
  const std::string bomb = packed(std::string(5'000'000, 'x'), kGzip);
  ASSERT_LT(bomb.size(), 6000U);
  const auto got = decode(Coding::gzip, {bomb}, 65536);
  ASSERT_FALSE(got.end.ok());
  EXPECT_EQ(got.end.error().detail, "the body grows too much when it is decompressed");
  EXPECT_LE(got.text.size(), 2'000'000U);

  const auto large = decode(Coding::gzip, {bomb}, 65536, {1'000'000, 2000, 0});
  ASSERT_FALSE(large.end.ok());
  EXPECT_EQ(large.end.error().cause, Cause::body_too_large);
  EXPECT_EQ(large.end.error().detail, "the decompressed body is too large");
  EXPECT_TRUE(decode(Coding::gzip, {bomb}, 65536, {10'000'000, 2000, 0}).end.ok());
  EXPECT_FALSE(decode(Coding::identity, {"12345"}, 65536, {4, 1, 0}).end.ok());
}

} // namespace
