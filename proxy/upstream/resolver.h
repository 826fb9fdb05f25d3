// Server names -> addresses, off the loop (lookup.h) and kept for a while, a worker.
//
// Invariants: loop thread only. One lookup a name is in flight at most, so a worker has no more threads than there are names in the
// settings; everybody who waits for it is woken by kAnswer. A failed lookup does not take away an answer that was good before (DNS
// may be down while the server is not).
#pragma once

#include "base/address.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"
#include "io/wake.h"
#include "upstream/lookup.h"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace ledgergate::upstream {

class Resolver {
public:
  explicit Resolver(io::Loop& loop) : loop_(loop) {}
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // An address literal is its own answer. Otherwise the kept answer while it is younger than `fresh_for` (ms), or a new query
  // (an old good answer is used at once while the new one is on its way). Waits on `wake` until its deadline: dns_timeout.
  // `host` and `wake` must outlive the task.
  io::Task<Result<Addresses>> resolve(io::Wake& wake, const std::string& host, io::TimeMs fresh_for);
  // The addresses of a name that was asked for, good until the loop's next turn; null: none are known (or it is an address itself).
  [[nodiscard]] const Addresses* known(const std::string& host) const;

private:
  struct Entry {
    Addresses addresses;
    io::TimeMs answered_at = 0;
    bool asking = false;
    bool failed = false; // the last lookup, at answered_at
    std::vector<io::Wake*> waiting;
  };
  io::Loop& loop_;
  std::unordered_map<std::string, Entry> entries_;
  std::vector<std::shared_ptr<Lookup>> lookups_; // in flight; their results are dropped when the resolver is gone
  void ask(const std::string& host, Entry& entry);
  void answered(Lookup& lookup);
};

} // namespace ledgergate::upstream
