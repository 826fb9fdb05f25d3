#include "route/encoding.h"

#include "http/chars.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace ledgergate::route {
namespace {

using http::iequals;

// What is text, and what our servers speak. "+xml" and "+json" are suffixes (RFC 6839).
constexpr auto kUsualTypes = std::to_array<std::string_view>({
    "text/xml",
    "application/xml",
    "application/json",
    "text/plain",
    "text/html",
    "text/css",
    "text/javascript",
    "application/javascript",
    "application/soap+xml",
    "+xml",
    "+json",
});

bool matches(std::string_view type, std::string_view pattern) noexcept {
  if (pattern.empty() || pattern.size() > type.size()) return false;
  if (pattern.front() == '+') return iequals(type.substr(type.size() - pattern.size()), pattern);
  return iequals(type, pattern);
}

bool listed(const settings::Compress& compress, std::string_view content_type) noexcept {
  // mServer writes "text/xml;" (docs/vendors.md, mServer).
  const std::string_view type = http::trim(content_type.substr(0, content_type.find(';')));
  const auto is_it = [&](std::string_view pattern) { return matches(type, pattern); };
  if (compress.types.empty()) return std::any_of(kUsualTypes.begin(), kUsualTypes.end(), is_it);
  return std::any_of(compress.types.begin(), compress.types.end(), is_it);
}

// 206 and what has a Content-Range are parts of the server's own bytes. A 304 has no body, but speaks of the one that the caller
// keeps.
bool may_have_coding(std::uint16_t status) noexcept { return status >= 200 && status != 204 && status != 205 && status != 206; }

// A rule of the route that writes Content-Encoding knows something that we do not.
bool ruled(const settings::Route& route) noexcept {
  return std::any_of(route.reply_headers.begin(), route.reply_headers.end(),
                     [](const settings::HeaderRule& rule) { return iequals(rule.name, "Content-Encoding"); });
}

bool reply_allows(const settings::Compress& compress, const http::ReplyHead& reply) noexcept {
  if (!may_have_coding(reply.status)) return false;
  bool type_seen = false;
  for (const http::Field& field : reply.fields) {
    if (iequals(field.name, "Content-Type")) {
      if (!listed(compress, field.value)) return false;
      type_seen = true;
    }
    if (iequals(field.name, "Content-Encoding") || iequals(field.name, "Content-Range")) return false;
    // RFC 9111 section 5.2.2.6.
    if (iequals(field.name, "Cache-Control") && http::list_has(field.value, "no-transform")) return false;
  }
  return type_seen || reply.status == 304;
}

// They describe the bytes that the server sent (RFC 9530 sections 2 and 3, RFC 3230, RFC 1864; ranges: RFC 9110 section 14.3).
bool speaks_of_bytes(std::string_view name) noexcept {
  return iequals(name, "Content-Length") || iequals(name, "Content-MD5") || iequals(name, "Digest") ||
         iequals(name, "Content-Digest") || iequals(name, "Repr-Digest") || iequals(name, "Accept-Ranges");
}

} // namespace

Encoding choose_encoding(const Facts& facts, const http::ReplyHead& reply, std::optional<std::uint64_t> length) {
  const settings::Compress& compress = facts.route->compress;
  if (!compress.enabled || ruled(*facts.route) || !reply_allows(compress, reply)) return {};
  if (reply.status != 304 && length && (*length == 0 || *length < compress.min)) return {};
  // RFC 9111 section 5.2.1.6: what this caller asks for itself.
  const auto& asked = facts.request->fields;
  const bool as_it_is = http::lists(asked, "Cache-Control", "no-transform");
  return {true, as_it_is ? http::Coding::identity : http::preferred_coding(asked)};
}

std::optional<std::uint64_t> named_length(const http::ReplyHead& reply) noexcept {
  for (const http::Field& field : reply.fields) {
    if (!iequals(field.name, "Content-Length")) continue;
    std::uint64_t length = 0;
    const char* end = field.value.data() + field.value.size();
    const auto read = std::from_chars(field.value.data(), end, length);
    if (read.ec == std::errc() && read.ptr == end) return length;
  }
  return std::nullopt;
}

void tell_encoding(const http::ReplyHead& reply, http::Coding coding, http::ReplyHead& told, std::string& etag) {
  const bool coded = coding != http::Coding::identity;
  bool varies = false;
  told = reply;
  told.fields.clear();
  etag.clear();
  for (http::Field field : reply.fields) {
    if (iequals(field.name, "Vary") && (http::list_has(field.value, "*") || http::list_has(field.value, "Accept-Encoding")))
      varies = true;
    if (coded && speaks_of_bytes(field.name)) continue;
    if (coded && iequals(field.name, "ETag") && !field.value.starts_with("W/")) {
      if (!etag.empty()) continue; // a second one has no meaning (RFC 9110 section 5.3)
      etag = "W/";
      etag += field.value;
      field.value = etag;
    }
    told.fields.push_back(field);
  }
  // RFC 9110 section 15.4.5: a 304 has no representation metadata but what a cache needs to find the body it has.
  if (coded && reply.status != 304) told.fields.push_back({"Content-Encoding", http::to_string(coding)});
  if (!varies) told.fields.push_back({"Vary", "Accept-Encoding"});
}

} // namespace ledgergate::route
