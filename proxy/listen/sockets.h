// Listening sockets: opened on the main thread, handed to the workers as descriptors.
#pragma once

#include "base/address.h"

#include <string>
#include <vector>

namespace ledgergate::listen {

struct Sockets {
  std::vector<int> descriptors; // one a worker, listening, non-blocking, close-on-exec; the caller owns them
  Endpoint bound;               // with the port the kernel chose, when port 0 was asked for
  std::string warning;          // fell back to IPv4
  std::string error;            // why there are none
};

// Binds `address` `workers` times with SO_REUSEPORT. A first bind without it finds another process on the port, which
// SO_REUSEPORT alone would let us join (socket(7)). "[::]" is dual stack; without IPv6 it becomes 0.0.0.0.
[[nodiscard]] Sockets open_sockets(const Endpoint& address, std::size_t workers);

// Sockets handed over by systemd (LISTEN_FDS) that listen on TCP; each is used by all workers. Matched by address.
struct Activated {
  Endpoint address;
  int descriptor = -1;
};
[[nodiscard]] std::vector<Activated> activated_sockets();

} // namespace ledgergate::listen
