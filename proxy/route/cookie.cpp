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
  // In quotes (RFC 2109), which old readers take off.
  if (out.value.size() > 1 && out.value.starts_with('"') && out.value.ends_with('"'))
    out.value = http::trim(out.value.substr(1, out.value.size() - 2));
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

// Such a name is a promise that the cookie is of the host and of "/", in any case of letters; it isn't kept with another Path
// (draft-ietf-httpbis-rfc6265bis, "Cookie Name Prefixes"). "__Host-Http-" begins so, too.
bool promises_root(std::string_view value) noexcept {
  constexpr std::string_view prefix = "__Host-";
  const auto name = http::trim(value.substr(0, value.find_first_of("=;")));
  return http::iequals(name.substr(0, prefix.size()), prefix);
}

} // namespace

bool append_cookie(const Facts& facts, std::string_view value, std::string& out) {
  const bool without_domain = drops_domains(facts, value);
  const bool of_root = promises_root(value);
  const auto begin = out.size();
  std::size_t written = 0;
  for (auto at = value.find(';'); at < value.size();) {
    const auto attribute = read_attribute(value, at);
    if (http::iequals(attribute.name, "Domain") && (without_domain || is_servers_domain(facts, attribute.value))) {
      out += value.substr(written, at - written);
      written = attribute.end;
    } else if (http::iequals(attribute.name, "Path") && is_path(attribute.value) && !(of_root && attribute.value == "/")) {
      const auto start = static_cast<std::size_t>(attribute.value.data() - value.data());
      out += value.substr(written, start - written);
      append_location(facts, attribute.value, out);
      written = start + attribute.value.size();
    }
    at = attribute.end;
  }
  out += value.substr(written);
  return out.size() != begin || value.empty();
}

} // namespace ledgergate::route
