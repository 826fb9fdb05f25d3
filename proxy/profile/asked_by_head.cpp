#include "profile/asked_by_head.h"

#include "http/chars.h"
#include "http/query.h"
#include "profile/endpoints.h"
#include "settings/known_operations.h"

#include <algorithm>
#include <optional>
#include <string>

namespace ledgergate::profile {
namespace {

constexpr std::string_view kParameter = "companydetail";

// Letters beyond ASCII that some code page makes ASCII ones of, and controls that end or vanish from a name, are not told from it.
bool could_be_parameter(std::string_view query) {
  std::string text(query);
  for (int i = 0; i < 2 && text.find('%') != std::string::npos; ++i) {
    auto next = http::percent_decoded(text);
    if (!next) return true;
    text = std::move(*next);
  }
  for (char& c : text) {
    if (c == '%' || c < 0x20 || c > 0x7E) return true;
    c = http::lower(c);
  }
  return text.find(kParameter) != std::string::npos;
}

} // namespace

std::string_view asked_by_head(std::string_view server_path, std::string_view query, bool has_body) {
  if (asks_by_body(settings::Profile::mserver, server_path)) return {};
  if (!is_status(settings::Profile::mserver, server_path)) return settings::kDocuments;
  return has_body || could_be_parameter(query) ? settings::kCompanyDetail : std::string_view();
}

} // namespace ledgergate::profile
