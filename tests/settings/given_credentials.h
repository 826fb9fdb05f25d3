// $CREDENTIALS_DIRECTORY as systemd gives it, with a `pohoda.cred` in it, for as long as this lives.
#pragma once

#include "temporary_directory.h"

#include <cstdlib>
#include <filesystem>

namespace ledgergate::tests {

class GivenCredentials {
public:
  GivenCredentials() {
    std::filesystem::permissions(directory_.write("pohoda.cred", "user:password\n"), std::filesystem::perms::owner_read);
    setenv("CREDENTIALS_DIRECTORY", directory_.path().c_str(), 1);
  }
  ~GivenCredentials() { unsetenv("CREDENTIALS_DIRECTORY"); }
  GivenCredentials(const GivenCredentials&) = delete;
  GivenCredentials& operator=(const GivenCredentials&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return directory_.path(); }

private:
  TemporaryDirectory directory_;
};

} // namespace ledgergate::tests
