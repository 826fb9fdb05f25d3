#include "process/door_keeper.h"

#include "listen/sockets.h"
#include "observe/log_ring.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ledgergate {
namespace {
using observe::event;
using settings::LogLevel;
} // namespace

void DoorKeeper::take_over() { activated_ = listen::activated_sockets(); }

listen::Sockets DoorKeeper::open_one(const settings::Listener& listener, std::size_t workers) const {
  const auto given = std::find_if(activated_.begin(), activated_.end(),
                                  [&](const listen::Activated& each) { return each.address == listener.address; });
  if (given == activated_.end()) return listen::open_sockets(listener.address, workers);
  // An activated socket is shared: every worker accepts from it.
  listen::Sockets sockets;
  sockets.bound = given->address;
  sockets.descriptors.reserve(workers);
  for (std::size_t i = 0; i < workers; ++i) {
    const int shared = ::fcntl(given->descriptor, F_DUPFD_CLOEXEC, 0);
    if (shared < 0)
      sockets.error = std::string("can't share the activated socket: ") + std::strerror(errno);
    else
      sockets.descriptors.push_back(shared);
  }
  if (!sockets.error.empty())
    for (const int open : sockets.descriptors) ::close(open);
  return sockets;
}

// Its callers would wait in the kernel's queue for ever, and nobody would know why.
void DoorKeeper::warn_of_idle_sockets(const Snapshot& snapshot) const {
  const auto& listeners = snapshot.settings->listeners;
  for (const listen::Activated& given : activated_)
    if (std::none_of(listeners.begin(), listeners.end(),
                     [&](const settings::Listener& listener) { return listener.address == given.address; }))
      event(LogLevel::warning,
            "systemd handed over " + given.address.text() + ", but no listener has this address: nobody answers there");
}

bool DoorKeeper::open(const Snapshot& snapshot, std::size_t workers, DoorOrders& orders, std::string& error) const {
  orders.clear();
  orders.resize(workers);
  const auto& listeners = snapshot.settings->listeners;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    if (!snapshot.listeners[i].enabled) continue;
    const std::string key = door_key(listeners[i]);
    for (auto& order : orders) order.push_back({i, key, nullptr});
    if (std::find(doors_.begin(), doors_.end(), key) != doors_.end()) continue;
    for (auto& order : orders) order.back().made = std::make_unique<Door>(key, i, -1);
    const listen::Sockets sockets = open_one(listeners[i], workers);
    if (!sockets.error.empty()) {
      error = "listener " + listeners[i].name + ": " + sockets.error;
      return false;
    }
    for (std::size_t w = 0; w < workers; ++w) orders[w].back().made->descriptor = sockets.descriptors[w];
    if (!sockets.warning.empty()) event(LogLevel::warning, sockets.warning);
    event(LogLevel::info, "listening " + listeners[i].name + " " + sockets.bound.text());
  }
  warn_of_idle_sockets(snapshot);
  return true;
}

std::vector<std::string> DoorKeeper::keys_of(const DoorOrders& orders) {
  std::vector<std::string> keys;
  for (const DoorOrder& order : orders.front()) keys.push_back(order.key);
  return keys;
}

} // namespace ledgergate
