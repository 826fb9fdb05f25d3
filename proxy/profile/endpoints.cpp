// The endpoint tables. Sources: mserver: vendor documents 000 and 001; eshop: 002; onec and mobile_smarts: 003; apicomprem: 004.
#include "profile/endpoints.h"

#include <span>

namespace ledgergate::profile {
namespace {

using http::Method;
using settings::Profile;

constexpr unsigned bit(Method method) noexcept { return 1U << static_cast<unsigned>(method); }

struct Row {
  std::string_view path;
  bool below;       // paths below it too
  unsigned methods; // bits
  std::string_view allow;
};

// Vendor document 001: XML goes by POST only ("GET on it is not supported"), files by GET; HEAD asks the same of a file without its
// bytes. /status answers both GET and POST.
constexpr Row kMserver[] = {
    {"/xml", false, bit(Method::post), "POST"},
    {"/status", false, bit(Method::get) | bit(Method::post), "GET, POST"},
    {"/documents", true, bit(Method::get) | bit(Method::head), "GET, HEAD"},
};
// Vendor document 004: one address, one method.
constexpr Row kApicomprem[] = {{"/api/comm", false, bit(Method::post), "POST"}};
// Vendor document 002: POHODA sends every exchange as POST, to whatever page the shop has.
constexpr Row kEshop[] = {{"", true, bit(Method::post), "POST"}};

std::span<const Row> table(Profile profile) noexcept {
  switch (profile) {
  case Profile::mserver: return kMserver;
  case Profile::apicomprem: return kApicomprem;
  case Profile::eshop: return kEshop;
  case Profile::http:
  case Profile::onec:
  case Profile::mobile_smarts: break;
  }
  return {};
}

bool same(std::string_view a, std::string_view b, bool any_case) noexcept { return any_case ? http::iequals(a, b) : a == b; }

bool matches(const Row& row, std::string_view path, bool any_case) noexcept {
  if (path.size() < row.path.size() || !same(path.substr(0, row.path.size()), row.path, any_case)) return false;
  return path.size() == row.path.size() || (row.below && path[row.path.size()] == '/');
}

} // namespace

Endpoint check(Profile profile, Method method, std::string_view server_path) noexcept {
  const auto rows = table(profile);
  if (rows.empty()) return {};
  for (const Row& row : rows) {
    if (!matches(row, server_path, profile == Profile::mserver)) continue;
    if ((row.methods & bit(method)) != 0) return {};
    return {Verdict::method_not_allowed, row.allow};
  }
  return {Verdict::no_such_endpoint, {}};
}

bool describes_api(Profile profile, std::string_view path) noexcept {
  if (profile != Profile::mobile_smarts) return false;
  // "/swagger/ui/index", "/MobileSMARTS/swagger.json": any segment that begins so. Windows knows no case.
  constexpr std::string_view kSwagger = "/swagger";
  for (std::size_t at = path.find('/'); at != std::string_view::npos; at = path.find('/', at + 1))
    if (http::iequals(path.substr(at, kSwagger.size()), kSwagger)) return true;
  return false;
}

bool needs_length(Profile profile) noexcept { return profile == Profile::mserver || profile == Profile::apicomprem; }

// Both do one thing at a time (vendor documents 001 and 004: requests are serialised; commands that overlap are cancelled), so a
// request that was lost on a dying kept-alive connection would be in doubt for nothing.
bool fresh_for_unsafe(Profile profile) noexcept { return profile == Profile::mserver || profile == Profile::apicomprem; }

bool tells_status(Profile profile) noexcept { return profile == Profile::mserver; }

bool answers_while_busy(Profile profile, std::string_view target) noexcept {
  return tells_status(profile) && http::iequals(target, "/status"); // with a query (companyDetail) it is a command
}

bool asks_by_body(Profile profile, std::string_view server_path) noexcept {
  if (profile == Profile::mserver) return http::iequals(server_path, "/xml");
  return profile == Profile::apicomprem;
}

bool prints_server_name(Profile profile, std::string_view server_path) noexcept {
  return profile == Profile::mserver && http::iequals(server_path, "/status");
}

} // namespace ledgergate::profile
