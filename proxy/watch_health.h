// The stories that ask servers whether they are up: one a server, on one worker of the process. What they learn goes to
// upstream::Health, which all workers read.
//
// Invariants: one loop's thread only. Only the newest generation's stories begin a question. One that was on its way when a reload
// came goes on to its end, with the place it holds, because the server works on it: only the end of the process leaves a server at
// work. What it brings then is no verdict any more: the rules may be others.
#pragma once

#include "io/wake.h"

#include <memory>
#include <vector>

namespace ledgergate {

struct Generation;
class Worker;

class HealthWatch {
public:
  // With the settings of `generation`; `worker` is the one that this belongs to. Those of before are retired.
  void begin(Worker& worker, const std::shared_ptr<const Generation>& generation);
  // The end of the process: every story ends before it returns, whatever its server does.
  void end();

  // A story's place in the list, for as long as it runs. When it is retired, kDrain and kClientIn are raised on its wake.
  class Entry {
  public:
    Entry(HealthWatch& watch, io::Wake& wake) : watch_(watch), wake_(wake) { watch_.running_.push_back(this); }
    ~Entry() { std::erase(watch_.running_, this); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    // It begins no more questions, and what it hears counts no more.
    [[nodiscard]] bool retired() const noexcept { return retired_; }

  private:
    friend class HealthWatch;
    HealthWatch& watch_;
    io::Wake& wake_;
    bool retired_ = false;
  };

private:
  std::vector<Entry*> running_;
};

} // namespace ledgergate
