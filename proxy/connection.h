// One caller's connection: TLS, then heads and exchanges until either side has had enough. (HTTP/1.x.)
#pragma once

#include "capacity.h"
#include "exchange.h"
#include "io/task.h"

#include <memory>

namespace ledgergate {

struct Generation;
class Worker;

// What a worker knows of each open connection, to end them on drain. In the connection itself.
struct OpenConnection {
  io::Wake* wake = nullptr;
  OpenConnection* next = nullptr;
  OpenConnection* previous = nullptr;
};

// Runs by itself until the connection is closed. `listener` is the index in the generation's settings. Throws std::bad_alloc when
// there is no memory to begin; later it ends the connection.
void serve_connection(Worker& worker, std::shared_ptr<const Generation> generation, std::size_t listener, io::Stream::Ptr client,
                      const Endpoint& peer, Slot slot);

} // namespace ledgergate
