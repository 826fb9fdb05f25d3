#include "checks.h"
#include "client/forwarded.h"
#include "http/accept.h"
#include "http/base64.h"
#include "http/coding.h"
#include "http/websocket.h"
#include "published.h"
#include "require.h"
#include "route/reply_fields.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace ledgergate::fuzz {
namespace {

constexpr std::array<std::string_view, 3> kMedia{"text/html", "application/json", "text/xml"};
constexpr std::array<std::string_view, 3> kLanguages{"en", "cs", "sk"};

bool value_byte(char c) { return c == '\t' || static_cast<unsigned char>(c) >= 0x20; }

// One field a line, as heads hold them: what no head can hold is left out.
std::vector<http::Field> fields_of(std::string_view bytes) {
  std::vector<http::Field> fields;
  while (!bytes.empty() && fields.size() < 30) {
    const std::string_view line = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(std::min(bytes.size(), line.size() + 1));
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos || colon == 0 || !std::all_of(line.begin(), line.end(), value_byte)) continue;
    fields.push_back({line.substr(0, colon), line.substr(colon + 2)});
  }
  return fields;
}

void check_callers(const std::vector<http::Field>& fields) {
  const IpAddress peer = *IpAddress::parse("10.0.0.1");
  const auto stranger = client::real_caller(*IpAddress::parse("203.0.113.9"), 5, {*Cidr::parse("10.0.0.0/8")}, fields);
  require(stranger.ip == *IpAddress::parse("203.0.113.9") && !stranger.peer_trusted && stranger.scheme.empty() &&
              stranger.host.empty(),
          "nothing is believed of a stranger");
  const auto caller = client::real_caller(peer, 5, {*Cidr::parse("10.0.0.0/8"), *Cidr::parse("fd00::/8")}, fields);
  require(caller.peer_trusted, "the proxy is trusted");
  require(caller.scheme.empty() || caller.scheme == "https" || caller.scheme == "http", "a scheme is one of two");
  require(caller.host.find_first_of(" \t,\"\\/@") == std::string_view::npos, "a host is a host");
  const bool said = std::any_of(fields.begin(), fields.end(), [](const auto& field) {
    return http::iequals(field.name, "X-Forwarded-For") || http::iequals(field.name, "Forwarded");
  });
  require(said || caller.ip == peer, "where nothing was said the peer is the caller");
}

void check_base64(std::string_view value) {
  std::string bytes, again, pair;
  if (http::decode_base64(value, bytes)) {
    http::append_base64(bytes, again);
    require(again.size() == value.size() && again.substr(0, value.size() / 4 * 4 - 4) == value.substr(0, value.size() / 4 * 4 - 4),
            "what is decoded is what was encoded");
  }
  if (http::read_basic(value, pair)) require(pair.find(':') != std::string::npos, "a login has its two parts");
}

// What a server's reply points to, on a route that publishes it elsewhere.
void check_addresses(std::string_view value, http::RequestHead& request) {
  Published published(request);
  published.target.host = "ucto.example.cz";
  published.route.path = "/shop";
  published.route.strip_prefix = true;
  std::string out;
  if (route::map_location(published.facts, value, out)) {
    require(out.starts_with("https://ucto.example.cz/") || out.starts_with("wss://ucto.example.cz/") ||
                (out.starts_with('/') && !out.starts_with("//") && !out.starts_with("/\\") && !out.starts_with("/\t")),
            "an address of the server becomes the public one");
    require(out.size() <= value.size() + 64, "and not longer than that takes");
  } else {
    require(out.empty(), "nothing is left of an address that stays");
  }
  out.clear();
  static_cast<void>(route::append_cookie(published.facts, value, out));
  const auto attributes = static_cast<std::size_t>(std::count(value.begin(), value.end(), ';'));
  require(out.size() <= value.size() + 64 * attributes, "a cookie grows by its paths only");
  require(static_cast<std::size_t>(std::count(out.begin(), out.end(), ';')) <= attributes, "and gets no attribute");
  route::append_links(published.facts, value, out);
  route::append_refresh(published.facts, value, out);
  require(std::all_of(out.begin(), out.end(), value_byte), "no line ends are made");
}

} // namespace

void check_fields(std::string_view bytes) {
  http::RequestHead request;
  request.method = http::Method::get;
  request.method_text = "GET";
  request.fields = fields_of(bytes);
  const auto media = http::accepted_media(request.fields);
  for (const auto& each : media.ranges()) require(each.weight <= 1000 && !each.range.empty(), "weights are within their bounds");
  const auto form = http::best_media(media, kMedia);
  require(!form || *form < kMedia.size(), "a form of ours is chosen");
  require(http::best_language(http::accepted_languages(request.fields), kLanguages, 1) < kLanguages.size(), "and a language");
  static_cast<void>(http::content_coding(request.fields));
  static_cast<void>(http::preferred_coding(request.fields));
  check_callers(request.fields);
  const auto upgrade = http::wanted_upgrade(request);
  require(upgrade == http::Upgrade::none || std::any_of(request.fields.begin(), request.fields.end(),
                                                        [](const auto& field) { return http::iequals(field.name, "Upgrade"); }),
          "nobody is upgraded who didn't ask");
  if (upgrade == http::Upgrade::websocket) {
    http::ReplyHead reply;
    reply.status = 101;
    require(!http::agrees_to_websocket(request, reply), "a server has to prove that it read the key");
  }
  for (const auto& field : request.fields) {
    check_base64(field.value);
    if (field.value.size() > 6) check_base64(field.value.substr(6));
    check_addresses(field.value, request);
  }
}

} // namespace ledgergate::fuzz
