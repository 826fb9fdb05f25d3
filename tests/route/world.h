// One published server and one request to it, for the tests of what goes out.
#pragma once

#include "route/outgoing.h"

#include <initializer_list>
#include <string>
#include <string_view>

namespace ledgergate::route {

struct World {
  settings::Listener listener;
  settings::Server server;
  settings::Route route;
  http::RequestHead request;
  http::ReplyHead reply;
  http::Target target;
  Facts facts;

  World() {
    listener.name = "internet";
    listener.address.port = 8443;
    facts.local_port = 8443;
    server.name = "pohoda";
    server.profile = settings::Profile::mserver;
    server.host = "192.168.0.10";
    server.port = 444;
    server.authority = "192.168.0.10:444";
    route.name = "ucto";
    request.method = http::Method::get;
    request.method_text = "GET";
    target.host = "ucto.example.cz";
    target.path = "/xml";
    target.decoded = "/xml";
    reply.status = 200;
    reply.reason = "OK";
    facts.listener = &listener;
    facts.route = &route;
    facts.server = &server;
    facts.request = &request;
    facts.target = &target;
    facts.client_port = 50000;
    facts.client_ip_text = "203.0.113.9";
    facts.tls = true;
    facts.tls_version = "TLSv1.3";
    facts.request_id = "id-1";
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // A trusted proxy at 10.0.0.1 stands in front of the caller.
  void behind_proxy() {
    facts.peer_trusted = true;
    facts.peer_ip_text = "10.0.0.1";
  }

  std::string send(http::Framing framing = {}) {
    std::string out;
    append_request_head(facts, target.path, framing, out);
    return out;
  }
  std::string answer(ReplyFraming framing = ReplyFraming::none, std::uint64_t length = 0, bool keep_alive = true) {
    std::string out;
    append_reply_head(facts, reply, framing, length, keep_alive, out);
    return out;
  }
};

inline settings::HeaderRule rule(settings::HeaderAction action, std::string name,
                                 std::initializer_list<settings::TemplatePart> value = {}) {
  return {action, std::move(name), value};
}
inline settings::TemplatePart literal(std::string text) { return {settings::Variable::literal, std::move(text)}; }
inline settings::TemplatePart variable(settings::Variable kind) { return {kind, {}}; }

// The lines of a head whose name is `name`, spelled so, joined with "|"; "" when there is none.
inline std::string values_of(std::string_view head, std::string_view name) {
  std::string found;
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    const auto line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    if (line.size() <= name.size() + 1 || !line.starts_with(name) || line[name.size()] != ':') continue;
    if (!found.empty()) found += '|';
    found += line.substr(name.size() + 2);
  }
  return found;
}

} // namespace ledgergate::route
