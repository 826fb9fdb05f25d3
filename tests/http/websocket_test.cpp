#include "http/websocket.h"

#include <gtest/gtest.h>

namespace {

using namespace ledgergate::http;

constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ=="; // RFC 6455 section 1.3
constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

RequestHead request(std::vector<Field> fields) {
  RequestHead head;
  head.method = Method::get;
  head.fields = std::move(fields);
  return head;
}
// The example of RFC 6455 section 1.2, with one field replaced, or left out when `value` is empty.
RequestHead handshake(std::string_view name = {}, std::string_view value = {}) {
  auto head = request({{"Host", "server.example.com"},
                       {"Upgrade", "websocket"},
                       {"Connection", "Upgrade"},
                       {"Sec-WebSocket-Key", kKey},
                       {"Origin", "http://example.com"},
                       {"Sec-WebSocket-Protocol", "chat, superchat"},
                       {"Sec-WebSocket-Version", "13"}});
  for (auto field = head.fields.begin(); field != head.fields.end(); ++field) {
    if (field->name != name) continue;
    field->value = value;
    if (value.empty()) head.fields.erase(field);
    break;
  }
  return head;
}
ReplyHead agreement(std::string_view name = {}, std::string_view value = {}) {
  ReplyHead head;
  head.status = 101;
  head.fields = {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", kAccept}};
  for (auto& field : head.fields)
    if (field.name == name) field.value = value;
  return head;
}

TEST(WebSocketRequest, OfTheRfcIsOne) { EXPECT_EQ(wanted_upgrade(handshake()), Upgrade::websocket); }

TEST(WebSocketRequest, MayBeSpelledAsBrowsersDo) {
  EXPECT_EQ(wanted_upgrade(handshake("Connection", "keep-alive, Upgrade")), Upgrade::websocket);
  EXPECT_EQ(wanted_upgrade(handshake("Upgrade", "WebSocket")), Upgrade::websocket);
  EXPECT_EQ(wanted_upgrade(handshake("Upgrade", "h2c, websocket")), Upgrade::websocket);
  EXPECT_EQ(wanted_upgrade(handshake("Sec-WebSocket-Version", "8")), Upgrade::websocket) << "the server knows its versions";
}

TEST(WebSocketRequest, IsNoneWithoutBothHeadersOrForAnotherProtocol) {
  EXPECT_EQ(wanted_upgrade(request({})), Upgrade::none);
  EXPECT_EQ(wanted_upgrade(handshake("Upgrade")), Upgrade::none);
  EXPECT_EQ(wanted_upgrade(handshake("Connection")), Upgrade::none);
  EXPECT_EQ(wanted_upgrade(handshake("Connection", "keep-alive")), Upgrade::none);
  EXPECT_EQ(wanted_upgrade(handshake("Upgrade", "h2c")), Upgrade::none);
  EXPECT_EQ(wanted_upgrade(handshake("Upgrade", "websockets")), Upgrade::none);
  auto old = handshake();
  old.minor = 0;
  EXPECT_EQ(wanted_upgrade(old), Upgrade::none);
}

TEST(WebSocketRequest, MaySayThatNoContentComes) { // Java's java.net.http does
  auto empty = handshake();
  empty.body = {BodyKind::length, 0};
  EXPECT_EQ(wanted_upgrade(empty), Upgrade::websocket);
}

TEST(WebSocketRequest, ThatIsHalfOneIsMalformed) {
  for (const auto& [name, value] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"Sec-WebSocket-Key", ""},
           {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ="},
           {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=a"},
           {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZ!=="},
           {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ=="},
           {"Sec-WebSocket-Version", ""},
           {"Sec-WebSocket-Version", "13, 8"}})
    EXPECT_EQ(wanted_upgrade(handshake(name, value)), Upgrade::malformed) << name << ": " << value;
  auto twice = handshake();
  twice.fields.push_back({"sec-websocket-key", kKey});
  EXPECT_EQ(wanted_upgrade(twice), Upgrade::malformed);
  auto post = handshake();
  post.method = Method::post;
  EXPECT_EQ(wanted_upgrade(post), Upgrade::malformed);
  auto body = handshake();
  body.body = {BodyKind::length, 3};
  EXPECT_EQ(wanted_upgrade(body), Upgrade::malformed);
  body.body = {BodyKind::chunked, 0};
  EXPECT_EQ(wanted_upgrade(body), Upgrade::malformed) << "nobody knows yet how much comes";
}

TEST(WebSocketReply, ProvesThatTheKeyWasRead) {
  EXPECT_EQ(websocket_accept(kKey), kAccept);
  EXPECT_TRUE(agrees_to_websocket(handshake(), agreement()));
  EXPECT_TRUE(agrees_to_websocket(handshake(), agreement("Upgrade", "WebSocket")));
  EXPECT_TRUE(agrees_to_websocket(handshake(), agreement("Connection", "keep-alive, upgrade")));
  auto more = agreement();
  more.fields.push_back({"Content-Length", "0"}); // said by some, and frames nothing
  EXPECT_TRUE(agrees_to_websocket(handshake(), more));
}

TEST(WebSocketReply, ThatProvesNothingIsNoAgreement) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string_view, std::string_view>>{{"Upgrade", "h2c"},
                                                                  {"Upgrade", "websocket, h2c"},
                                                                  {"Upgrade", ""},
                                                                  {"Connection", "keep-alive"},
                                                                  {"Sec-WebSocket-Accept", ""},
                                                                  {"Sec-WebSocket-Accept", kKey},
                                                                  {"Sec-WebSocket-Accept", "S3pPLMBiTxaQ9kYGzzhZRbK+xOo="}})
    EXPECT_FALSE(agrees_to_websocket(handshake(), agreement(name, value))) << name << ": " << value;
  auto twice = agreement();
  twice.fields.push_back({"Sec-WebSocket-Accept", kAccept});
  EXPECT_FALSE(agrees_to_websocket(handshake(), twice));
  for (const Field& field : std::vector<Field>{{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}) {
    auto more = agreement();
    more.fields.push_back(field);
    EXPECT_FALSE(agrees_to_websocket(handshake(), more)) << field.name << ": " << field.value;
  }
  auto ok = agreement();
  ok.status = 200;
  EXPECT_FALSE(agrees_to_websocket(handshake(), ok));
}

} // namespace
