#include "process/make_room.h"

#include "observe/log_ring.h"
#include "serve/worker.h"

#include <malloc.h>

#include <string>
#include <utility>

namespace ledgergate {
namespace {

constexpr std::uint64_t kRoundMs = 1'000; // what is not reported by then is not waited for: a worker may hang
constexpr std::uint64_t kBetweenWordsMs = 10'000;

} // namespace

void RoomMaker::set_spool(const settings::Spool& spool) noexcept {
  spool_ = {spool.memory_total, spool.total};
  apply_spool();
}

void RoomMaker::apply_spool() { shared_.spool.set_bounds({watch_.over() ? 0 : spool_.memory, spool_.files}); }

void RoomMaker::look(std::uint64_t now) {
  if (std::exchange(trim_, false)) malloc_trim(0); // what is free inside must not count
  const bool before = watch_.over();
  const std::uint64_t excess = look_at_memory(watch_, shared_.short_of_memory);
  if (watch_.over() != before) apply_spool();
  tell(now);
  if (round_began_ != 0 && now < round_began_ + kRoundMs) return;
  const bool late = std::exchange(round_began_, 0) != 0;
  if (excess == 0) return;
  if (late) {
    shared_.shedding.close();
    return round_complete();
  }
  std::vector<Worker*> asked;
  for (const auto& worker : workers_)
    if (!worker->over()) asked.push_back(worker.get());
  if (asked.empty()) return;
  round_began_ = now;
  const std::uint64_t round = shared_.shedding.begin(asked.size(), excess);
  for (Worker* const worker : asked) worker->count_holders(round);
}

void RoomMaker::round_complete() {
  const Chosen chosen = shared_.shedding.take();
  round_began_ = 0;
  const auto numbers = std::make_shared<const std::vector<std::uint64_t>>(chosen.connections);
  for (const auto& worker : workers_) worker->shed(numbers); // also when none was chosen: what is kept for reuse is given back
  trim_ = true;
  untold_.strangers += chosen.strangers;
  untold_.clients += chosen.clients;
}

// A flood that comes again and again must not fill the log, too.
void RoomMaker::tell(std::uint64_t now) {
  if (untold_.strangers + untold_.clients == 0) return;
  if (watch_.over() && told_ != 0 && now < told_ + kBetweenWordsMs) return;
  told_ = now;
  observe::event(settings::LogLevel::warning, "beyond limits.memory: " + std::to_string(untold_.strangers) +
                                                  " connections of strangers and " + std::to_string(untold_.clients) +
                                                  " of clients were ended");
  untold_ = {};
}

} // namespace ledgergate
