// One reading of where a request goes: target and Host together (RFC 9112 section 3.2, RFC 9110 section 7.2; docs/invariants.md,
// "Nothing is half-believed").
#include "http/target.h"

#include "http/chars.h"
#include "http/path.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <new>
#include <optional>

namespace ledgergate::http {
namespace {

struct Authority {
  std::string_view host; // without brackets and trailing dot
  std::uint16_t port = 0;
  std::uint16_t scheme_port = 0; // the default of the scheme it was written with; 0: none was
  bool v6 = false;
  in6_addr address{};
};

// RFC 3986 section 3.2.3 allows an empty port: "h:" is "h".
bool read_port(std::string_view text, std::uint16_t& port) noexcept {
  if (text.size() > 5) return false;
  std::uint32_t value = 0;
  for (const char c : text) {
    if (!is(c, digit_byte)) return false;
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (value > 65535 || (value == 0 && !text.empty())) return false;
  port = static_cast<std::uint16_t>(value);
  return true;
}

// Labels of letters, digits, '-' and '_'. Percent-encoding and sub-delims, which RFC 3986 would allow, name no server that exists.
bool read_name(std::string_view text, Authority& out) noexcept {
  if (!text.empty() && text.back() == '.') text.remove_suffix(1); // "h." is "h" to DNS, so it must be to routes
  if (text.empty() || text.size() > 253) return false;
  char before = '.';
  for (const char c : text) {
    if (!is(c, host_byte) || (c == '.' && before == '.')) return false;
    before = c;
  }
  out.host = text;
  return before != '.';
}

bool read_v6(std::string_view text, Authority& out) noexcept {
  std::array<char, INET6_ADDRSTRLEN> copy{};
  if (text.size() >= copy.size()) return false;
  std::copy(text.begin(), text.end(), copy.begin());
  out.host = text;
  out.v6 = true;
  return inet_pton(AF_INET6, copy.data(), &out.address) == 1;
}

// host[:port]; no user information (RFC 9110 section 4.2.4).
bool read_authority(std::string_view text, Authority& out) noexcept {
  if (!text.empty() && text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || !read_v6(text.substr(1, close - 1), out)) return false;
    text.remove_prefix(close + 1);
    return text.empty() || (text.front() == ':' && read_port(text.substr(1), out.port));
  }
  const std::size_t colon = text.find(':');
  if (!read_name(text.substr(0, colon), out)) return false;
  return colon == std::string_view::npos || read_port(text.substr(colon + 1), out.port);
}

struct Scheme {
  std::string_view prefix;
  std::uint16_t port;
};
// The first two are those of absolute-form targets; the third is what PHP's fsockopen() wants and Premier's sample sends as Host
// too (docs/vendors.md, ApiComPrem); POHODA's clients send the first (docs/vendors.md, mServer and Shops).
constexpr std::array<Scheme, 3> schemes{{{"http://", 80}, {"https://", 443}, {"ssl://", 443}}};

// Takes "http://" or "https://" off a target; schemes know no case (RFC 3986 section 3.1).
std::uint16_t take_scheme(std::string_view& target) noexcept {
  for (const Scheme& scheme : {schemes[0], schemes[1]}) {
    if (!iequals(target.substr(0, scheme.prefix.size()), scheme.prefix)) continue;
    target.remove_prefix(scheme.prefix.size());
    return scheme.port;
  }
  return 0;
}

// Host, odd forms included: these exactly as the vendors' clients write them.
bool read_host(std::string_view value, bool odd_hosts, Authority& out) noexcept {
  for (const Scheme& scheme : schemes) {
    if (!odd_hosts || !value.starts_with(scheme.prefix)) continue;
    value.remove_prefix(scheme.prefix.size());
    out.scheme_port = scheme.port;
    break;
  }
  return read_authority(value, out);
}

// A port that isn't named is the default of the scheme it was written with (Host without one: the target's), or, against a named
// one, the listener's: a client that calls its URL http:// through a TLS tunnel means the same server.
bool same_port(const Authority& target, const Authority& host, std::uint16_t default_port) noexcept {
  const std::uint16_t host_scheme = host.scheme_port != 0 ? host.scheme_port : target.scheme_port;
  if (target.port != 0 && host.port != 0) return target.port == host.port;
  if (target.port != 0) return target.port == host_scheme || target.port == default_port;
  if (host.port != 0) return host.port == target.scheme_port || host.port == default_port;
  return target.scheme_port == host_scheme;
}

bool same_host(const Authority& a, const Authority& b) noexcept {
  if (a.v6 != b.v6) return false;
  return a.v6 ? IN6_ARE_ADDR_EQUAL(&a.address, &b.address) : iequals(a.host, b.host);
}

void keep(const Authority& authority, std::uint16_t default_port, Target& out) {
  if (authority.v6) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(AF_INET6, &authority.address, text.data(), text.size());
    out.host.assign(text.data());
  } else {
    out.host.assign(authority.host);
    std::transform(out.host.begin(), out.host.end(), out.host.begin(), lower);
  }
  const bool is_default = authority.port == default_port || authority.port == authority.scheme_port;
  out.port = is_default ? std::uint16_t{0} : authority.port;
}

Result<void> read_place(const RequestHead& head, std::optional<Authority>& target, bool odd_hosts, std::uint16_t default_port,
                        Target& out) {
  if (head.has_host) {
    Authority host;
    if (!read_host(head.host, odd_hosts, host)) return Error{Cause::bad_host, "malformed Host"};
    if (target && (!same_host(*target, host) || !same_port(*target, host, default_port))) {
      return Error{Cause::bad_host, "Host differs from the target's authority"};
    }
    if (!target) target = host;
  }
  if (target) keep(*target, default_port, out);
  return {};
}

Result<void> read(const RequestHead& head, bool odd_hosts, std::uint16_t default_port, Target& out) {
  std::string_view rest = head.target;
  for (const char c : rest) {
    if (!is(c, target_byte)) return Error{Cause::bad_target, "byte not allowed in a request target"};
  }
  std::optional<Authority> authority;
  bool whole_server = rest == "*";
  if (const std::uint16_t port = take_scheme(rest); port != 0) {
    authority.emplace();
    authority->scheme_port = port;
    const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
    if (!read_authority(rest.substr(0, end), *authority)) return Error{Cause::bad_target, "malformed authority in the target"};
    rest.remove_prefix(end);
    whole_server = rest.empty() && head.method == Method::options; // RFC 9112 section 3.2.4
  } else if (rest.empty() || (rest.front() != '/' && !whole_server)) {
    return Error{Cause::bad_target, "neither origin-form nor absolute-form"};
  }
  if (whole_server && head.method != Method::options) return Error{Cause::bad_target, "'*' is for OPTIONS only"};

  const Result<void> placed = read_place(head, authority, odd_hosts, default_port, out);
  if (!placed) return placed;
  if (whole_server) {
    out.path = "*";
    out.decoded.assign(out.path);
    out.plain = true;
    return {};
  }
  const std::size_t mark = rest.find('?');
  out.path = rest.substr(0, mark);
  if (out.path.empty()) out.path = "/"; // RFC 9112 section 3.2.1
  out.has_query = mark != std::string_view::npos;
  if (out.has_query) out.query = rest.substr(mark + 1);
  // WHATWG's URLs take it for a slash (section 4.4), RFC 3986 knows none in a path: who means one encodes it.
  if (out.path.find('\\') != std::string_view::npos) return Error{Cause::bad_target, "backslash in the path"};
  return read_path(out.path, out.decoded, out.plain);
}

} // namespace

void Target::clear() noexcept {
  host.clear();
  port = 0;
  path = {};
  query = {};
  has_query = false;
  decoded.clear();
  plain = false;
}

Result<void> read_target(const RequestHead& head, bool odd_hosts, std::uint16_t default_port, Target& out) {
  out.clear();
  try {
    return read(head, odd_hosts, default_port, out);
  } catch (const std::bad_alloc&) {
    return Error{Cause::out_of_memory, "target"};
  }
}

} // namespace ledgergate::http
