// Looks at the process's memory and, beyond the budget, has the workers make room (shedding.h). Main thread only.
#pragma once

#include "process/memory_watch.h"
#include "state/shared.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace ledgergate {

class Worker;

class RoomMaker {
public:
  // Both must outlive it.
  RoomMaker(Shared& shared, const std::vector<std::unique_ptr<Worker>>& workers) : shared_(shared), workers_(workers) {}
  // Bytes.
  void set_budget(std::uint64_t bytes) noexcept { watch_.set_budget(bytes); }
  // While memory is short bodies go to files at once.
  void set_spool(const settings::Spool& spool) noexcept;
  // Some times a second. `now` in milliseconds, of a clock that does not go back. Throws std::bad_alloc; the next time makes up for
  // it.
  void look(std::uint64_t now);
  // A round of `shared.shedding` is complete. Throws std::bad_alloc.
  void round_complete();

private:
  Shared& shared_;
  const std::vector<std::unique_ptr<Worker>>& workers_;
  MemoryWatch watch_;
  http::SpoolBudget::Bounds spool_;
  std::uint64_t round_began_ = 0; // 0: none is on its way
  std::uint64_t told_ = 0;
  Shedding::Totals untold_;
  bool trim_ = false; // something was given back: to the heap, not yet to the kernel

  void apply_spool();
  void tell(std::uint64_t now);
};

} // namespace ledgergate
