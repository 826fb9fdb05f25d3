#include "flow.h"

#include "exchange.h"

namespace ledgergate {

std::string flow_of(const Exchange& x) {
  if (!x.facts.client_name.empty()) return "client " + std::string(x.facts.client_name); // no address looks so
  const IpAddress& ip = x.facts.client_ip;
  if (!ip.v6) return ip.text();
  IpAddress network = ip;
  for (std::size_t i = 8; i < network.bytes.size(); ++i) network.bytes[i] = 0;
  return network.text();
}

} // namespace ledgergate
