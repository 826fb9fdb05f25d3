#include "checks.h"
#include "http/reply_reader.h"
#include "published.h"
#include "require.h"
#include "strict.h"

#include <optional>
#include <string>

namespace ledgergate::fuzz {
namespace {

struct Heard {
  http::ReplyReader::State state = http::ReplyReader::State::more;
  std::string head, type, body;
  std::uint16_t status = 0;
  std::size_t used = 0; // with done
  Error error{};
  bool may_end = false;
};

Heard read(const std::vector<std::string_view>& pieces, http::Method to) {
  http::ReplyReader reader(to, 2048);
  Heard heard;
  std::string waiting;
  for (const std::string_view piece : pieces) {
    if (heard.state != http::ReplyReader::State::more) break;
    waiting += piece;
    std::size_t used = 0;
    heard.state = reader.take(waiting, used, &heard.body);
    require(used <= waiting.size(), "what is used was there");
    heard.used += used;
    waiting.erase(0, used);
  }
  heard.head = reader.head();
  heard.type = reader.content_type();
  heard.status = reader.status();
  heard.may_end = reader.may_end(true);
  require(!reader.may_end(false), "a broken connection ends no reply");
  if (heard.state == http::ReplyReader::State::failed) heard.error = reader.error();
  return heard;
}

// A reply's head is written anew for the caller, and what is written reads as the same reply.
void check_relayed(const std::string& head, http::Method to) {
  http::ReplyHead reply;
  require(http::parse_reply(head, to, reply).ok(), "a head is believed twice");
  http::RequestHead request;
  request.method = to;
  request.method_text = to == http::Method::head ? "HEAD" : "GET";
  Published published(request);
  published.target.host = "shop.example.cz";
  using Framing = route::ReplyFraming;
  Framing framing = Framing::none;
  if (reply.body.kind == http::BodyKind::length) framing = Framing::length;
  if (reply.body.kind == http::BodyKind::chunked) framing = Framing::chunked;
  if (reply.body.kind == http::BodyKind::until_close) framing = Framing::until_close;
  std::string written;
  route::append_reply_head(published.facts, reply, framing, reply.body.length, true, written);

  std::size_t at = 0;
  Message theirs;
  require(read_reply(written, at, to == http::Method::head, theirs) != Reading::wrong, "what is relayed is a reply by the RFC");
  require(theirs.status() == reply.status && theirs.count("via") == 1 && theirs.count("x-request-id") == 1,
          "with the edge's own fields");
  http::HeadScan scan(http::HeadScan::Bounds{64 * 1024, 64 * 1024, 2000, false});
  require(scan.advance(written) == http::HeadScan::State::complete && scan.size() == written.size(), "what is relayed is one head");
  http::ReplyHead again;
  require(http::parse_reply(written, to, again).ok(), "what is relayed is believed");
  require(again.status == reply.status && again.body.kind == reply.body.kind && again.body.length == reply.body.length,
          "status and framing stay");
  for (const auto& field : again.fields)
    require(!http::is_hop_by_hop(field.name) || http::iequals(field.name, "Connection") ||
                http::iequals(field.name, "Transfer-Encoding") || (reply.status == 101 && http::iequals(field.name, "Upgrade")),
            "what is between neighbours goes no further");
}

} // namespace

void check_response(std::string_view bytes) {
  for (const http::Method to : {http::Method::get, http::Method::head}) {
    std::optional<Heard> expected;
    for (const auto& pieces : cuts(bytes)) {
      Heard heard = read(pieces, to);
      if (!expected) expected = heard;
      require(heard.state == expected->state && heard.head == expected->head && heard.status == expected->status &&
                  heard.type == expected->type && heard.body == expected->body && heard.may_end == expected->may_end,
              "cutting changes nothing");
      require(heard.error.cause == expected->error.cause && heard.error.detail == expected->error.detail,
              "cutting changes no verdict");
      if (heard.state == http::ReplyReader::State::done) require(heard.used == expected->used, "cutting moves no end");
    }
    if (expected->status < 200) continue;
    check_relayed(expected->head, to);
    if (expected->state == http::ReplyReader::State::failed) continue;
    // The other reader, past the interim replies.
    Message theirs;
    std::size_t at = 0;
    Reading reading = Reading::whole;
    do reading = read_reply(bytes, at, to == http::Method::head, theirs);
    while (reading == Reading::whole && theirs.status() < 200);
    require(reading != Reading::wrong && theirs.status() == expected->status && theirs.body == expected->body,
            "both read the same reply");
    const bool whole = expected->state == http::ReplyReader::State::done || expected->may_end;
    require(whole == (reading == Reading::whole), "both know whether it is whole");
    if (expected->state == http::ReplyReader::State::done) require(at == expected->used, "both end at the same byte");
  }
}

} // namespace ledgergate::fuzz
