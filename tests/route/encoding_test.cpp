// Which replies are compressed, for whom, and what their heads say.
#include "route/encoding.h"

#include "world.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace ledgergate::route {
namespace {

using http::Coding;
using settings::HeaderAction;

struct Compressing : World {
  Compressing() {
    route.compress.enabled = true;
    request.fields = {{"Accept-Encoding", "gzip, deflate"}};
    reply.fields = {{"Content-Type", "text/xml"}};
  }
  Encoding choose(std::optional<std::uint64_t> length = std::nullopt) { return choose_encoding(facts, reply, length); }
  bool possible(std::optional<std::uint64_t> length = std::nullopt) {
    const Encoding encoding = choose(length);
    EXPECT_EQ(encoding.coding, encoding.possible ? Coding::gzip : Coding::identity);
    return encoding.possible;
  }
  // The fields as the caller reads them, one a line.
  std::string told(Coding coding) {
    http::ReplyHead head;
    std::string etag;
    tell_encoding(reply, coding, head, etag);
    EXPECT_EQ(head.status, reply.status);
    EXPECT_EQ(head.reason, reply.reason);
    std::string lines;
    for (const auto& field : head.fields) lines += std::string(field.name) + ": " + std::string(field.value) + "\n";
    return lines;
  }
};

TEST(Encoding, IsNeverChosenWhereTheRouteDoesNotAskForIt) {
  Compressing w;
  EXPECT_TRUE(w.possible());
  w.route.compress.enabled = false;
  EXPECT_FALSE(w.possible());
}

TEST(Encoding, FollowsTheCallersWishAndTellsAllOthers) {
  Compressing w;
  EXPECT_EQ(w.choose().coding, Coding::gzip);
  w.request.fields = {{"Accept-Encoding", "deflate"}};
  EXPECT_EQ(w.choose().coding, Coding::deflate);
  w.request.fields.clear();
  EXPECT_EQ(w.choose().coding, Coding::identity);
  EXPECT_TRUE(w.choose().possible);
}

TEST(Encoding, OnlyForTypesThatShrink) {
  Compressing w;
  for (const char* type : {"text/xml", "text/xml;", "Text/XML; charset=Windows-1250", "application/json ; charset=utf-8",
                           "text/plain", "text/html", "text/css", "application/javascript", "application/soap+xml", "image/svg+xml",
                           "application/problem+json", "application/xml"}) {
    w.reply.fields = {{"content-type", type}};
    EXPECT_TRUE(w.possible()) << type;
  }
  for (const char* type : {"image/jpeg", "application/pdf", "application/octet-stream", "text/event-stream", "+xml/x", "", "xml",
                           "application/xmlx", "text/xml2"}) {
    w.reply.fields = {{"Content-Type", type}};
    EXPECT_FALSE(w.possible()) << type;
  }
  w.reply.fields.clear();
  EXPECT_FALSE(w.possible());
}

TEST(Encoding, ARoutesOwnTypesStandInPlaceOfTheUsualOnes) {
  Compressing w;
  w.route.compress.types = {"application/octet-stream"};
  EXPECT_FALSE(w.possible());
  w.reply.fields = {{"Content-Type", "Application/Octet-Stream"}};
  EXPECT_TRUE(w.possible());
}

TEST(Encoding, NeverForWhatIsCodedAPartOrNotToBeTouched) {
  const std::vector<http::Field> hands_off = {{"Content-Encoding", "br"},
                                              {"content-encoding", "gzip"},
                                              {"Content-Encoding", "identity"},
                                              {"Content-Range", "bytes 0-9/100"},
                                              {"Cache-Control", "max-age=5, No-Transform"}};
  for (const auto& field : hands_off) {
    Compressing w;
    w.reply.fields.push_back(field);
    EXPECT_FALSE(w.possible()) << field.name << ": " << field.value;
  }
  for (const std::uint16_t status : std::initializer_list<std::uint16_t>{204, 205, 206}) {
    Compressing w;
    w.reply.status = status;
    EXPECT_FALSE(w.possible()) << status;
  }
  for (const std::uint16_t status : std::initializer_list<std::uint16_t>{200, 201, 401, 404, 500}) {
    Compressing w;
    w.reply.status = status;
    EXPECT_TRUE(w.possible()) << status;
  }
}

TEST(Encoding, ACallerMayAskForNoTransformation) {
  Compressing w;
  w.request.fields.push_back({"Cache-Control", "no-cache, no-transform"});
  EXPECT_EQ(w.choose().coding, Coding::identity);
  EXPECT_TRUE(w.choose().possible);
}

TEST(Encoding, NotForWhatIsShort) {
  Compressing w;
  EXPECT_FALSE(w.possible(1023));
  EXPECT_TRUE(w.possible(1024));
  w.route.compress.min = 0;
  EXPECT_TRUE(w.possible(1));
  EXPECT_FALSE(w.possible(0));
}

TEST(Encoding, NotWhereARuleWritesTheFieldItself) {
  for (const HeaderAction action : {HeaderAction::set, HeaderAction::add, HeaderAction::remove}) {
    Compressing w;
    w.route.reply_headers.push_back(rule(action, "content-encoding", {literal("gzip")}));
    EXPECT_FALSE(w.possible());
  }
}

TEST(Encoding, ANotModifiedReplyNeedsNoTypeAndNoLength) {
  Compressing w;
  w.reply.status = 304;
  w.reply.fields.clear();
  EXPECT_TRUE(w.possible(0));
  w.reply.fields = {{"Content-Type", "image/jpeg"}};
  EXPECT_FALSE(w.possible());
}

TEST(NamedLength, IsReadOrNot) {
  http::ReplyHead reply;
  EXPECT_EQ(named_length(reply), std::nullopt);
  reply.fields = {{"content-length", "4096"}};
  EXPECT_EQ(named_length(reply), 4096U);
  reply.fields = {{"Content-Length", "40x"}};
  EXPECT_EQ(named_length(reply), std::nullopt);
  reply.fields = {{"Content-Length", ""}};
  EXPECT_EQ(named_length(reply), std::nullopt);
}

TEST(TellEncoding, ACodedBodyIsAnotherBody) {
  Compressing w;
  w.reply.fields = {{"Content-Type", "text/xml"},
                    {"Content-Length", "5000"},
                    {"content-md5", "x"},
                    {"Digest", "sha-256=x"},
                    {"Content-Digest", "sha-256=x"},
                    {"Repr-Digest", "sha-256=x"},
                    {"Accept-Ranges", "bytes"},
                    {"ETag", "\"v1\""},
                    {"ETag", "\"v2\""},
                    {"Last-Modified", "Mon, 02 Oct 2017"}};
  EXPECT_EQ(w.told(Coding::gzip), "Content-Type: text/xml\n"
                                  "ETag: W/\"v1\"\n"
                                  "Last-Modified: Mon, 02 Oct 2017\n"
                                  "Content-Encoding: gzip\n"
                                  "Vary: Accept-Encoding\n");
}

TEST(TellEncoding, APlainBodyIsTheServersWithVary) {
  Compressing w;
  w.reply.fields = {{"Content-MD5", "x"}, {"ETag", "\"v1\""}, {"Accept-Ranges", "bytes"}};
  EXPECT_EQ(w.told(Coding::identity), "Content-MD5: x\nETag: \"v1\"\nAccept-Ranges: bytes\nVary: Accept-Encoding\n");
}

TEST(TellEncoding, AWeakTagStaysAsItIs) {
  Compressing w;
  w.reply.fields = {{"etag", "W/\"v1\""}};
  EXPECT_EQ(w.told(Coding::deflate), "etag: W/\"v1\"\nContent-Encoding: deflate\nVary: Accept-Encoding\n");
}

TEST(TellEncoding, VaryIsSaidOnce) {
  Compressing w;
  w.reply.fields = {{"vary", "Cookie, accept-encoding"}};
  EXPECT_EQ(w.told(Coding::identity), "vary: Cookie, accept-encoding\n");
  w.reply.fields = {{"Vary", "*"}};
  EXPECT_EQ(w.told(Coding::identity), "Vary: *\n");
  w.reply.fields = {{"Vary", "Cookie"}};
  EXPECT_EQ(w.told(Coding::identity), "Vary: Cookie\nVary: Accept-Encoding\n");
}

TEST(TellEncoding, ANotModifiedReplyWeakensItsTagOnly) {
  Compressing w;
  w.reply.status = 304;
  w.reply.fields = {{"ETag", "\"v1\""}, {"Content-Length", "5000"}};
  EXPECT_EQ(w.told(Coding::gzip), "ETag: W/\"v1\"\nVary: Accept-Encoding\n");
}

} // namespace
} // namespace ledgergate::route
