// The stories that ask servers whether they are up: one a server, on one worker of the process. What they learn goes to
// upstream::Health, which all workers read.
//
// Invariants: one loop's thread only. At most one generation's stories ask; those of the one before have ended when begin() starts
// the next.
#pragma once

#include "io/wake.h"

#include <memory>
#include <vector>

namespace ledgergate {

struct Generation;
class Worker;

class HealthWatch {
public:
  // With the settings of `generation`; `worker` is the one that this belongs to.
  void begin(Worker& worker, const std::shared_ptr<const Generation>& generation);
  // Every story ends before it returns.
  void end();

  // A story's place in the list, for as long as it runs.
  class Entry {
  public:
    Entry(HealthWatch& watch, io::Wake& wake) : watch_(watch), wake_(wake) { watch_.running_.push_back(&wake_); }
    ~Entry() { std::erase(watch_.running_, &wake_); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

  private:
    HealthWatch& watch_;
    io::Wake& wake_;
  };

private:
  std::vector<io::Wake*> running_;
};

} // namespace ledgergate
