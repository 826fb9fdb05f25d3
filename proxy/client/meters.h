// The meters of clients and routes, by name: they live on across reloads, so that a reload gives nobody a fresh share.
//
// Invariants: by_name_ is guarded by lock_, and has no null in it; a meter is used without it.
#pragma once

#include "client/meter.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace ledgergate::client {

class Meters {
public:
  // Throws std::bad_alloc, and nothing has happened then.
  [[nodiscard]] std::shared_ptr<Meter> of(const std::string& name) {
    const std::lock_guard guard(lock_);
    if (const auto known = by_name_.find(name); known != by_name_.end()) return known->second;
    return by_name_.emplace(name, std::make_shared<Meter>()).first->second;
  }

private:
  std::mutex lock_;
  std::map<std::string, std::shared_ptr<Meter>> by_name_;
};

} // namespace ledgergate::client
