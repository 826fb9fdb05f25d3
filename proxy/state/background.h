// A story of the worker's own that outlives the request it came from (a question to a server, a place that is still held): counted
// among the worker's connections, so that a drain waits for it and can end it.
#pragma once

#include "state/services.h"

namespace ledgergate {

class Background {
public:
  Background(Services& services, io::Wake& wake) : services_(services) {
    open_.wake = &wake;
    services_.opened(open_);
  }
  ~Background() { services_.closed(open_); }
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

private:
  Services& services_;
  OpenConnection open_;
};

} // namespace ledgergate
