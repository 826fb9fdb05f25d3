// The stories that ask servers whether they are up: one a server, on one worker of the process. What they learn goes to
// upstream::Health, which all workers read.
//
// Invariants: one loop's thread only. Only the newest generation's stories begin a question. One that was on its way when a reload
// came goes on to its end, with the place it holds, because the server works on it: only the end of the process leaves a server at
// work. What it brings then is no verdict any more: the rules may be others.
#pragma once

#include "io/deadline.h"
#include "io/wake.h"

#include <memory>
#include <vector>

namespace ledgergate {

struct Generation;
class Services;

class HealthWatch final : private io::Deadline {
public:
  // With the settings of `generation`; `worker` is the one that this belongs to. Those of before are retired. When there is no
  // memory for all of the stories none begins, and it is tried again in a second: a server that is down must not stay so.
  void begin(Services& services, std::shared_ptr<const Generation> generation) noexcept;
  // The end of the process: every story ends before it returns, whatever its server does.
  void end() noexcept;

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
  Services* services_ = nullptr;
  std::shared_ptr<const Generation> again_; // to be begun with; null: its stories run

  void retire_all() noexcept;
  void begin_all(Services& services, const std::shared_ptr<const Generation>& generation);
  void expired() noexcept override;
};

} // namespace ledgergate
