// One caller's connection: TLS, then heads and exchanges until either side has had enough. (HTTP/1.x.)
#pragma once

#include "io/task.h"
#include "state/capacity.h"
#include "state/exchange.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace ledgergate {

struct Generation;
class ConnectionServices;

// Runs by itself until the connection is closed. `listener` is the index in the generation's settings. Throws std::bad_alloc when
// there is no memory to begin; later it ends the connection.
void serve_connection(ConnectionServices& services, std::shared_ptr<const Generation> generation, std::size_t listener,
                      io::Stream::Ptr client, const Endpoint& peer, Slot slot);

} // namespace ledgergate
