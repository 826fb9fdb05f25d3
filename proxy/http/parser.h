// Bytes -> heads. Two readers must agree before a head is believed: ours (scan.cpp: line ends, characters, bounds; parser.cpp and
// framing.cpp: what the words mean) and llhttp (second_reader.cpp). What llhttp's versions differ on is decided by ours, before
// llhttp sees the head, so that the outcome is the same with 8.1 and 9.x. Any doubt is an error value, and the connection is closed
// (docs/invariants.md, "Nothing is half-believed"; RFC 9112 sections 2.2, 3, 5, 6).
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
    std::uint32_t head = 32 * 1024; // request or status line, fields and the empty line
    std::uint32_t line = 8 * 1024;  // the target in a request line (414 when longer)
    std::uint32_t fields = 100;
    bool request = true; // request line or status line first
  };
  enum class State : std::uint8_t { incomplete, complete, failed };

  HeadScan() noexcept = default;
  explicit HeadScan(const Bounds& bounds) noexcept : bounds_(bounds) {}

  void reset(const Bounds& bounds) noexcept;
  // `bytes` starts at the head's first byte and holds at least what earlier calls held. Fails at the first bad byte, without
  // waiting for the end; errors are those of parse_request or parse_reply, and bad_target, target_too_long, head_too_large (or
  // reply_head_too_large).
  // Empty lines (CRLF) before a request line are skipped, two at most (RFC 9112 section 2.2): `skipped()` says how many bytes.
  State advance(std::string_view bytes) noexcept;
  [[nodiscard]] std::size_t skipped() const noexcept { return skipped_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; } // of a complete head, with the skipped bytes and the empty line
  [[nodiscard]] const Error& error() const noexcept { return error_; }

private:
  enum class At : std::uint8_t {
    start,
    skipped_lf,
    method,
    target,
    version,
    status,
    reason,
    line_lf,
    field_start, // from here on: field_lines()
    name,
    value,
    field_lf,
    end_lf,
  };

  Bounds bounds_{};
  std::size_t position_ = 0; // first byte not yet judged
  std::size_t token_ = 0;    // where the word of the first line began that is being read
  std::size_t skipped_ = 0;
  std::size_t size_ = 0;
  std::uint32_t fields_ = 0;
  At at_ = At::start;
  State state_ = State::incomplete;
  Error error_{};

  State first_line(const char* bytes, std::size_t end) noexcept;
  State field_lines(const char* bytes, std::size_t end) noexcept;
  State fail(Cause cause, std::string_view detail) noexcept;
};

// `head` is exactly what HeadScan called complete (without the skipped bytes). Fills `out`, whose views point into `head`.
// Errors: bad_request, bad_framing, bad_host (several Hosts; none in HTTP/1.1), bad_target (neither absolute-form nor starting with
// '/'), http_version, method_not_implemented, expectation. out_of_memory when `fields` can't grow.
[[nodiscard]] Result<void> parse_request(std::string_view head, RequestHead& out);

// Errors: reply_unparsable, reply_bad_coding, out_of_memory. `to` is the method of the request that is answered (HEAD has no body).
[[nodiscard]] Result<void> parse_reply(std::string_view head, Method to, ReplyHead& out);

} // namespace ledgergate::http
