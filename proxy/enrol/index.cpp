#include "enrol/index.h"

#include "base/address.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace ledgergate::enrol {
namespace {

constexpr std::string_view kHead = "ledgergate-index 1";
constexpr std::string_view kCount = "revocation-lists ";

bool letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  for (;;) {
    const std::size_t end = text.find(at);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

template <class N>
bool number(std::string_view text, N& out) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failure == std::errc{} && end == text.data() + text.size();
}

// serial, kind, name, issued, until, revoked or -, names
bool parse_record(std::string_view line, Record& out) {
  const auto parts = split(line, '\t');
  if (parts.size() != 7) return false;
  out.serial = parts[0];
  if (plain_serial(out.serial) != out.serial || out.serial.empty()) return false;
  if (parts[1] != "client" && parts[1] != "server") return false;
  out.kind = parts[1] == "client" ? Kind::client : Kind::server;
  out.name = parts[2];
  if (out.name.empty() || !number(parts[3], out.issued) || !number(parts[4], out.until)) return false;
  if (parts[5] != "-") {
    std::int64_t when = 0;
    if (!number(parts[5], when)) return false;
    out.revoked = when;
  }
  for (const std::string_view san : split(parts[6], ',')) out.sans.emplace_back(san);
  return std::all_of(out.sans.begin(), out.sans.end(), [](const std::string& san) { return san_mistake(san).empty(); });
}

std::string host_mistake(std::string_view host) {
  if (host.size() > 253) return "is longer than a DNS name can be";
  for (const std::string_view label : split(host, '.')) {
    if (label.empty() || label.size() > 63) return "is no DNS name";
    if (label.front() == '-' || label.back() == '-') return "is no DNS name";
    if (!std::all_of(label.begin(), label.end(), [](char c) { return letter_or_digit(c) || c == '-' || c == '_'; }))
      return "is no DNS name: letters without accents, digits, `-` and `.` only";
  }
  return "";
}

} // namespace

const Record* Index::newest(Kind kind, std::string_view name) const {
  const auto found =
      std::find_if(records.rbegin(), records.rend(), [&](const Record& each) { return each.kind == kind && each.name == name; });
  return found == records.rend() ? nullptr : &*found;
}

bool Index::has_serial(std::string_view serial) const {
  return std::any_of(records.begin(), records.end(), [&](const Record& each) { return each.serial == serial; });
}

std::string index_text(const Index& index) {
  std::string out(kHead);
  out.append("\n").append(kCount).append(std::to_string(index.revocations)).append("\n");
  for (const Record& each : index.records) {
    out.append(each.serial).append(each.kind == Kind::client ? "\tclient\t" : "\tserver\t").append(each.name).append("\t");
    out.append(std::to_string(each.issued)).append("\t").append(std::to_string(each.until)).append("\t");
    out.append(each.revoked ? std::to_string(*each.revoked) : "-").append("\t");
    for (std::size_t i = 0; i < each.sans.size(); ++i) out.append(i == 0 ? "" : ",").append(each.sans[i]);
    out.append("\n");
  }
  return out;
}

std::optional<Index> parse_index(std::string_view text, std::string& why) {
  const auto lines = split(text, '\n');
  Index index;
  // Every line ends, so that behind the last line end there is one more, empty.
  if (lines.size() < 3 || lines[0] != kHead || !lines.back().empty()) {
    why = "is no index of certificates";
    return std::nullopt;
  }
  if (!lines[1].starts_with(kCount) || !number(lines[1].substr(kCount.size()), index.revocations)) {
    why = "line 2 can't be read";
    return std::nullopt;
  }
  std::set<std::string> serials;
  for (std::size_t i = 2; i + 1 < lines.size(); ++i) {
    Record record;
    if (!parse_record(lines[i], record) || !serials.insert(record.serial).second) {
      why = "line " + std::to_string(i + 1) + " can't be read";
      return std::nullopt;
    }
    index.records.push_back(std::move(record));
  }
  return index;
}

std::string plain_serial(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ':') continue;
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'))
      out += c;
    else if (c >= 'a' && c <= 'f')
      out += static_cast<char>(c - 'a' + 'A');
    else
      return "";
  }
  return out;
}

std::string name_mistake(std::string_view name) {
  if (name.empty() || name.size() > 48) return "a name has 1 to 48 characters";
  if (!std::all_of(name.begin(), name.end(),
                   [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'; }))
    return "a name is made of small letters without accents, digits, `-`, `_` and `.`, as till-brno";
  if (!letter_or_digit(name.front()) || !letter_or_digit(name.back())) return "a name begins and ends with a letter or a digit";
  if (name.find("..") != std::string_view::npos || !host_mistake(name).empty())
    return "each part of a name between `.` needs letters";
  if (name.starts_with("server-")) return "`server-` begins the files of servers; choose another name";
  return "";
}

std::string san_mistake(std::string_view san) {
  if (san.empty() || san.size() > 255) return "a name has 1 to 255 characters";
  if (std::any_of(san.begin(), san.end(), [](char c) { return c <= ' ' || c >= 0x7f || c == ',' || c == '"' || c == '\\'; }))
    return "no spaces, commas, quotes or letters with accents can stand in it";
  if (IpAddress::parse(san)) return "";
  if (san.find(':') != std::string_view::npos) return letter_or_digit(san.front()) ? "" : "is no URI";
  if (const std::size_t at = san.find('@'); at != std::string_view::npos)
    return at > 0 ? host_mistake(san.substr(at + 1)) : "is no e-mail address";
  return host_mistake(san.starts_with("*.") ? san.substr(2) : san);
}

} // namespace ledgergate::enrol
