// Bytes -> heads. Two readers must agree before a head is believed: the strict scanner (scan.cpp: line ends, characters, bounds)
// and llhttp (parser.cpp), around which framing.cpp checks what llhttp's versions differ on. Any doubt is an error value, and the
// connection is closed (DESIGN: law 2; RFC 9112 sections 2.2, 3, 5, 6).
#pragma once

#include "base/result.h"
#include "http/head.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ledgergate::http {

// Looks for the end of a head in a growing buffer, without looking twice at a byte. The outcome is the same for every way the
// bytes may be split.
class HeadScan {
public:
  struct Bounds {
    std::uint32_t head = 32 * 1024;  // request or status line, fields and the empty line
    std::uint32_t line = 8 * 1024;   // the target in a request line (414 when longer)
    std::uint32_t fields = 100;
    bool request = true;             // request line or status line first
  };
  enum class State : std::uint8_t { incomplete, complete, failed };

  void reset(const Bounds& bounds) noexcept;
  // `bytes` starts at the head's first byte and holds at least what earlier calls held.
  // Empty lines (CRLF) before a request line are skipped, two at most (RFC 9112 section 2.2): `skipped()` says how many bytes.
  State advance(std::string_view bytes) noexcept;
  [[nodiscard]] std::size_t skipped() const noexcept { return skipped_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; } // of a complete head, with the skipped bytes and the empty line
  [[nodiscard]] const Error& error() const noexcept { return error_; }

private:
  Bounds bounds_{};
  std::size_t position_ = 0;   // first byte not yet judged
  std::size_t line_start_ = 0;
  std::size_t skipped_ = 0;
  std::size_t size_ = 0;
  std::uint32_t lines_ = 0;    // finished lines, the first included
  Error error_{};
  State state_ = State::incomplete;
  State fail(Cause cause, std::string_view detail) noexcept;
};

// `head` is exactly what HeadScan called complete (without the skipped bytes). Fills `out`, whose views point into `head`.
// Errors: bad_request, bad_framing, bad_host (several Hosts; none in HTTP/1.1), http_version, method_not_implemented, expectation.
[[nodiscard]] Result<void> parse_request(std::string_view head, RequestHead& out);

// Errors: reply_unparsable, reply_bad_coding. `to` is the method of the request that is answered (HEAD has no body).
[[nodiscard]] Result<void> parse_reply(std::string_view head, Method to, ReplyHead& out);

} // namespace ledgergate::http
