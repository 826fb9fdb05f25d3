#include "inspect/rules.h"

#include "base/wildcard.h"
#include "http/head.h"
#include "inspect/json_command.h"
#include "settings/known_operations.h"

#include <algorithm>
#include <span>

namespace ledgergate::inspect {
namespace {

using settings::Profile;

// docs/vendors.md, ApiComPrem: INFO says of itself that it is an OUT command, FA_OUT is asked with queryFields; VERZEAPI tells the
// version.
constexpr std::string_view kOut[] = {"INFO", "VERZEAPI", "FA_OUT"};
constexpr std::string_view kIn[] = {"PARTNERI_ADD"};

bool listed(std::string_view name, std::span<const std::string_view> vendors, const std::vector<std::string>& own) noexcept {
  return std::any_of(vendors.begin(), vendors.end(), [&](std::string_view one) { return http::iequals(one, name); }) ||
         std::any_of(own.begin(), own.end(), [&](const std::string& one) { return wildcard_matches(one, name, true); });
}

bool reads(Profile profile, std::string_view name, const settings::Commands& commands) noexcept {
  if (profile == Profile::apicomprem) return listed(name, kOut, commands.out) && !listed(name, kIn, commands.in);
  return wildcard_matches("list*Request", name, false);
}

bool writes(Profile profile, std::string_view name, const settings::Commands& commands) noexcept {
  if (profile == Profile::apicomprem) return listed(name, kIn, commands.in);
  return !reads(profile, name, commands);
}

bool allows(Profile profile, std::string_view rule, std::string_view name, const settings::Commands& commands) noexcept {
  const bool json = profile == Profile::apicomprem;
  if (!json && settings::is_named_by_head(name)) return rule == name;
  if (json && http::iequals(name, kSelect)) return http::iequals(rule, kSelect);
  if (rule == "read") return reads(profile, name, commands);
  if (rule == "write") return writes(profile, name, commands);
  return wildcard_matches(rule, name, json);
}

} // namespace

const std::string* first_denied(Profile profile, const std::vector<std::string>& allowed,
                                const std::vector<std::string>& operations, const settings::Commands& commands) noexcept {
  for (const std::string& name : operations) {
    const bool allowed_by_default = allowed.empty() && !(profile == Profile::apicomprem && http::iequals(name, kSelect));
    const bool allowed_by_rule =
        std::any_of(allowed.begin(), allowed.end(), [&](const std::string& rule) { return allows(profile, rule, name, commands); });
    if (!allowed_by_default && !allowed_by_rule) return &name;
  }
  return nullptr;
}

} // namespace ledgergate::inspect
