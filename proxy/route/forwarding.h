// Who the caller is, told to the server: X-Forwarded-For/-Host/-Proto/-Port, Forwarded (RFC 7239), Via (RFC 9110 section 7.6.3).
#pragma once

#include "http/head.h"
#include "route/outgoing.h"

#include <string>
#include <vector>

namespace ledgergate::route {

// Which of them the message brought along, so that the common request, which has none, is read once only.
struct Brought {
  bool forwarded_for = false;
  bool forwarded = false;
  bool via = false;
};

void append_forwarding(const Facts& facts, const Brought& brought, std::string& out);

// "Via: <what stood there>, 1.<minor> ledgergate"; `minor` is that of the message that came in.
void append_via(const std::vector<http::Field>& fields, bool brought, std::uint8_t minor, std::string& out);

} // namespace ledgergate::route
