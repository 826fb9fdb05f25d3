#include "client/forwarded.h"

#include "client/forwarded_element.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace ledgergate::client {
namespace {

bool any_contains(const std::vector<Cidr>& networks, const IpAddress& ip) noexcept {
  return std::any_of(networks.begin(), networks.end(), [&](const Cidr& network) { return network.contains(ip); });
}

// The walk from the right, done from the left without storing the list: what an element says about those further left is known once
// it is read. An untrusted address hides all to its left; a malformed one too, and the next to its right is then the answer.
class Walk {
public:
  explicit Walk(const std::vector<Cidr>& trusted) : trusted_(trusted) {}

  // True when the answer is now this element.
  bool step(const std::optional<Node>& node) {
    if (!node) {
      known_ = false;
      return false;
    }
    if (known_ && any_contains(trusted_, node->ip)) return false;
    answer_ = *node;
    known_ = true;
    return true;
  }
  // False when it is the peer.
  bool take(Caller& caller) const noexcept {
    if (!known_) return false;
    caller.ip = answer_.ip;
    caller.port = answer_.port;
    return true;
  }

private:
  const std::vector<Cidr>& trusted_;
  Node answer_;
  bool known_ = false;
};

std::string_view known_scheme(std::string_view text) noexcept {
  if (http::iequals(text, "https")) return "https";
  if (http::iequals(text, "http")) return "http";
  return {};
}

// Only what can stand in an authority (RFC 3986 section 3.2.2), so that it can go into any header or URL.
std::string_view known_host(std::string_view text) noexcept {
  constexpr std::size_t longest = 255 + 6;
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' ||
           c == ':' || c == '[' || c == ']';
  };
  return text.size() <= longest && std::all_of(text.begin(), text.end(), fits) ? text : std::string_view();
}

std::uint16_t known_port(std::string_view text) noexcept {
  std::uint16_t port = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
  return read.ec == std::errc{} && read.ptr == text.data() + text.size() ? port : std::uint16_t{0};
}

// The last item of all fields of that name: the one the peer itself wrote.
std::string_view last_item(const std::vector<http::Field>& fields, std::string_view name) noexcept {
  std::string_view last;
  for (const auto& field : fields) {
    if (!http::iequals(field.name, name)) continue;
    for (std::string_view rest = field.value, item; next_item(rest, item);) last = item;
  }
  return last;
}

bool has_field(const std::vector<http::Field>& fields, std::string_view name) noexcept {
  return std::any_of(fields.begin(), fields.end(), [&](const http::Field& field) { return http::iequals(field.name, name); });
}

void read_x_forwarded(const std::vector<http::Field>& fields, const std::vector<Cidr>& trusted, Caller& caller) {
  Walk walk(trusted);
  for (const auto& field : fields) {
    if (!http::iequals(field.name, "X-Forwarded-For")) continue;
    for (std::string_view rest = field.value, item; next_item(rest, item);) walk.step(read_node(item));
  }
  walk.take(caller);
}

void read_forwarded(const std::vector<http::Field>& fields, const std::vector<Cidr>& trusted, Caller& caller) {
  Walk walk(trusted);
  Element told; // what the answer's element says beside its address
  for (const auto& field : fields) {
    if (!http::iequals(field.name, "Forwarded")) continue;
    Element element;
    for (std::string_view rest = field.value; next_element(rest, element);)
      if (walk.step(element.malformed ? std::nullopt : read_node(element.node))) told = element;
  }
  if (!walk.take(caller)) return;
  caller.scheme = known_scheme(told.proto);
  caller.host = known_host(told.host);
}

} // namespace

Caller real_caller(const IpAddress& peer, std::uint16_t peer_port, const std::vector<Cidr>& trusted,
                   const std::vector<http::Field>& fields) {
  Caller caller;
  caller.ip = peer;
  caller.port = peer_port;
  caller.peer_trusted = any_contains(trusted, peer);
  if (!caller.peer_trusted) return caller;
  if (has_field(fields, "X-Forwarded-For"))
    read_x_forwarded(fields, trusted, caller);
  else
    read_forwarded(fields, trusted, caller);
  if (const auto scheme = known_scheme(last_item(fields, "X-Forwarded-Proto")); !scheme.empty()) caller.scheme = scheme;
  if (const auto host = known_host(last_item(fields, "X-Forwarded-Host")); !host.empty()) caller.host = host;
  caller.host_port = known_port(last_item(fields, "X-Forwarded-Port"));
  return caller;
}

} // namespace ledgergate::client
