// Where a server's own user and password are kept. The content is read elsewhere: it never stands in the settings.
#include "base/regular_file.h"
#include "settings/credentials_directory.h"
#include "settings/sections.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ledgergate::settings {

void read_credentials(const Value& value, std::string& out) {
  std::string file;
  if (!value.path_name(file)) return;
  // systemd.exec(5): LoadCredential= puts the file where only this service can read it.
  const std::string directory = credentials_directory();
  const std::filesystem::path written(value.words());
  bool also_there = false;
  if (!directory.empty() && written.is_relative()) {
    const std::string given = (std::filesystem::path(directory) / written).lexically_normal().string();
    std::error_code failure;
    also_there = true;
    if (std::filesystem::exists(given, failure)) file = given;
  }
  out = file; // even so: later checks ask whether there is one
  struct stat status {};
  if (stat(file.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR)
      return value.error("`credentials`: the file " + quote(file) + " does not exist" +
                         (also_there ? ", and neither does one of this name in $CREDENTIALS_DIRECTORY" : ""));
    return value.error("`credentials`: " + quote(file) + " can't be looked at: " + std::generic_category().message(errno));
  }
  if (!S_ISREG(status.st_mode)) return value.error("`credentials`: " + quote(file) + " is not a file");
  if ((status.st_mode & 07U) != 0)
    return value.error("`credentials`: every user of this machine can get at " + quote(file) + "; run: " + closing_words(file));
  if (faccessat(AT_FDCWD, file.c_str(), R_OK, AT_EACCESS) != 0)
    value.error("`credentials`: " + quote(file) + " can't be read: " + std::generic_category().message(errno));
}

} // namespace ledgergate::settings
