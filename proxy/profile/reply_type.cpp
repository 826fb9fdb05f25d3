#include "profile/reply_type.h"

namespace ledgergate::profile {
namespace {

// The media type without its parameters (RFC 9110 section 8.3.1). A lone ';' behind it is nobody's mistake: mServer writes it.
std::string_view media_type(std::string_view value) noexcept {
  value = value.substr(0, value.find(';'));
  while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
  return value;
}

} // namespace

std::string_view wrong_type(settings::Profile profile, const http::ReplyHead& reply) noexcept {
  if (profile != settings::Profile::eshop) return {};
  // The shop asks POHODA's user for a password: by the status alone POHODA says so, and the challenge must get through.
  if (reply.status == 401) return {};
  // Followed, it would lead around the edge, or turn the POST into a GET (RFC 9110 section 15.4), which these services don't serve.
  if (reply.status >= 300 && reply.status < 400) return "the shop redirects: is `url` the name that it answers under?";
  bool typed = false;
  for (const auto& field : reply.fields) {
    if (!http::iequals(field.name, "Content-Type")) continue;
    typed = http::iequals(media_type(field.value), "text/xml");
    if (!typed) break;
  }
  if (typed) return {};
  if (reply.status == 404) return "the shop has no such page (404)";
  if (reply.status >= 500) return "the shop's program failed (5xx), and it shows a page instead of text/xml";
  if (reply.status >= 400) return "the shop refuses (4xx), and it shows a page instead of text/xml";
  return "not text/xml";
}

} // namespace ledgergate::profile
