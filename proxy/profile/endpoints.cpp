// The endpoint tables. Why they are as they are: docs/vendors.md.
#include "profile/endpoints.h"

#include "http/path_readings.h"

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

// docs/vendors.md, mServer: XML goes by POST only ("GET on it is not supported"), files by GET; HEAD asks the same of a file
// without its bytes. /status answers both GET and POST.
constexpr Row kMserver[] = {
    {"/xml", false, bit(Method::post), "POST"},
    {"/status", false, bit(Method::get) | bit(Method::post), "GET, POST"},
    {"/documents", true, bit(Method::get) | bit(Method::head), "GET, HEAD"},
};
// docs/vendors.md, ApiComPrem: one address, one method.
constexpr Row kApicomprem[] = {{"/api/comm", false, bit(Method::post), "POST"}};
// docs/vendors.md, Shops: POHODA sends every exchange as POST, to whatever page the shop has.
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

struct Place {
  std::string_view name; // "/xml"
  bool below = false;    // the path goes on behind it
};

// The endpoint of a path. An mserver's is read loosely: letters in any case, slashes in a row as one, slashes at the end as none.
// Its clients join "http://host:444/" and "/xml", and Stormware's own documents write /xml and /XML.
Place mserver_place(std::string_view path) noexcept {
  while (path.starts_with("//")) path.remove_prefix(1);
  const std::size_t end = path.find('/', 1);
  if (path.empty() || end == std::string_view::npos) return {path};
  return {path.substr(0, end), path.find_first_not_of('/', end) != std::string_view::npos};
}

bool matches(const Row& row, std::string_view path, bool loosely) noexcept {
  if (loosely) {
    const Place place = mserver_place(path);
    return http::iequals(place.name, row.path) && (row.below || !place.below);
  }
  if (!path.starts_with(row.path)) return false;
  return path.size() == row.path.size() || (row.below && path[row.path.size()] == '/');
}

bool is_mserver_place(Profile profile, std::string_view path, std::string_view place) noexcept {
  if (profile != Profile::mserver) return false;
  const Place found = mserver_place(path);
  return http::iequals(found.name, place) && !found.below;
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

bool describes_api(Profile profile, std::string_view path) {
  if (profile != Profile::mobile_smarts) return false;
  // "/swagger/ui/index", "/MobileSMARTS/swagger.json": any segment that begins so, in any reading (Windows knows no case, and
  // more).
  http::PathReadings readings(path, http::PathReadings::Text::decoded);
  while (readings.next())
    if (http::could_hold_name(readings.text(), U"swagger")) return true;
  return !readings.complete();
}

bool needs_length(Profile profile) noexcept { return profile == Profile::mserver || profile == Profile::apicomprem; }

// Both do one thing at a time (docs/vendors.md, mServer and ApiComPrem: requests are serialised; commands that overlap are
// cancelled), so a request that was lost on a dying kept-alive connection would be in doubt for nothing.
bool fresh_for_unsafe(Profile profile) noexcept { return profile == Profile::mserver || profile == Profile::apicomprem; }

bool tells_status(Profile profile) noexcept { return profile == Profile::mserver; }

bool answers_while_busy(Profile profile, std::string_view target) noexcept {
  return tells_status(profile) && http::iequals(target, "/status"); // with a query (companyDetail) it is a command
}

bool asks_by_body(Profile profile, std::string_view server_path) noexcept {
  return profile == Profile::apicomprem || is_mserver_place(profile, server_path, "/xml");
}

bool is_status(Profile profile, std::string_view server_path) noexcept { return is_mserver_place(profile, server_path, "/status"); }

} // namespace ledgergate::profile
