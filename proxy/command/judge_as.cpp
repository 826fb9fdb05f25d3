#include "command/judge_as.h"

#include "enrol/service_account.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace ledgergate {
namespace {

struct Account {
  uid_t user = 0;
  gid_t group = 0;
  std::string name = {}; // empty: it has none
};

// These are of the main thread, before there is another one.
std::optional<Account> account_of(const std::string& name) {
  const auto number = enrol::account_number(name);
  const passwd* const found = number ? ::getpwuid(*number) : ::getpwnam(name.c_str()); // NOLINT(concurrency-mt-unsafe)
  if (found != nullptr) return Account{found->pw_uid, found->pw_gid, found->pw_name};
  return number ? std::optional(Account{*number, *number, ""}) : std::nullopt; // it has no entry, and runs all the same
}

std::optional<gid_t> group_of(const std::string& name) {
  if (const auto number = enrol::account_number(name)) return number;
  const group* const found = ::getgrnam(name.c_str()); // NOLINT(concurrency-mt-unsafe)
  return found != nullptr ? std::optional(found->gr_gid) : std::nullopt;
}

std::vector<gid_t> groups_of(const std::string& user, gid_t own, const std::vector<std::string>& more) {
  std::vector<gid_t> groups(64);
  int count = static_cast<int>(groups.size());
  if (user.empty()) {
    groups.front() = own;
    count = 1;
  }
  while (!user.empty() && ::getgrouplist(user.c_str(), own, groups.data(), &count) < 0)
    groups.resize(static_cast<std::size_t>(count));
  groups.resize(static_cast<std::size_t>(count));
  for (const std::string& name : more)
    if (const auto number = group_of(name)) groups.push_back(*number);
  return groups;
}

// The saved user stays root, so that there is a way back.
bool become(const Account& account, const std::vector<gid_t>& groups) {
  return ::setgroups(groups.size(), groups.data()) == 0 && ::setresgid(account.group, account.group, 0) == 0 &&
         ::setresuid(account.user, account.user, 0) == 0;
}

} // namespace

bool is_installed(const std::string& settings_file) {
  // As root: a directory on the way may be closed to the service.
  std::error_code failure;
  const std::filesystem::path named = std::filesystem::absolute(settings_file, failure).lexically_normal();
  const std::filesystem::path real = std::filesystem::weakly_canonical(named, failure);
  return named.string().starts_with("/etc/") || real.string().starts_with("/etc/");
}

bool judge_as(const std::string& user, const ServiceUnit& unit, const std::string& settings_file, std::string& doubt,
              std::string& why) {
  if (::geteuid() != 0) {
    if (!user.empty()) why = "--user is for root";
    return user.empty();
  }
  const bool of_unit = user.empty() || user == unit.user;
  const std::string& name = user.empty() ? unit.user : user;
  auto account = account_of(name);
  if (!account) {
    if (!user.empty()) why = "there is no user " + user;
    if (!unit.file.empty() && user.empty())
      doubt = "there is no user " + name + ", which " + unit.file + " names: what the settings name is judged as root reads it";
    return user.empty();
  }
  if (account->user == 0) return true;
  if (const auto group = of_unit && !unit.group.empty() ? group_of(unit.group) : std::nullopt) account->group = *group;
  const bool installed = is_installed(settings_file);
  const auto groups = groups_of(account->name, account->group, of_unit ? unit.supplementary_groups : std::vector<std::string>());
  std::vector<gid_t> before(65536);
  const int count = ::getgroups(static_cast<int>(before.size()), before.data());
  before.resize(static_cast<std::size_t>(std::max(count, 0)));
  if (!become(*account, groups)) {
    why = "can't judge as user " + name + ": " + std::generic_category().message(errno);
    return false;
  }
  if (!user.empty() || ::faccessat(AT_FDCWD, settings_file.c_str(), R_OK, AT_EACCESS) == 0 || errno != EACCES) return true;
  if (installed) return true; // it is told as it is: the service can't read it
  if (::setresuid(0, 0, 0) != 0 || ::setresgid(0, 0, 0) != 0 || ::setgroups(before.size(), before.data()) != 0) {
    why = "can't be root again: " + std::generic_category().message(errno);
    return false;
  }
  doubt = settings_file + " can't be read by " + name + ", the service's user: what it names is judged as root reads it";
  return true;
}

} // namespace ledgergate
