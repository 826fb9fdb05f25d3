#include "story_judge.h"

#include "listen/proxy_protocol.h"
#include "require.h"
#include "strict.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>

namespace ledgergate::fuzz {
namespace {

// The caller's requests in order; the last one may be cut, or none that the RFC knows.
std::vector<Message> read_caller(std::string_view bytes, const Door& door) {
  std::vector<Message> out;
  std::size_t at = 0;
  if (door.letter == 'p') {
    listen::ProxyHeader header;
    if (listen::read_proxy_header(bytes, header) != listen::ProxyRead::done) return out;
    at = header.size;
  }
  for (Reading read = Reading::whole; read == Reading::whole && at < bytes.size();) {
    for (int i = 0; i < 2 && bytes.substr(at).starts_with("\r\n"); ++i) at += 2;
    out.emplace_back();
    read = read_request(bytes, at, out.back());
  }
  return out;
}

bool names_requests(const std::vector<Message>& asked) {
  return std::any_of(asked.begin(), asked.end(), [](const Message& each) {
    return std::any_of(each.fields.begin(), each.fields.end(),
                       [](const auto& field) { return field.first.find("request-id") != std::string::npos; });
  });
}

struct Got {
  Message request;
  bool whole;
};
using Servers = std::multimap<std::string, Got, std::less<>>; // by X-Request-ID

// A bare GET that asks mServer how it is: the edge's own question, in nobody's name.
bool own_question(const Message& request) {
  return request.first.starts_with("GET /status") && request.body.empty() && request.count("via") == 0;
}

void read_server(std::string_view bytes, Servers& out) {
  for (std::size_t at = 0; at < bytes.size();) {
    Message request;
    const Reading read = read_request(bytes, at, request);
    if (read == Reading::wrong) std::fprintf(stderr, "%s\n", std::string(request.why).c_str());
    require(read != Reading::wrong, "the server gets requests by the RFC");
    if (read == Reading::cut && request.count("via") == 0) return; // inside its head
    if (!own_question(request)) {
      require(request.first.ends_with(" HTTP/1.1") && request.count("host") == 1, "of the edge's version, for one host");
      require(request.count("via") == 1 && request.count("x-request-id") == 1 && request.value("via").ends_with("ledgergate"),
              "with the edge's own fields");
      require(request.count("expect") == 0 && request.count("te") == 0 && request.count("keep-alive") == 0,
              "without those that are between neighbours");
    }
    const bool upgrade = request.count("upgrade") != 0;
    if (request.count("via") != 0) {
      std::string id(request.value("x-request-id"));
      out.emplace(std::move(id), Got{std::move(request), read == Reading::whole});
    }
    if (read == Reading::cut || upgrade) return; // what follows may be another protocol
  }
}

void check_one_of(const Got& got, const Message& asked, const Door& door) {
  require(got.request.method() == asked.method(), "the server gets the method that was sent");
  if (asked.target().starts_with('/') && door.letter != 'f')
    require(got.request.target() == asked.target(), "and the target, byte for byte");
  if (!door.same_body && asked.count("content-encoding") != 0) return;
  if (got.whole)
    require(got.request.body == asked.body, "and the body, no byte more or less");
  else
    require(std::string_view(asked.body).starts_with(got.request.body), "and of a body that broke off, what came");
}

bool fits(const Got& got, const Message& asked) {
  return got.request.method() == asked.method() &&
         (got.whole ? got.request.body == asked.body : std::string_view(asked.body).starts_with(got.request.body));
}

// One reply. A head that could not be read is refused with a body, whatever its method looks like; then nothing more comes.
Reading read_one(std::string_view bytes, std::size_t& at, const Message& asked, Message& reply) {
  const std::size_t start = at;
  const bool head = asked.first.starts_with("HEAD ");
  const Reading read = read_reply(bytes, at, head, reply);
  if (!head || read != Reading::whole || reply.status() < 400 || reply.value("connection") != "close") return read;
  at = start;
  return read_reply(bytes, at, bytes.ends_with("\r\n\r\n"), reply);
}

} // namespace

void judge(World& world, const Door& door) {
  if (door.letter == 'z') return require(world.servers().empty(), "nothing reaches a server that did not come through TLS");
  const std::vector<Message> asked = read_caller(world.caller().said(), door);
  Servers servers;
  for (const auto& server : world.servers()) read_server(server->received(), servers);
  const bool named = (door.letter == 'p' || door.letter == 't') && names_requests(asked);

  for (auto each = servers.begin(); each != servers.end() && !named; each = servers.upper_bound(each->first)) {
    const auto& method = each->second.request.method();
    const bool safe = method == "GET" || method == "HEAD" || method == "OPTIONS";
    require(servers.count(each->first) <= (safe ? 2U : 1U), "no request is sent twice that could do something twice");
  }

  const std::string_view bytes = world.caller().received();
  std::vector<std::string> ids;
  for (std::size_t at = 0; at < bytes.size();) {
    static const Message kNone;
    const std::size_t number = ids.size();
    const Message& request = number < asked.size() ? asked[number] : kNone;
    Message reply;
    const Reading read = read_one(bytes, at, request, reply);
    if (read == Reading::wrong) std::fprintf(stderr, "%s\n", std::string(reply.why).c_str());
    require(read != Reading::wrong, "the caller gets replies by the RFC");
    if (read == Reading::cut) {
      require(world.cut() || world.caller().left(), "a reply that is not whole is seen to be cut");
      break;
    }
    if (reply.status() == 100) continue;
    require(number < asked.size(), "nobody is answered who asked nothing");
    require(reply.count("via") >= 1 && reply.count("x-request-id") == 1, "a reply has the edge's own fields");
    ids.emplace_back(reply.value("x-request-id"));
    if (!named) {
      require(std::count(ids.begin(), ids.end(), ids.back()) == 1, "each request has its one reply");
      const auto range = servers.equal_range(ids.back());
      for (auto got = range.first; got != range.second; ++got) check_one_of(got->second, request, door);
    }
    if (reply.status() == 101) break;
  }
  // Of those whose reply nobody saw it is not known which they are.
  for (const auto& [id, got] : servers) {
    if (named || std::find(ids.begin(), ids.end(), id) != ids.end()) continue;
    require(!door.same_body ||
                std::any_of(asked.begin(), asked.end(), [&got = got](const Message& each) { return fits(got, each); }),
            "the server gets what a caller sent");
  }
}

} // namespace ledgergate::fuzz
