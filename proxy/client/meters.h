// The meters of clients and routes, by name: they live on across reloads, so that a reload gives nobody a fresh share.
//
// Invariants: by_name_ is guarded by lock_; a meter is used without it.
#pragma once

#include "client/meter.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace ledgergate::client {

class Meters {
public:
  [[nodiscard]] std::shared_ptr<Meter> of(const std::string& name) {
    const std::lock_guard guard(lock_);
    auto& meter = by_name_[name];
    if (!meter) meter = std::make_shared<Meter>();
    return meter;
  }

private:
  std::mutex lock_;
  std::map<std::string, std::shared_ptr<Meter>> by_name_;
};

} // namespace ledgergate::client
