// The fields that a message's Connection names: they are for the sender's own connection and are not forwarded (RFC 9110
// section 7.6.1).
#pragma once

#include "http/head.h"

#include <string_view>
#include <vector>

namespace ledgergate::route {

class ConnectionOptions {
public:
  // Reads all Connection fields, once a message. "close" and "keep-alive", which most messages say, name no field.
  void read(const std::vector<http::Field>& fields);
  [[nodiscard]] bool names(std::string_view field) const noexcept;

private:
  std::vector<std::string_view> names_;
};

} // namespace ledgergate::route
