// The request target and Host, read once, in one way (RFC 9112 section 3.2).
#pragma once

#include "base/result.h"
#include "http/head.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace ledgergate::http {

struct Target {
  std::string host;       // lower case, without port, brackets and trailing dot; empty when the request named none (HTTP/1.0)
  std::uint16_t port = 0; // 0: not named, or the default one
  std::string_view path;  // as received, from its '/' on, without the query: what is forwarded, byte for byte
  std::string_view query; // as received, without '?'
  bool has_query = false;
  // path, percent-decoded once; '/' and letters as they are: what routes are matched with. A slash that was encoded is one here,
  // and to some servers none: route::choose() knows.
  std::string decoded;
  bool plain = false; // every server reads the path alike, the case of letters aside (path_readings.h)
  void clear() noexcept;
};

// origin-form, absolute-form (http, https; its authority is the one that counts, and a Host that differs from it is an error) and,
// for OPTIONS only, "*" (path "*"). Host: host[:port], or with `odd_hosts` exactly (http|https|ssl)://host[:port], nothing more.
// `default_port` (443 or 80) makes "h" and "h:443" the same authority.
// Refused: '#', controls, space, and '\' before the query; user information; hosts of other than letters, digits, '-', '.', '_';
// bad percent-encoding in the path; a path that leaves its root, or holds a dot segment or an encoded control, in any reading a
// server could give it (path.cpp). Bytes from 0x80 are taken as they are, and as %E1. Errors: bad_target, bad_host; out_of_memory
// when `out` can't grow.
[[nodiscard]] Result<void> read_target(const RequestHead& head, bool odd_hosts, std::uint16_t default_port, Target& out);

} // namespace ledgergate::http
