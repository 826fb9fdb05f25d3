// The words of a head: the second half of our own reader (scan.cpp is the first), and the place where llhttp is asked to agree.
#include "http/parser.h"

#include "http/chars.h"
#include "http/framing.h"
#include "http/second_reader.h"

#include <new>

namespace ledgergate::http {
namespace {

constexpr std::size_t version_size = 8; // "HTTP/1.1"

// Takes the text up to `mark` off the front, and the mark with it. False when there is none.
bool take(std::string_view& rest, char mark, std::string_view& word) noexcept {
  const std::size_t at = rest.find(mark);
  if (at == std::string_view::npos) return false;
  word = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  return true;
}

bool take_line(std::string_view& rest, std::string_view& line) noexcept {
  if (!take(rest, '\r', line) || rest.empty() || rest.front() != '\n') return false;
  rest.remove_prefix(1);
  return true;
}

// Reads the field lines and the empty line, which must be the end of the head. False only when the head was not scanned.
bool take_fields(std::string_view rest, std::vector<Field>& fields, Noted& noted) {
  std::string_view line;
  while (take_line(rest, line)) {
    if (line.empty()) return rest.empty();
    Field field;
    if (!take(line, ':', field.name)) return false;
    field.value = trim(line);
    noted.note(field, line);
    fields.push_back(field);
  }
  return false;
}

Method method_of(std::string_view text) noexcept {
  if (text == "GET") return Method::get;
  if (text == "POST") return Method::post;
  if (text == "HEAD") return Method::head;
  if (text == "PUT") return Method::put;
  if (text == "DELETE") return Method::delete_;
  if (text == "OPTIONS") return Method::options;
  if (text == "PATCH") return Method::patch;
  return Method::other;
}

// CONNECT and TRACE are not for an edge, nor is TRACK, IIS's other name of TRACE; PRI is HTTP/2's preface in disguise (RFC 9113
// section 3.4). Methods know case (RFC 9110 section 9.1), but a server behind us may not: `trace` is no way around.
bool never_served(std::string_view method) noexcept {
  return iequals(method, "connect") || iequals(method, "trace") || iequals(method, "track") || iequals(method, "pri");
}

// origin-form, absolute-form or "*" (RFC 9112 section 3.2); what is inside is target.cpp's.
bool target_begins_well(std::string_view target, Method method) noexcept {
  if (target.front() == '/') return true;
  if (target == "*") return method == Method::options;
  return iequals(target.substr(0, 7), "http://") || iequals(target.substr(0, 8), "https://");
}

bool read_version(std::string_view text, std::uint8_t& minor) noexcept {
  if (text != "HTTP/1.1" && text != "HTTP/1.0") return false;
  minor = static_cast<std::uint8_t>(text.back() - '0');
  return true;
}

// RFC 9112 section 9.3. `close` wins over `keep-alive` when both are there.
bool stays(const Noted& noted, std::uint8_t minor) noexcept { return !noted.close && (minor == 1 || noted.keep_alive); }

Result<void> read_request(std::string_view head, RequestHead& out) {
  std::string_view rest = head;
  std::string_view version;
  if (!take(rest, ' ', out.method_text) || !take(rest, ' ', out.target) || !take_line(rest, version) || out.target.empty()) {
    return Error{Cause::bad_request, "request line"};
  }
  if (!read_version(version, out.minor)) return Error{Cause::http_version, "neither HTTP/1.0 nor HTTP/1.1"};
  Noted noted;
  if (!take_fields(rest, out.fields, noted)) return Error{Cause::bad_request, "field line"};
  out.method = method_of(out.method_text);
  if (out.method == Method::other && never_served(out.method_text))
    return Error{Cause::method_not_implemented, "CONNECT, TRACE, TRACK or PRI"};
  if (!target_begins_well(out.target, out.method)) return Error{Cause::bad_target, "neither origin-form nor absolute-form"};
  if (noted.twin) return Error{Cause::bad_request, "'_' twin of a framing field"};

  const Result<Framing> framing = explicit_framing(noted, out.minor, Cause::bad_framing, Cause::bad_framing);
  if (!framing) return framing.error();
  out.body = *framing;
  out.has_host = noted.hosts > 0;
  out.host = noted.host;
  if (noted.hosts > 1) return Error{Cause::bad_host, "several Host fields"};
  if (noted.hosts == 0 && out.minor == 1) return Error{Cause::bad_host, "no Host"}; // RFC 9112 section 3.2

  out.keep_alive = stays(noted, out.minor);
  out.connection_close = !out.keep_alive;
  // RFC 9110 section 10.1.1: HTTP/1.0 has no expectations; where no body comes, there is nothing to continue with.
  if (out.minor == 1 && noted.expects) {
    if (noted.odd_expectation) return Error{Cause::expectation, "an expectation other than 100-continue"};
    out.expect_continue = out.body.has_content();
  }
  if (!second_reader_agrees(head, out)) return Error{Cause::bad_request, "two readers disagree"};
  return {};
}

Result<void> read_reply(std::string_view head, Method to, ReplyHead& out) {
  std::string_view rest = head;
  std::string_view line;
  if (!take_line(rest, line) || line.size() < version_size + 4) return Error{Cause::reply_unparsable, "status line"};
  const std::string_view digits = line.substr(version_size + 1, 3);
  if (!read_version(line.substr(0, version_size), out.minor) || line[version_size] != ' ')
    return Error{Cause::reply_unparsable, "version"};
  for (const char c : digits) {
    if (!is(c, digit_byte)) return Error{Cause::reply_unparsable, "status"};
    out.status = static_cast<std::uint16_t>(out.status * 10 + (c - '0'));
  }
  if (out.status < 100) return Error{Cause::reply_unparsable, "status outside 100-999"};
  line.remove_prefix(version_size + 4);
  if (!line.empty() && line.front() != ' ') return Error{Cause::reply_unparsable, "status outside 100-999"};
  out.reason = trim(line);

  Noted noted;
  if (!take_fields(rest, out.fields, noted)) return Error{Cause::reply_unparsable, "field line"};
  if (noted.twin) return Error{Cause::reply_unparsable, "'_' twin of a framing field"};
  const Result<Framing> said = explicit_framing(noted, out.minor, Cause::reply_bad_coding, Cause::reply_unparsable);
  if (!said) return said.error();
  out.body = reply_body(*said, out.status, to);
  out.keep_alive = stays(noted, out.minor) && out.body.kind != BodyKind::until_close;
  if (!second_reader_agrees(head, out, *said)) return Error{Cause::reply_unparsable, "two readers disagree"};
  return {};
}

} // namespace

// The vectors of fields keep their capacity from head to head; the first ones may have to grow, and may fail to.
Result<void> parse_request(std::string_view head, RequestHead& out) {
  out.clear();
  try {
    return read_request(head, out);
  } catch (const std::bad_alloc&) {
    return Error{Cause::out_of_memory, "fields of a request"};
  }
}

Result<void> parse_reply(std::string_view head, Method to, ReplyHead& out) {
  out.clear();
  try {
    return read_reply(head, to, out);
  } catch (const std::bad_alloc&) {
    return Error{Cause::out_of_memory, "fields of a reply"};
  }
}

} // namespace ledgergate::http
