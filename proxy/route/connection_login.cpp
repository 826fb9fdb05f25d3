#include "route/connection_login.h"

#include "http/chars.h"
#include "route/field_names.h"

#include <algorithm>
#include <cstddef>

namespace ledgergate::route {
namespace {

constexpr std::string_view kSchemes[] = {"NTLM", "Negotiate", "Kerberos", "Nego2"};

bool in_word(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

} // namespace

bool names_connection_scheme(std::string_view value) noexcept {
  for (std::size_t at = 0; at < value.size();) {
    std::size_t end = at;
    while (end < value.size() && in_word(value[end])) ++end;
    const std::string_view word = value.substr(at, end - at);
    if (std::any_of(std::begin(kSchemes), std::end(kSchemes), [&](std::string_view scheme) { return http::iequals(word, scheme); }))
      return true;
    at = end + 1;
  }
  return false;
}

bool begins_connection_login(const http::RequestHead& request) noexcept {
  return std::any_of(request.fields.begin(), request.fields.end(), [](const http::Field& field) {
    return same_variable(field.name, "Authorization") && names_connection_scheme(field.value);
  });
}

// Persistent-Auth is IIS's word for it. (Proxy-Authenticate goes no further, so no login follows; it is no reason to be sure.)
bool tells_connection_login(const http::ReplyHead& reply) noexcept {
  return std::any_of(reply.fields.begin(), reply.fields.end(), [](const http::Field& field) {
    if (same_variable(field.name, "Persistent-Auth")) return true;
    const bool challenge = same_variable(field.name, "WWW-Authenticate") || same_variable(field.name, "Proxy-Authenticate");
    return challenge && names_connection_scheme(field.value);
  });
}

} // namespace ledgergate::route
