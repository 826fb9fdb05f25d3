#include "strict.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdlib>

namespace ledgergate::fuzz {
namespace {

constexpr auto npos = std::string_view::npos;

bool token_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != npos);
}
bool token(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), token_character); }

bool digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool clean(std::string_view text) { // HTAB, SP, VCHAR, obs-text
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
  });
}

std::string_view strip(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

Reading wrong(Message& message, std::string_view why) {
  message.why = why;
  return Reading::wrong;
}

// The bytes up to CRLF, which is taken too.
Reading take_line(std::string_view bytes, std::size_t& at, std::string_view& line) {
  const auto end = bytes.find("\r\n", at);
  line = bytes.substr(at, end == npos ? npos : end - at);
  if (end == npos) return line.find('\n') == npos ? Reading::cut : Reading::wrong;
  at = end + 2;
  return clean(line) ? Reading::whole : Reading::wrong;
}

Reading read_fields(std::string_view bytes, std::size_t& at, Message& out) {
  for (;;) {
    std::string_view line;
    const Reading read = take_line(bytes, at, line);
    if (read != Reading::whole) return read == Reading::cut ? read : wrong(out, "control byte in a field line");
    if (line.empty()) return Reading::whole;
    const auto colon = line.find(':');
    if (colon == npos || !token(line.substr(0, colon))) return wrong(out, "field name");
    out.fields.emplace_back(lowered(line.substr(0, colon)), std::string(strip(line.substr(colon + 1))));
  }
}

Reading read_chunks(std::string_view bytes, std::size_t& at, Message& out) {
  for (;;) {
    std::string_view line;
    Reading read = take_line(bytes, at, line);
    if (read != Reading::whole) return read == Reading::cut ? read : wrong(out, "control byte in a chunk line");
    const std::string_view size_text = line.substr(0, line.find(';'));
    if (size_text.empty() || size_text.size() > 15 || size_text.find_first_not_of("0123456789abcdefABCDEF") != npos)
      return wrong(out, "chunk size");
    const auto size = static_cast<std::size_t>(std::strtoull(std::string(size_text).c_str(), nullptr, 16));
    if (size == 0) {
      Message trailer;
      read = read_fields(bytes, at, trailer);
      out.why = trailer.why;
      return read;
    }
    const std::string_view data = bytes.substr(at, size);
    out.body += data;
    at += data.size();
    if (data.size() < size || bytes.size() == at) return Reading::cut;
    if (bytes[at] != '\r') return wrong(out, "no CRLF behind a chunk");
    if (bytes.size() == at + 1) return Reading::cut;
    if (bytes[at + 1] != '\n') return wrong(out, "no CRLF behind a chunk");
    at += 2;
  }
}

Reading read_body(std::string_view bytes, std::size_t& at, Message& out, Ends without) {
  const int lengths = out.count("content-length"), codings = out.count("transfer-encoding");
  if (lengths + codings > 1) return wrong(out, "two framings");
  if (codings == 1) {
    if (lowered(out.value("transfer-encoding")) != "chunked") return wrong(out, "a coding other than chunked");
    out.ends = Ends::chunked;
    return read_chunks(bytes, at, out);
  }
  out.ends = lengths == 1 ? Ends::length : without;
  std::size_t size = out.ends == Ends::close ? bytes.size() - at : 0;
  if (lengths == 1) {
    const std::string_view length = out.value("content-length");
    if (!digits(length)) return wrong(out, "Content-Length is no number");
    size = static_cast<std::size_t>(std::strtoull(std::string(length).c_str(), nullptr, 10));
  }
  out.body = bytes.substr(at, size);
  at += out.body.size();
  return out.body.size() == size ? Reading::whole : Reading::cut;
}

bool version(std::string_view text) { return text == "HTTP/1.1" || text == "HTTP/1.0"; }

} // namespace

std::string_view Message::method() const { return std::string_view(first).substr(0, first.find(' ')); }
std::string_view Message::target() const {
  const auto from = first.find(' ') + 1;
  return std::string_view(first).substr(from, first.rfind(' ') - from);
}
int Message::status() const { return std::atoi(first.c_str() + std::string_view("HTTP/1.1 ").size()); }
int Message::count(std::string_view name) const {
  return static_cast<int>(std::count_if(fields.begin(), fields.end(), [&](const auto& field) { return field.first == name; }));
}
std::string_view Message::value(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& field) { return field.first == name; });
  return found == fields.end() ? std::string_view{} : found->second;
}

Reading read_request(std::string_view bytes, std::size_t& at, Message& out) {
  out = {};
  std::string_view line;
  Reading read = take_line(bytes, at, line);
  if (read != Reading::whole) return read == Reading::cut ? read : wrong(out, "control byte in the request line");
  out.first = line;
  const auto one = line.find(' '), two = line.rfind(' ');
  if (one == npos || one == two || !token(line.substr(0, one)) || !version(line.substr(two + 1))) return wrong(out, "request line");
  const std::string_view target = line.substr(one + 1, two - one - 1);
  if (target.empty() || target.find_first_of(" \t") != npos) return wrong(out, "request target");
  read = read_fields(bytes, at, out);
  if (read != Reading::whole) return read;
  if (out.count("host") > 1 || (out.count("host") == 0 && line.ends_with("1"))) return wrong(out, "not one Host");
  return read_body(bytes, at, out, Ends::none);
}

Reading read_reply(std::string_view bytes, std::size_t& at, bool bodiless, Message& out) {
  out = {};
  std::string_view line;
  Reading read = take_line(bytes, at, line);
  if (read != Reading::whole) return read == Reading::cut ? read : wrong(out, "control byte in the status line");
  out.first = line;
  if (line.size() < 12 || !version(line.substr(0, 8)) || line[8] != ' ' || !digits(line.substr(9, 3)) || line[9] == '0' ||
      (line.size() > 12 && line[12] != ' '))
    return wrong(out, "status line");
  read = read_fields(bytes, at, out);
  if (read != Reading::whole) return read;
  if (out.count("content-length") + out.count("transfer-encoding") > 1) return wrong(out, "two framings");
  const int status = out.status();
  if (bodiless || status < 200 || status == 204 || status == 304) return Reading::whole;
  return read_body(bytes, at, out, Ends::close);
}

} // namespace ledgergate::fuzz
