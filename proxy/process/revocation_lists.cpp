#include "process/revocation_lists.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace ledgergate {

bool has_revocation_lists(const settings::Settings& settings) {
  return std::any_of(settings.listeners.begin(), settings.listeners.end(), [](const settings::Listener& each) {
    return !each.callers.crl.empty() ||
           std::any_of(each.names.begin(), each.names.end(), [](const auto& name) { return !name.second.crl.empty(); });
  });
}

std::string state_of_revocation_lists(const settings::Settings& settings) {
  std::string out;
  const auto add = [&](const settings::CallerCertificates& callers) {
    struct stat about {};
    if (callers.crl.empty()) return;
    if (::stat(callers.crl.c_str(), &about) != 0) {
      out += callers.crl + " can't be found: " + std::to_string(errno) + '\n';
      return;
    }
    out += callers.crl + ' ' + std::to_string(about.st_dev) + ' ' + std::to_string(about.st_ino) + ' ' +
           std::to_string(about.st_size) + ' ' + std::to_string(about.st_mtim.tv_sec) + '.' +
           std::to_string(about.st_mtim.tv_nsec) + ' ' + std::to_string(about.st_ctim.tv_sec) + '.' +
           std::to_string(about.st_ctim.tv_nsec) + '\n';
  };
  for (const auto& listener : settings.listeners) {
    add(listener.callers);
    for (const auto& [name, callers] : listener.names) add(callers);
  }
  return out;
}

} // namespace ledgergate
