// A story of the worker's own that outlives the request it came from (a question to a server, a place that is still held): counted
// among the worker's connections, so that a drain waits for it and can end it.
#pragma once

#include "worker.h"

namespace ledgergate {

class Background {
public:
  Background(Worker& worker, io::Wake& wake) : worker_(worker) {
    open_.wake = &wake;
    worker_.opened(open_);
  }
  ~Background() { worker_.closed(open_); }
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

private:
  Worker& worker_;
  OpenConnection open_;
};

} // namespace ledgergate
