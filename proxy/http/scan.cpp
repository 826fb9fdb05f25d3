// The strict reader of bytes: one pass, each byte is judged once, in the order of the wire. So the outcome can't depend on how the
// bytes were split, and a bad byte is refused when it is seen. It knows lines, characters and bounds; what the words mean is
// parser.cpp's and framing.cpp's.
//
// It stands before llhttp because llhttp 8.1 (Debian 12) takes a bare CR for a line end (CVE-2023-30589), a space before a colon
// (CVE-2024-27982), CRLF CR as the end of a head (CVE-2025-23167) and empty names, and 9.x a request line without a version.
#include "http/chars.h"
#include "http/parser.h"

#include <algorithm>

namespace ledgergate::http {
namespace {

// RFC 9112 section 3: a method longer than any known one is answered with 501. The longest registered one has 17 letters.
constexpr std::size_t longest_method = 32;
// RFC 9112 section 2.2: a robust server ignores "at least one empty line" before a request line; old clients send one after a body.
constexpr std::size_t most_skipped = 4;

constexpr std::string_view version_form = "HTTP/d.d"; // 'd' stands for a digit

constexpr std::string_view tls_detail = "tls on a plain port";

bool fits_version(char c, std::size_t at) noexcept { return version_form[at] == 'd' ? is(c, digit_byte) : c == version_form[at]; }

} // namespace

void HeadScan::reset(const Bounds& bounds) noexcept { *this = HeadScan{bounds}; }

HeadScan::State HeadScan::fail(Cause cause, std::string_view detail) noexcept {
  if (!bounds_.request) cause = cause == Cause::head_too_large ? Cause::reply_head_too_large : Cause::reply_unparsable;
  error_ = Error{cause, detail};
  return state_ = State::failed;
}

HeadScan::State HeadScan::advance(std::string_view bytes) noexcept {
  if (state_ != State::incomplete) return state_;
  // A byte beyond the bound is never looked at: that it exists is the failure, whatever it is.
  while (position_ < bytes.size()) {
    const std::size_t end = std::min(bytes.size(), skipped_ + bounds_.head);
    if (position_ >= end) return fail(Cause::head_too_large, "head too large");
    const State state = at_ < At::field_start ? first_line(bytes.data(), end) : field_lines(bytes.data(), end);
    if (state != State::incomplete) return state;
  }
  return State::incomplete;
}

// Judges bytes of the request or status line up to `end`, or up to its line end.
HeadScan::State HeadScan::first_line(const char* bytes, std::size_t end) noexcept {
  while (position_ < end) {
    const char c = bytes[position_];
    switch (at_) {
    case At::start:
      if (c == '\x16' || (!bounds_.request && c == '\x15')) return fail(Cause::bad_request, tls_detail);
      if (bounds_.request && c == '\r' && skipped_ < most_skipped) {
        at_ = At::skipped_lf;
        break;
      }
      token_ = position_;
      at_ = bounds_.request ? At::method : At::version;
      continue; // judged there
    case At::skipped_lf:
      if (c != '\n') return fail(Cause::bad_request, "bare CR");
      skipped_ = position_ + 1;
      at_ = At::start;
      ++position_;
      return State::incomplete; // the bound counts from here: advance() works it out anew
    case At::method:
      if (c == ' ' && position_ != token_) {
        token_ = position_ + 1;
        at_ = At::target;
        break;
      }
      if (!is(c, token_byte)) return fail(Cause::bad_request, "method is not a token");
      if (position_ - token_ == longest_method) return fail(Cause::method_not_implemented, "method too long");
      break;
    case At::target: {
      // The longest part of most heads' first line: a loop of its own.
      const std::size_t limit = std::min(end, token_ + bounds_.line);
      while (position_ < limit && is(bytes[position_], target_byte)) ++position_;
      if (position_ == end) return State::incomplete;
      const char last = bytes[position_];
      if (last == ' ' && position_ != token_) {
        token_ = position_ + 1;
        at_ = At::version;
        break;
      }
      if (last == '\r' || last == '\n') return fail(Cause::bad_request, "request line without a version");
      if (last == ' ') return fail(Cause::bad_request, "two spaces in the request line");
      if (!is(last, target_byte)) return fail(Cause::bad_target, "byte not allowed in a request target");
      return fail(Cause::target_too_long, "request target too long");
    }
    case At::version: {
      const std::size_t at = position_ - token_;
      if (at < version_form.size()) {
        if (!fits_version(c, at)) return fail(Cause::bad_request, "not an HTTP version");
        break;
      }
      if (c != (bounds_.request ? '\r' : ' ')) return fail(Cause::bad_request, "not an HTTP version");
      if (bytes[position_ - 3] != '1' || bytes[position_ - 1] > '1')
        return fail(Cause::http_version, "neither HTTP/1.0 nor HTTP/1.1");
      token_ = position_ + 1;
      at_ = bounds_.request ? At::line_lf : At::status;
      break;
    }
    case At::status: {
      const std::size_t at = position_ - token_;
      if (at < 3) {
        if (!is(c, digit_byte) || (at == 0 && c == '0')) return fail(Cause::bad_request, "status outside 100-999");
        break;
      }
      if (c == '\r') {
        at_ = At::line_lf; // no reason and no space before it: seen in the wild, and means the same (RFC 9112 section 4)
      } else if (c == ' ') {
        at_ = At::reason;
      } else {
        return fail(Cause::bad_request, "status outside 100-999");
      }
      break;
    }
    case At::reason:
      if (c == '\r') {
        at_ = At::line_lf;
      } else if (!is(c, value_byte)) {
        return fail(Cause::bad_request, "control byte in the reason phrase");
      }
      break;
    default: // At::line_lf
      if (c != '\n') return fail(Cause::bad_request, "bare CR");
      at_ = At::field_start;
      ++position_;
      return State::incomplete;
    }
    ++position_;
  }
  return State::incomplete;
}

HeadScan::State HeadScan::field_lines(const char* bytes, std::size_t end) noexcept {
  // In registers while it runs; the members are written back on every way out that is resumed from.
  std::size_t position = position_;
  while (position < end) {
    const char c = bytes[position];
    switch (at_) {
    case At::field_start:
      if (c == '\r') {
        at_ = At::end_lf;
        break;
      }
      // RFC 9112 section 5.2: a server must refuse a folded line; white space before the first field is worse (section 2.2).
      if (c == ' ' || c == '\t') return fail(Cause::bad_request, "folded or indented field line");
      if (!is(c, token_byte)) return fail(Cause::bad_request, c == ':' ? "empty field name" : "illegal field name");
      if (fields_ == bounds_.fields) return fail(Cause::head_too_large, "too many fields");
      ++fields_;
      at_ = At::name;
      break;
    case At::name:
      while (position < end && is(bytes[position], token_byte)) ++position;
      if (position == end) continue;
      if (bytes[position] != ':') {
        const bool blank = bytes[position] == ' ' || bytes[position] == '\t';
        return fail(Cause::bad_request, blank ? "space before the colon" : "illegal field name"); // RFC 9112 section 5.1
      }
      at_ = At::value;
      break;
    case At::value:
      while (position < end && is(bytes[position], value_byte)) ++position;
      if (position == end) continue;
      if (bytes[position] != '\r')
        return fail(Cause::bad_request, bytes[position] == '\n' ? "bare LF" : "control byte in a field value");
      at_ = At::field_lf;
      break;
    case At::field_lf:
      if (c != '\n') return fail(Cause::bad_request, "bare CR");
      at_ = At::field_start;
      break;
    default: // At::end_lf
      if (c != '\n') return fail(Cause::bad_request, "bare CR");
      position_ = size_ = position + 1;
      return state_ = State::complete;
    }
    ++position;
  }
  position_ = position;
  return State::incomplete;
}

} // namespace ledgergate::http
