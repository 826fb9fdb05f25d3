#include "route/connection_options.h"

namespace ledgergate::route {
namespace {

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool names_no_field(std::string_view token) noexcept {
  return token.empty() || http::iequals(token, "close") || http::iequals(token, "keep-alive");
}

} // namespace

void ConnectionOptions::read(const std::vector<http::Field>& fields) {
  names_.clear();
  for (const auto& field : fields) {
    if (!http::iequals(field.name, "Connection") || names_no_field(field.value)) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const auto comma = rest.find(',');
      const auto token = trim(rest.substr(0, comma));
      if (!names_no_field(token)) names_.push_back(token);
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
  }
}

bool ConnectionOptions::names(std::string_view field) const noexcept {
  for (const auto name : names_)
    if (http::iequals(name, field)) return true;
  return false;
}

} // namespace ledgergate::route
