#include "http/head.h"

#include <gtest/gtest.h>

namespace ledgergate::http {
namespace {

TEST(Head, NamesAreEqualWithoutRegardToAsciiCaseOnly) {
  EXPECT_TRUE(iequals("Content-Length", "cONTENT-lENGTH"));
  EXPECT_TRUE(iequals("", ""));
  EXPECT_FALSE(iequals("Host", "Hos"));
  EXPECT_FALSE(iequals("Host", "Hosu"));
  EXPECT_FALSE(iequals("[", "{")); // 0x20 apart, but no letters
  EXPECT_FALSE(iequals("\xC1", "\xE1"));
}

TEST(Head, ListsAreSearchedByWholeElements) {
  EXPECT_TRUE(list_has("close", "close"));
  EXPECT_TRUE(list_has("a,\tClose ,b", "close"));
  EXPECT_TRUE(list_has(",,close", "close"));
  EXPECT_FALSE(list_has("closed", "close"));
  EXPECT_FALSE(list_has("not close", "close"));
  EXPECT_FALSE(list_has("", "close"));
  EXPECT_FALSE(list_has("a,", "close"));
}

TEST(Head, HopByHopFieldsAreKnownByName) {
  for (const char* name : {"Connection", "keep-alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "UPGRADE",
                           "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Authentication-Info"}) {
    EXPECT_TRUE(is_hop_by_hop(name)) << name;
  }
  for (const char* name :
       {"Host", "Content-Length", "ET", "Trailers", "Authorization", "STW-Authorization", "Proxy-Authorizatiom"}) {
    EXPECT_FALSE(is_hop_by_hop(name)) << name;
  }
}

TEST(Head, ClearForgetsAllButTheCapacity) {
  RequestHead request;
  request.fields.resize(9);
  request.has_host = request.expect_continue = request.connection_close = true;
  request.keep_alive = false;
  request.target = "/";
  request.body = {BodyKind::length, 5};
  request.clear();
  EXPECT_TRUE(request.fields.empty());
  EXPECT_GE(request.fields.capacity(), 9U);
  EXPECT_FALSE(request.has_host || request.expect_continue || request.connection_close);
  EXPECT_TRUE(request.keep_alive);
  EXPECT_TRUE(request.target.empty());
  EXPECT_EQ(request.body.kind, BodyKind::none);
  ReplyHead reply;
  reply.status = 200;
  reply.keep_alive = false;
  reply.clear();
  EXPECT_EQ(reply.status, 0);
  EXPECT_TRUE(reply.keep_alive);
}

} // namespace
} // namespace ledgergate::http
