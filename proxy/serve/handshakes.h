// The TLS handshakes that a worker has in flight: each holds memory before anything is known of its caller. Beyond the bound the
// one that has taken longest gives way, which is hardly ever one of those who mean it: they are through in a moment. The same of
// the connections on trial: those beyond `address_limits.connections` that are open until their first request has shown whether a
// client is behind it.
//
// Invariants: loop thread only. In the list are those that have not given way, oldest first.
#pragma once

#include "io/wake.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace ledgergate {

class Handshake;

struct Handshakes {
  std::size_t workers = 1; // that share the bound
  Handshake* oldest = nullptr;
  Handshake* newest = nullptr;
  std::size_t count = 0;
};

// One of them, for as long as it lives. Its story waits on `wake` for nothing but its caller and its deadline.
class Handshake {
public:
  // `most`: over all workers.
  Handshake(Handshakes& all, io::Wake& wake, std::uint32_t most) : all_(all), wake_(wake), before_(all.newest) {
    (before_ != nullptr ? before_->after_ : all_.oldest) = this;
    all_.newest = this;
    if (++all_.count > std::max<std::size_t>(1, most / all_.workers)) all_.oldest->give_way();
  }
  ~Handshake() { leave(); }
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;
  // Its time is over because of others.
  [[nodiscard]] bool gave_way() const noexcept { return gave_way_; }

private:
  Handshakes& all_;
  io::Wake& wake_;
  Handshake* before_;
  Handshake* after_ = nullptr;
  bool listed_ = true;
  bool gave_way_ = false;

  void give_way() {
    leave();
    gave_way_ = true;
    wake_.deadline_at(0); // by the loop, not from inside another's story
  }
  void leave() noexcept {
    if (!listed_) return;
    listed_ = false;
    (before_ != nullptr ? before_->after_ : all_.oldest) = after_;
    (after_ != nullptr ? after_->before_ : all_.newest) = before_;
    --all_.count;
  }
};

} // namespace ledgergate
