#include "state/flow.h"

#include "state/exchange.h"

namespace ledgergate {

std::string flow_of(const Exchange& x) {
  // A blank before it: no address begins with one.
  if (x.client != nullptr) return " " + x.client->name;
  return client::network_of(x.facts.client_ip).text();
}

} // namespace ledgergate
