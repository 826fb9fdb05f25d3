// Which coding a message has, and which its reader takes: the rows are RFC 9110's own words and what real clients send.
#include "http/coding.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace {

using namespace ledgergate::http;

Coding accepted(std::string_view value) { return preferred_coding({{"accept-encoding", value}}); }

TEST(AcceptEncoding, WhoSaysNothingGetsThePlainBody) {
  EXPECT_EQ(preferred_coding({}), Coding::identity);
  EXPECT_EQ(preferred_coding({{"Accept", "gzip"}}), Coding::identity);
  EXPECT_EQ(accepted(""), Coding::identity);
}

TEST(AcceptEncoding, GzipIsTakenWhereItIsNamed) {
  EXPECT_EQ(accepted("gzip"), Coding::gzip);
  EXPECT_EQ(accepted("GZip"), Coding::gzip);
  EXPECT_EQ(accepted("x-gzip"), Coding::gzip);        // RFC 9110 section 8.4.1.3
  EXPECT_EQ(accepted("gzip, deflate"), Coding::gzip); // docs/vendors.md, Shops
  EXPECT_EQ(accepted("deflate, gzip"), Coding::gzip);
  EXPECT_EQ(accepted("gzip, deflate, br, zstd"), Coding::gzip);
  EXPECT_EQ(accepted("br;q=1.0, gzip;q=0.8, *;q=0.1"), Coding::gzip);
  EXPECT_EQ(accepted(",, gzip ,"), Coding::gzip);
  EXPECT_EQ(accepted("gzip ; q=0.001"), Coding::gzip);
}

TEST(AcceptEncoding, DeflateOnlyWhereItIsLikedBetter) {
  EXPECT_EQ(accepted("deflate"), Coding::deflate);
  EXPECT_EQ(accepted("gzip;q=0.5, deflate;q=0.6"), Coding::deflate);
  EXPECT_EQ(accepted("gzip;q=0, deflate"), Coding::deflate);
}

TEST(AcceptEncoding, TheStarSpeaksForWhatIsNotNamed) {
  EXPECT_EQ(accepted("*"), Coding::gzip);
  EXPECT_EQ(accepted("gzip;q=0, *"), Coding::deflate);
  EXPECT_EQ(accepted("*;q=0"), Coding::identity);
  EXPECT_EQ(accepted("deflate, *;q=0"), Coding::deflate);
}

TEST(AcceptEncoding, ThePlainBodyMayBeLikedBestOrNotAtAll) {
  EXPECT_EQ(accepted("identity"), Coding::identity);
  EXPECT_EQ(accepted("gzip;q=0.2, identity;q=0.9"), Coding::identity);
  EXPECT_EQ(accepted("gzip;q=0.2, identity;q=0.2"), Coding::gzip);
  EXPECT_EQ(accepted("identity;q=0, gzip;q=0.1"), Coding::gzip);
  EXPECT_EQ(accepted("identity;q=0, br"), Coding::identity); // nothing of ours is left: better plain than nothing
}

TEST(AcceptEncoding, ARefusalIsARefusal) {
  EXPECT_EQ(accepted("gzip;q=0"), Coding::identity);
  EXPECT_EQ(accepted("gzip;q=0.000"), Coding::identity);
  EXPECT_EQ(accepted("gzip, gzip;q=0"), Coding::identity);
  EXPECT_EQ(accepted("gzip;Q=0"), Coding::identity);
}

TEST(AcceptEncoding, WhatIsMalformedIsNoWish) {
  for (const char* value : {"gzip;q=2", "gzip;q=1.1", "gzip;q=.5", "gzip;q=", "gzip;q=0.1234", "gzip;q=-1", "gzip;x=1", "gzip;",
                            "gzip;q=0,5x", "gz ip", "gzip q=1", "gzip;q=1;q=0"})
    EXPECT_EQ(accepted(value), Coding::identity) << value;
  EXPECT_EQ(accepted("gzip;q=2, deflate"), Coding::deflate);
}

TEST(AcceptEncoding, LinesAreOneList) {
  EXPECT_EQ(preferred_coding({{"Accept-Encoding", "br"}, {"ACCEPT-ENCODING", "gzip"}}), Coding::gzip);
  EXPECT_EQ(preferred_coding({{"Accept-Encoding", "gzip"}, {"Accept-Encoding", "gzip;q=0"}}), Coding::identity);
}

TEST(ContentEncoding, IsReadOverAllLines) {
  const auto of = [](const std::vector<Field>& fields) { return content_coding(fields); };
  EXPECT_EQ(of({}), Coding::identity);
  EXPECT_EQ(of({{"content-encoding", "gzip"}}), Coding::gzip);
  EXPECT_EQ(of({{"Content-Encoding", "X-GZIP"}}), Coding::gzip);
  EXPECT_EQ(of({{"Content-Encoding", "deflate"}}), Coding::deflate);
  EXPECT_EQ(of({{"Content-Encoding", "identity"}}), Coding::identity);
  EXPECT_EQ(of({{"Content-Encoding", ""}}), Coding::identity);
  EXPECT_EQ(of({{"Content-Encoding", "identity, gzip"}}), Coding::gzip);
  EXPECT_EQ(of({{"Content-Encoding", "br"}}), std::nullopt);
  EXPECT_EQ(of({{"Content-Encoding", "gzip, gzip"}}), std::nullopt);
  EXPECT_EQ(of({{"Content-Encoding", "gzip"}, {"Content-Encoding", "deflate"}}), std::nullopt);
  EXPECT_EQ(of({{"Content-Encoding", "gzip;q=1"}}), std::nullopt);
}

TEST(Lists, FindAMemberInAnyLine) {
  const std::vector<Field> fields{{"Cache-Control", "private, max-age=3"}, {"cache-control", "No-Transform"}};
  EXPECT_TRUE(lists(fields, "Cache-Control", "no-transform"));
  EXPECT_FALSE(lists(fields, "Cache-Control", "no-store"));
  EXPECT_FALSE(lists(fields, "Pragma", "no-transform"));
}

} // namespace
