#include "profile/secret_parameters.h"

#include <array>

namespace ledgergate::profile {
namespace {

// 1C's web client takes user and password from its address (`?N=…&P=…`), as its programs do from their command line (/N, /P, /UC,
// /WSN, /WSP) and from connection strings (Usr=, Pwd=, Wsn=, Wsp=), and hands them on as `e1cib/login?cred=…`. A user is masked,
// too: in 1C that is often a person's full name, and half of a login.
constexpr auto kOneC = std::to_array<std::string_view>({"cred", "usr", "pwd", "psw", "n", "p", "uc", "wsn", "wsp", "susr", "spwd"});

} // namespace

std::span<const std::string_view> secret_parameters(settings::Profile profile) noexcept {
  if (profile == settings::Profile::onec) return kOneC;
  return {}; // the others have theirs in fields, or under names that are known everywhere
}

std::span<const std::string_view> all_secret_parameters() noexcept { return kOneC; }

} // namespace ledgergate::profile
