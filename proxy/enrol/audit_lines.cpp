#include "enrol/audit_lines.h"

#include "enrol/certificates.h"

#include <charconv>
#include <ctime>
#include <optional>
#include <utility>

namespace ledgergate::enrol {
namespace {

// All of `text` is digits.
template <class N>
bool read_number(std::string_view text, N& out) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && text.front() != '-' && failure == std::errc{} && end == text.data() + text.size();
}

std::optional<std::int64_t> seconds_of(std::tm parts) {
  const std::tm meant = parts;
  const auto seconds = static_cast<std::int64_t>(::timegm(&parts));
  const bool real = parts.tm_mon == meant.tm_mon && parts.tm_mday == meant.tm_mday && parts.tm_hour == meant.tm_hour &&
                    parts.tm_min == meant.tm_min && parts.tm_sec == meant.tm_sec;
  return real ? std::optional(seconds) : std::nullopt;
}

// "2026-11-22"
bool read_day(std::string_view text, std::tm& parts) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  if (!read_number(text.substr(0, 4), parts.tm_year) || !read_number(text.substr(5, 2), parts.tm_mon) ||
      !read_number(text.substr(8, 2), parts.tm_mday))
    return false;
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return true;
}

// "2026-11-22T17:19:36Z"
std::optional<std::int64_t> read_moment(std::string_view text) {
  std::tm parts{};
  if (text.size() != 20 || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != 'Z') return std::nullopt;
  if (!read_day(text.substr(0, 10), parts) || !read_number(text.substr(11, 2), parts.tm_hour) ||
      !read_number(text.substr(14, 2), parts.tm_min) || !read_number(text.substr(17, 2), parts.tm_sec))
    return std::nullopt;
  return seconds_of(parts);
}

std::string_view next_word(std::string_view& rest) {
  const std::size_t end = rest.find(' ');
  const std::string_view word = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return word;
}

// "KEY=value", and the value.
bool read_value(std::string_view word, std::string_view key, std::string_view& value) {
  if (!word.starts_with(key) || word.size() == key.size() || word[key.size()] != '=') return false;
  value = word.substr(key.size() + 1);
  return true;
}

bool read_holder(std::string_view word, AuditLine& line) {
  std::string_view name;
  if (read_value(word, "client", name))
    line.kind = Kind::client;
  else if (read_value(word, "server", name))
    line.kind = Kind::server;
  else
    return false;
  if (name == "(unknown)") return line.revoked;
  line.name = name;
  return (line.kind == Kind::client ? name_mistake(name) : san_mistake(name)).empty();
}

// "MOMENT issued client=NAME serial=HEX until=DAY [list=N] by=WHO"
std::optional<AuditLine> read_line(std::string_view rest) {
  AuditLine line;
  const auto when = read_moment(next_word(rest));
  const std::string_view deed = next_word(rest);
  line.revoked = deed == "revoked";
  if (!when || (!line.revoked && deed != "issued" && deed != "renewed") || !read_holder(next_word(rest), line)) return std::nullopt;
  line.when = *when;
  std::string_view value;
  if (!read_value(next_word(rest), "serial", value) || value.size() != kSerialDigits || plain_serial(value) != value)
    return std::nullopt;
  line.serial = value;
  std::string_view word = next_word(rest);
  if (read_value(word, "until", value)) {
    std::tm day{};
    day.tm_hour = 23;
    day.tm_min = day.tm_sec = 59;
    const auto until = read_day(value, day) ? seconds_of(day) : std::nullopt;
    if (!until) return std::nullopt;
    line.until = *until;
    word = next_word(rest);
  }
  if (read_value(word, "list", value)) {
    if (!read_number(value, line.list)) return std::nullopt;
    word = next_word(rest);
  }
  return read_value(word, "by", value) && rest.empty() ? std::optional(line) : std::nullopt;
}

bool makes_authority(std::string_view rest) {
  return read_moment(next_word(rest)).has_value() && next_word(rest) == "made" && next_word(rest) == "authority";
}

} // namespace

std::vector<AuditLine> read_audit(std::string_view text) {
  std::vector<AuditLine> out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) break; // half a line
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (makes_authority(line)) out.clear();
    if (auto read = read_line(line)) out.push_back(std::move(*read));
  }
  return out;
}

} // namespace ledgergate::enrol
