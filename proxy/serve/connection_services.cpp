#include "serve/connection_services.h"

#include "observe/log_ring.h"

#include <algorithm>
#include <string>

namespace ledgergate {
namespace {
constexpr std::size_t kSpareExchanges = 64;
constexpr std::size_t kSpareBytes = 64 * 1024; // of each
} // namespace

ConnectionServices::ConnectionServices(Shared& shared, std::size_t number) : Services(shared, number) {
  spare_.reserve(kSpareExchanges); // here: give_back() must not fail
}
ConnectionServices::~ConnectionServices() = default;

bool ConnectionServices::refresh(std::shared_ptr<const Generation>& generation, std::size_t& listener) const {
  if (generation == current_) return true;
  const std::string key = door_key(generation->settings().listeners[listener]);
  const auto& listeners = current_->settings().listeners;
  const auto same =
      std::find_if(listeners.begin(), listeners.end(), [&](const settings::Listener& each) { return door_key(each) == key; });
  // A listener that is gone, or that changed between plain and TLS, ends its connections.
  if (same == listeners.end() || (same->kind == settings::ListenerKind::https) != (generation->front(listener) != nullptr))
    return false;
  generation = current_;
  listener = static_cast<std::size_t>(same - listeners.begin());
  return true;
}

ConnectionServices::Lease ConnectionServices::lease() {
  if (spare_.empty()) return Lease(new Exchange, GiveBack{this});
  Lease lease(spare_.back().release(), GiveBack{this});
  spare_.pop_back();
  return lease;
}

void ConnectionServices::give_back(Exchange* exchange) noexcept {
  std::unique_ptr<Exchange> owned(exchange);
  // One that has grown is not kept: what it holds is nobody's.
  if (spare_.size() < kSpareExchanges && owned->held() <= kSpareBytes) spare_.push_back(std::move(owned));
}

void ConnectionServices::log_handshake_failure(const Endpoint& peer, const settings::Listener& listener, const Error& error) {
  std::string text = std::string(error.cause == Cause::client_tls ? "TLS handshake failed" : "connection refused") +
                     ": client=" + peer.ip.text() + " listener=" + listener.name +
                     " cause=" + std::string(describe(error.cause).name) + ": ";
  text += error.detail;
  observe::event(settings::LogLevel::info, text);
}

} // namespace ledgergate
