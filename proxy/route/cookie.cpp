// Cookies of a server that is published under another name or path: a Domain or Path that it set for its own would never match what
// the caller asks for, and its sessions would be lost.
#include "http/chars.h"
#include "route/reply_fields.h"
#include "route/server_names.h"

#include <algorithm>

namespace ledgergate::route {
namespace {

struct Attribute {
  std::string_view name, value; // of "; name=value", without the blanks around them
  std::size_t end = 0;          // where the next one begins, in the whole
};

// The attribute whose ';' stands at `semicolon`.
Attribute read_attribute(std::string_view text, std::size_t semicolon) noexcept {
  Attribute out;
  out.end = std::min(text.find(';', semicolon + 1), text.size());
  const auto words = text.substr(semicolon + 1, out.end - semicolon - 1);
  const auto equals = std::min(words.find('='), words.size());
  out.name = http::trim(words.substr(0, equals));
  if (equals < words.size()) out.value = http::trim(words.substr(equals + 1));
  return out;
}

// Whether no Domain may go on: the last one counts, and that one is the server's.
bool drops_domains(const Facts& facts, std::string_view value) {
  bool drops = false;
  for (auto at = value.find(';'); at < value.size();) {
    const auto attribute = read_attribute(value, at);
    if (http::iequals(attribute.name, "Domain")) drops = is_servers_domain(facts, attribute.value);
    at = attribute.end;
  }
  return drops;
}

// A cookie's Path is a path whatever it looks like: "//host" names nobody there.
bool is_path(std::string_view value) noexcept {
  Reference reference;
  return value.starts_with('/') && read_reference(value, reference) && !reference.absolute;
}

} // namespace

void append_cookie(const Facts& facts, std::string_view value, std::string& out) {
  const bool without_domain = drops_domains(facts, value);
  std::size_t written = 0;
  for (auto at = value.find(';'); at < value.size();) {
    const auto attribute = read_attribute(value, at);
    if (http::iequals(attribute.name, "Domain") && (without_domain || is_servers_domain(facts, attribute.value))) {
      out += value.substr(written, at - written);
      written = attribute.end;
    } else if (http::iequals(attribute.name, "Path") && is_path(attribute.value)) {
      const auto start = static_cast<std::size_t>(attribute.value.data() - value.data());
      out += value.substr(written, start - written);
      append_location(facts, attribute.value, out);
      written = start + attribute.value.size();
    }
    at = attribute.end;
  }
  out += value.substr(written);
}

} // namespace ledgergate::route
