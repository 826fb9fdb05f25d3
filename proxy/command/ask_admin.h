// One question to the running edge, at the administrator's door. Blocking: for sub-commands, never on a loop.
#pragma once

#include "base/address.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace ledgergate {

struct AdminAnswer {
  std::uint16_t status = 0;
  std::string body;
};

// `request_line` without the version: "GET /bans". False: nobody answers, or not in time; `why` says so.
bool ask_admin(const Endpoint& door, std::string_view request_line, AdminAnswer& answer, std::string& why);

} // namespace ledgergate
