#include "enrol/service_account.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#include <charconv>
#include <system_error>
#include <vector>

namespace ledgergate::enrol {

std::optional<id_t> account_number(const std::string& text) {
  id_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = !text.empty() && failure == std::errc{} && end == text.data() + text.size();
  return whole && number != static_cast<id_t>(-1) ? std::optional(number) : std::nullopt;
}

Edge look_up(const ServiceAccount& account) {
  Edge edge;
  std::vector<char> space(16'384);
  struct passwd person {};
  struct passwd* person_found = nullptr;
  if (const auto number = account_number(account.user))
    edge.user = number;
  else if (::getpwnam_r(account.user.c_str(), &person, space.data(), space.size(), &person_found) == 0 && person_found != nullptr)
    edge.user = person.pw_uid;
  if (person_found == nullptr && edge.user)
    static_cast<void>(::getpwuid_r(*edge.user, &person, space.data(), space.size(), &person_found));
  std::optional<gid_t> group = account_number(account.group);
  if (account.group.empty() && person_found != nullptr) group = person.pw_gid;
  // sysusers makes a group of the user's name, which may stand without the user.
  const std::string name = account.group.empty() ? account.user : account.group;
  struct group entry {};
  struct group* found = nullptr;
  const int failed = group ? ::getgrgid_r(*group, &entry, space.data(), space.size(), &found)
                           : ::getgrnam_r(name.c_str(), &entry, space.data(), space.size(), &found);
  if (failed == 0 && found != nullptr) {
    edge.group = entry.gr_gid;
    edge.group_name = entry.gr_name;
  } else if (group) {
    edge.group = group;
    edge.group_name = std::to_string(*group);
  }
  return edge;
}

bool lets(const Edge& edge, const FileFacts& file, mode_t bits) noexcept {
  const auto class_lets = [&](unsigned shift) { return (file.mode >> shift & bits) == bits; };
  if (edge.user == uid_t{0}) return true;
  if (edge.user && file.user == *edge.user) return class_lets(6);
  return class_lets(0) || (edge.group && file.group == *edge.group && class_lets(3));
}

std::string reach_doubt(const Edge& edge, const std::filesystem::path& file) {
  std::error_code failure;
  const std::filesystem::path whole = std::filesystem::weakly_canonical(std::filesystem::absolute(file, failure), failure);
  if (failure || !edge.group) return "";
  std::filesystem::path at;
  for (const auto& each : whole) {
    at /= each;
    struct stat about {};
    if (::stat(at.c_str(), &about) != 0) return "";
    const FileFacts facts{about.st_uid, about.st_gid, about.st_mode & 0777U};
    if (S_ISDIR(about.st_mode) && !lets(edge, facts, 1))
      return at.string() + ": the edge can't pass it, and can't read " + file.string() + "; run: chmod a+x " + at.string();
    if (!S_ISDIR(about.st_mode) && !lets(edge, facts, 4))
      return file.string() + ": the edge can't read it; run: chmod a+r " + file.string();
  }
  return "";
}

} // namespace ledgergate::enrol
