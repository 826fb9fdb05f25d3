#include "client/in_force.h"

#include <cstdint>
#include <ctime>

namespace ledgergate::client {

Result<void> in_force(const settings::Client& client) {
  if (client.disabled) return Error{Cause::client_disabled, "disabled"};
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  if (client.valid_from && now < *client.valid_from) return Error{Cause::client_disabled, "not valid yet"};
  if (client.valid_until && now >= *client.valid_until) return Error{Cause::client_disabled, "no longer valid"};
  return {};
}

} // namespace ledgergate::client
