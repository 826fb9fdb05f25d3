// The scanner's own promises: bounds, failing as soon as a byte is wrong, and one outcome however the bytes are split.
#include "heads.h"

#include <gtest/gtest.h>

#include <numeric>

namespace ledgergate::http::tests {
namespace {

using State = HeadScan::State;

HeadScan::Bounds bounds(bool request) {
  HeadScan::Bounds out;
  out.request = request;
  return out;
}

Outcome read_in(const std::string& bytes, const HeadScan::Bounds& limits, const std::vector<std::size_t>& ends) {
  RequestHead request;
  ReplyHead answer;
  return read(bytes, limits, ends, request, answer);
}

void expect_same_for_every_split(const std::string& bytes, const HeadScan::Bounds& limits) {
  const Outcome whole = read_in(bytes, limits, {bytes.size()});
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    ASSERT_EQ(read_in(bytes, limits, {cut, bytes.size()}), whole) << "cut at " << cut << " of: " << bytes;
  }
  std::vector<std::size_t> every(bytes.size());
  std::iota(every.begin(), every.end(), std::size_t{1});
  ASSERT_EQ(read_in(bytes, limits, every), whole) << "byte by byte: " << bytes;
}

TEST(HeadScanSplits, RefusedRequestsFailAlikeForEverySplit) {
  for (const Refused& refused : refused_requests()) expect_same_for_every_split(refused.bytes, bounds(true));
}

TEST(HeadScanSplits, GoodRequestsPassAlikeForEverySplit) {
  for (const std::string& head : vendor_requests()) expect_same_for_every_split(head, bounds(true));
  for (const std::string& head : odd_requests()) expect_same_for_every_split(head, bounds(true));
}

TEST(HeadScanSplits, RepliesComeOutAlikeForEverySplit) {
  for (const Refused& refused : refused_replies()) expect_same_for_every_split(refused.bytes, bounds(false));
  for (const std::string& head : vendor_replies()) expect_same_for_every_split(head, bounds(false));
}

TEST(HeadScanSplits, BoundsAreHitAlikeForEverySplit) {
  for (std::uint32_t head = 1; head < 60; ++head) {
    for (std::uint32_t target = 1; target < 9; target += 3) {
      HeadScan::Bounds limits = bounds(true);
      limits.head = head;
      limits.line = target;
      limits.fields = 2;
      expect_same_for_every_split("\r\nGET /four HTTP/1.1\r\nHost: a\r\nX: b\r\nY: c\r\n\r\n", limits);
    }
  }
}

TEST(HeadScan, AHeadMayFillItsBoundButNotExceedIt) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  HeadScan::Bounds limits = bounds(true);
  limits.head = static_cast<std::uint32_t>(head.size());
  HeadScan exact(limits);
  EXPECT_EQ(exact.advance(head), State::complete);
  --limits.head;
  HeadScan small(limits);
  EXPECT_EQ(small.advance(head), State::failed);
  EXPECT_EQ(small.error().cause, Cause::head_too_large);
  limits.request = false;
  HeadScan server(limits);
  EXPECT_EQ(server.advance("HTTP/1.1 200 OK\r\nX: aaaaaaaaaaaaaaaa"), State::failed);
  EXPECT_EQ(server.error().cause, Cause::reply_head_too_large);
}

TEST(HeadScan, SkippedLinesDoNotCountAgainstTheBound) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  HeadScan::Bounds limits = bounds(true);
  limits.head = static_cast<std::uint32_t>(head.size());
  HeadScan scan(limits);
  EXPECT_EQ(scan.advance("\r\n\r\n" + head), State::complete);
  EXPECT_EQ(scan.skipped(), 4U);
  EXPECT_EQ(scan.size(), head.size() + 4);
}

TEST(HeadScan, TheSizeEndsWithTheEmptyLine) {
  const std::string head = "POST /xml HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n";
  HeadScan scan(bounds(true));
  EXPECT_EQ(scan.advance(head + "bodyGET / HTTP/1.1\r\n\r\n"), State::complete);
  EXPECT_EQ(scan.size(), head.size());
  EXPECT_EQ(scan.skipped(), 0U);
}

TEST(HeadScan, ALongTargetIs414) {
  HeadScan::Bounds limits = bounds(true);
  limits.line = 10;
  HeadScan good(limits);
  EXPECT_EQ(good.advance("GET /123456789 HTTP/1.1\r\nHost: a\r\n\r\n"), State::complete);
  HeadScan bad(limits);
  EXPECT_EQ(bad.advance("GET /1234567890"), State::failed);
  EXPECT_EQ(bad.error().cause, Cause::target_too_long);
}

TEST(HeadScan, TooManyFieldsAreHeadTooLarge) {
  HeadScan::Bounds limits = bounds(true);
  limits.fields = 2;
  HeadScan good(limits);
  EXPECT_EQ(good.advance("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n"), State::complete);
  HeadScan bad(limits);
  EXPECT_EQ(bad.advance("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\nY"), State::failed);
  EXPECT_EQ(bad.error().cause, Cause::head_too_large);
}

TEST(HeadScan, ABadByteFailsWithoutWaitingForTheEnd) {
  const std::vector<std::string> beginnings = {
      "G(", "GET /\x01", "GET / X", "GET / HTTP/1.1\n", "GET / HTTP/1.1\r\n ", "GET / HTTP/1.1\r\nX ", "GET / HTTP/1.1\r\nX: a\x7F",
  };
  for (const std::string& beginning : beginnings) {
    HeadScan scan(bounds(true));
    EXPECT_EQ(scan.advance(beginning.substr(0, beginning.size() - 1)), State::incomplete) << beginning;
    EXPECT_EQ(scan.advance(beginning), State::failed) << beginning;
    EXPECT_EQ(scan.advance(beginning + "\r\n\r\n"), State::failed) << "a failure is for good: " << beginning;
  }
}

TEST(HeadScan, ATlsHelloOnAPlainPortIsNamed) {
  HeadScan client(bounds(true));
  EXPECT_EQ(client.advance("\x16\x03\x01"), State::failed);
  EXPECT_EQ(client.error().cause, Cause::bad_request);
  EXPECT_EQ(client.error().detail, "tls on a plain port");
  HeadScan server(bounds(false));
  EXPECT_EQ(server.advance("\x15"), State::failed);
  EXPECT_EQ(server.error().cause, Cause::reply_unparsable);
  EXPECT_EQ(server.error().detail, "tls on a plain port");
}

TEST(HeadScan, EveryControlByteIsRefusedInEveryPlace) {
  for (int c = 0; c < 0x20; ++c) {
    const std::string byte(1, static_cast<char>(c));
    for (const std::string& head :
         {"G" + byte + "T / HTTP/1.1\r\n", "GET /" + byte + "a HTTP/1.1\r\n", "GET / HTTP/1." + byte + "\r\n",
          "GET / HTTP/1.1\r\nX" + byte + "Y: a\r\n", "GET / HTTP/1.1\r\nX: a" + byte + "b\r\n"}) {
      HeadScan scan(bounds(true));
      const bool tab_in_value = c == '\t' && head.ends_with("b\r\n");
      EXPECT_EQ(scan.advance(head), tab_in_value ? State::incomplete : State::failed) << "byte " << c << " in " << head;
    }
  }
}

TEST(HeadScan, ResetStartsAnew) {
  HeadScan scan(bounds(true));
  EXPECT_EQ(scan.advance("\x16"), State::failed);
  scan.reset(bounds(false));
  EXPECT_EQ(scan.advance("HTTP/1.1 204\r\n\r\n"), State::complete);
  EXPECT_EQ(scan.size(), 16U);
}

} // namespace
} // namespace ledgergate::http::tests
