// Where systemd has put what LoadCredential= says (systemd.exec(5), "Credentials").
#pragma once

#include <string>

namespace ledgergate::settings {

// $CREDENTIALS_DIRECTORY; "" when there is none. In an ExecReload= of some versions (252 to 257) it can't be seen where the service
// has mounts of its own (https://github.com/systemd/systemd/issues/35227): then it is looked at through the service's process,
// $MAINPID.
[[nodiscard]] std::string credentials_directory();

// The place at which `path` can be opened: the same, but for one in a $CREDENTIALS_DIRECTORY that is looked at through that
// process.
[[nodiscard]] std::string place_of_credential(std::string path);

} // namespace ledgergate::settings
