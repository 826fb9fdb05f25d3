// What a caller's connection needs of the worker that it runs on, beyond what its requests need (state/services.h). Loop thread
// only.
#pragma once

#include "base/address.h"
#include "serve/handshakes.h"
#include "state/exchange.h"
#include "state/services.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace ledgergate {

class ConnectionServices : public Services {
public:
  ConnectionServices(Shared& shared, std::size_t number);
  ~ConnectionServices() override;

  [[nodiscard]] Handshakes& handshakes() noexcept { return handshakes_; }
  [[nodiscard]] Handshakes& trials() noexcept { return trials_; }
  void log_handshake_failure(const Endpoint& peer, const settings::Listener& listener, const Error& error);
  [[nodiscard]] std::uint64_t next_idled() noexcept { return ++idled_; } // for OpenConnection::idled
  // Moves a connection to the newest generation. False: its listener is gone, and nothing is published there any more.
  [[nodiscard]] bool refresh(std::shared_ptr<const Generation>& generation, std::size_t& listener) const;

  // An exchange for one request, kept for reuse.
  struct GiveBack {
    ConnectionServices* services;
    void operator()(Exchange* exchange) const noexcept { services->give_back(exchange); }
  };
  using Lease = std::unique_ptr<Exchange, GiveBack>;
  [[nodiscard]] Lease lease();

protected:
  // Those that nobody uses are given back to the heap.
  void drop_spare() noexcept { spare_.clear(); }

private:
  Handshakes handshakes_;
  Handshakes trials_;
  std::vector<std::unique_ptr<Exchange>> spare_;
  std::uint64_t idled_ = 0;

  void give_back(Exchange* exchange) noexcept;
};

} // namespace ledgergate
