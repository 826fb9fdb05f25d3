#include "route/reply_fields.h"

#include "http/chars.h"

#include <algorithm>

namespace ledgergate::route {
namespace {

constexpr auto npos = std::string_view::npos;

// A URI with the blanks that may stand around it.
void append_padded(const Facts& facts, std::string_view text, std::string& out) {
  const auto uri = http::trim(text);
  const auto at = uri.empty() ? text.size() : static_cast<std::size_t>(uri.data() - text.data());
  out += text.substr(0, at);
  append_location(facts, uri, out);
  out += text.substr(at + uri.size());
}

// Where the value of an `anchor=` begins that stands at `at`; npos: none does.
std::size_t anchor_value(std::string_view text, std::size_t at) noexcept {
  constexpr std::string_view kName = "anchor";
  if (at != 0 && http::is(text[at - 1], http::token_byte)) return npos;
  if (text.size() - at < kName.size() || !http::iequals(text.substr(at, kName.size()), kName)) return npos;
  const auto equals = text.find_first_not_of(" \t", at + kName.size());
  if (equals == npos || text[equals] != '=') return npos;
  return text.find_first_not_of(" \t", equals + 1);
}

void append_anchor(const Facts& facts, std::string_view text, std::size_t& at, std::string& out) {
  if (text[at] != '"') {
    const auto end = std::min(text.find_first_of(";, \t", at), text.size());
    append_location(facts, text.substr(at, end - at), out);
    at = end;
    return;
  }
  const auto end = behind_quoted(text, at);
  const bool closed = end - at > 1 && text[end - 1] == '"';
  out += '"';
  append_padded(facts, text.substr(at + 1, end - at - 1 - (closed ? 1 : 0)), out);
  if (closed) out += '"';
  at = end;
}

std::string_view said_origin(const Facts& facts) noexcept {
  for (const auto& field : facts.request->fields)
    if (http::iequals(field.name, "Origin")) return field.value;
  return {};
}

// RFC 6454 section 6.2: scheme, host and port, and nothing else.
bool is_servers_origin(const Facts& facts, std::string_view text, Reference& reference, Named& named) {
  if (text.find("://") == npos || text.find_first_of(" \t\\@") != npos) return false;
  if (!read_reference(text, reference) || !reference.path.empty() || !reference.tail.empty()) return false;
  named = whom_names(facts, reference);
  return named != Named::other;
}

} // namespace

std::size_t behind_quoted(std::string_view text, std::size_t at) noexcept {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return std::min(at + 1, text.size());
}

bool append_origins(const Facts& facts, std::string_view value, std::string& out) {
  const auto start = out.size();
  for (std::size_t at = 0; at <= value.size();) {
    const auto end = std::min(value.find(',', at), value.size());
    const auto element = value.substr(at, end - at);
    const auto origin = http::trim(element);
    Reference reference;
    Named named = Named::other;
    if (origin.empty() || origin == said_origin(facts) || !is_servers_origin(facts, origin, reference, named)) {
      out += element;
    } else {
      const auto before = static_cast<std::size_t>(origin.data() - element.data());
      out += element.substr(0, before);
      if (!append_known_origin(facts, reference, named, out)) {
        out.resize(start);
        return false;
      }
      out += element.substr(before + origin.size());
    }
    if (end < value.size()) out += ',';
    at = end + 1;
  }
  return true;
}

void append_location(const Facts& facts, std::string_view value, std::string& out) {
  if (!map_location(facts, value, out)) out += value;
}

void append_links(const Facts& facts, std::string_view value, std::string& out) {
  if (value.find('<') == npos) return append_location(facts, value, out);
  for (std::size_t at = 0; at < value.size();) {
    if (value[at] == '"') {
      const auto end = behind_quoted(value, at);
      out += value.substr(at, end - at);
      at = end;
    } else if (value[at] == '<') {
      const auto end = std::min(value.find('>', at), value.size());
      out += '<';
      append_padded(facts, value.substr(at + 1, end - at - 1), out);
      at = end;
    } else if (const auto anchor = anchor_value(value, at); anchor != npos) {
      out += value.substr(at, anchor - at);
      at = anchor;
      append_anchor(facts, value, at, out);
    } else {
      out += value[at++];
    }
  }
}

void append_refresh(const Facts& facts, std::string_view value, std::string& out) {
  const auto pass = [&](std::size_t at, std::string_view over) {
    return std::min(value.find_first_not_of(over, at), value.size());
  };
  std::size_t at = pass(pass(0, " \t"), "0123456789.");
  at = pass(at, " \t");
  if (at < value.size() && (value[at] == ';' || value[at] == ',')) ++at;
  at = pass(at, " \t");
  if (value.size() - at > 3 && http::iequals(value.substr(at, 3), "url")) {
    const auto equals = pass(at + 3, " \t");
    if (equals < value.size() && value[equals] == '=') at = pass(equals + 1, " \t");
  }
  auto end = value.size();
  if (at < end && (value[at] == '\'' || value[at] == '"')) {
    end = std::min(value.find(value[at], at + 1), value.size());
    ++at;
  }
  out += value.substr(0, at);
  append_padded(facts, value.substr(at, end - at), out);
  out += value.substr(end);
}

} // namespace ledgergate::route
