// One question of a name, on a thread of its own. The C library's getaddrinfo(3) can't be taken back, and waits up to half a minute
// for a name server that says nothing: in a pool of threads a few dead names would keep all others from being asked.
//
// Invariants: the thread writes what it found before it sends the lookup to the loop, and nothing after that; found() and good()
// are the loop thread's from then on. loop_ is guarded by lock_; forgotten, it is null, and whatever the thread still finds is
// dropped with it. The thread is detached and owns a share of the lookup, of nothing else: neither the loop nor the process waits
// for it.
#pragma once

#include "base/address.h"
#include "io/loop.h"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace ledgergate::upstream {

using Addresses = std::vector<IpAddress>;

class Lookup final : public io::Errand {
public:
  // Called on the loop's thread, once, unless the lookup is forgotten before.
  using Told = std::function<void(Lookup&)>;

  Lookup(io::Loop& loop, std::string host, Told told);

  // False: there is no thread for it.
  [[nodiscard]] static bool begin(const std::shared_ptr<Lookup>& lookup) noexcept;
  // Loop thread: nobody wants to know any more, and the loop may go.
  void forget() noexcept;

  [[nodiscard]] const std::string& host() const noexcept { return host_; }
  [[nodiscard]] bool good() const noexcept { return good_; }
  // Each once, in the C library's order (RFC 6724).
  [[nodiscard]] Addresses& found() noexcept { return found_; }

private:
  const std::string host_;
  Told told_; // loop thread only
  Addresses found_;
  bool good_ = false;
  std::shared_ptr<Lookup> asking_; // the thread's share, until it takes it
  std::mutex lock_;
  io::Loop* loop_;

  static void* run(void* raw) noexcept;
  void ask() noexcept;
  void arrive() noexcept override;
};

} // namespace ledgergate::upstream
