#include "http/head.h"

#include "http/chars.h"

namespace ledgergate::http {
void RequestHead::clear() noexcept {
  method = Method::other;
  method_text = {};
  target = {};
  minor = 1;
  fields.clear();
  body = {};
  keep_alive = true;
  connection_close = false;
  expect_continue = false;
  host = {};
  has_host = false;
}

void ReplyHead::clear() noexcept {
  status = 0;
  reason = {};
  minor = 1;
  fields.clear();
  body = {};
  keep_alive = true;
}

bool iequals(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

bool list_has(std::string_view list, std::string_view token) noexcept {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (iequals(trim(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
  return false;
}

bool is_hop_by_hop(std::string_view name) noexcept {
  switch (name.size()) {
  case 2: return iequals(name, "te");
  case 7: return iequals(name, "trailer") || iequals(name, "upgrade");
  case 10: return iequals(name, "connection") || iequals(name, "keep-alive");
  case 16: return iequals(name, "proxy-connection");
  case 17: return iequals(name, "transfer-encoding");
  case 18: return iequals(name, "proxy-authenticate");
  case 19: return iequals(name, "proxy-authorization");
  case 25: return iequals(name, "proxy-authentication-info");
  default: return false;
  }
}

} // namespace ledgergate::http
