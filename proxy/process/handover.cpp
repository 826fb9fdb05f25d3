#include "process/handover.h"

#include "observe/log_ring.h"

#include <utility>

namespace ledgergate {
namespace {

std::uint64_t memory_of(const settings::Settings& settings) {
  return settings.limits.memory != 0 ? settings.limits.memory : default_memory_budget();
}

} // namespace

Handover::Handover(InForce& in_force, const Snapshot* before, std::shared_ptr<const Snapshot> next, DoorOrders orders)
    : in_force_(in_force), next_(std::move(next)), turns_(in_force.turns.prepare(*next_->settings)),
      memory_(memory_of(*next_->settings)), doors_(DoorKeeper::keys_of(orders)), changes_(certificate_changes(before, *next_)) {
  for (std::size_t i = 0; i < in_force_.workers.size(); ++i)
    takeovers_.push_back(in_force_.workers[i]->prepare(next_, std::move(orders[i]), &in_force_.everywhere));
}

std::shared_ptr<const Snapshot> Handover::commit() noexcept {
  const settings::Settings& settings = *next_->settings;
  in_force_.room.set_spool(settings.spool);
  in_force_.turns.apply(turns_);
  in_force_.shared.addresses_of_servers.renew();
  in_force_.shared.addresses.set_entries(settings.client_table.entries);
  in_force_.room.set_budget(memory_);
  in_force_.doors.handed_over(doors_);
  in_force_.everywhere.expect(takeovers_.size());
  for (std::size_t i = 0; i < takeovers_.size(); ++i) in_force_.workers[i]->apply(std::exchange(takeovers_[i], nullptr));
  // Which certificates were believed and shown when: what a revocation, a new CA or a renewal has really changed.
  for (const std::string& change : changes_) observe::event(settings::LogLevel::info, change);
  return std::move(next_);
}

} // namespace ledgergate
