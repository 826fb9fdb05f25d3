// One line a request. The story fills a record as it goes; the line is formatted on the worker into a reused buffer and handed to
// the log ring, which never blocks a worker (see log_ring.h).
#pragma once

#include "base/error.h"
#include "settings/settings.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::observe {

// What the body of a server's reply says of the request (inspect/outcome.h); none: it was not read.
enum class Outcome : std::uint8_t { none, unknown, ok, warning, error };
inline constexpr std::size_t kOutcomeCount = 5;
[[nodiscard]] std::string_view to_string(Outcome outcome) noexcept;

// Views must live until format() returns. Times are microseconds; -1 means "did not happen".
struct AccessRecord {
  std::int64_t unix_micros = 0; // when the head was complete
  std::string_view request_id;
  std::string_view listener;
  std::string_view client_ip;
  std::uint16_t client_port = 0;
  std::string_view client_name;
  std::string_view proof;                            // what proved it: "certificate,key"
  std::string_view tls_version, tls_cipher, tls_sni; // empty on plain listeners
  std::string_view method;
  std::string_view host;
  std::string_view path;                          // as received, no query
  std::string_view query;                         // secrets are masked by format()
  std::span<const std::string_view> secret_names; // parameters whose values are secrets before this server
  bool has_query = false;
  std::string_view http_version; // "1.1"
  std::string_view route, server;
  std::string_view operation, unit; // what was asked of which accounting unit, where that was read
  Outcome outcome = Outcome::none;
  std::uint32_t items_ok = 0, items_warning = 0, items_error = 0; // of the reply
  bool items_partial = false;                                     // there may be more of them
  std::uint16_t status = 0;                                       // 0: none was sent
  std::uint64_t bytes_in = 0, bytes_out = 0;                      // body bytes from and to the caller
  std::int64_t head_micros = -1;                                  // first byte of the head -> head complete
  std::int64_t turn_micros = -1;                                  // waited for a turn at the server; -1: none was needed
  std::int64_t connect_micros = -1;                               // -1: a kept connection was used
  std::int64_t first_byte_micros = -1;                            // head complete -> first byte of the server's reply
  std::int64_t total_micros = 0;                                  // head complete -> finished
  bool reused_connection = false;
  bool forwarded = false; // whether a byte of the request may have reached the server
  std::optional<Error> failure;
};

// Appends one line, '\n' included, to `out`. JSON (RFC 8259, bytes >= 0x80 that are not UTF-8 are escaped as \u00XX of their value)
// or text (key=value). Values of query keys that look like secrets (key, token, password, pwd, secret, auth, sig… and `mask`) are
// "***" (see mask.h). Times are in milliseconds; a field that says nothing is left out; `forwarded` is always there (docs/log.md).
// Allocates nothing once `out` and the thread's scratch space have grown to the size of the lines.
void append_line(const AccessRecord& record, settings::LogFormat format, const std::vector<std::string>& mask, std::string& out);

} // namespace ledgergate::observe
