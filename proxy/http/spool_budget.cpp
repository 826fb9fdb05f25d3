#include "http/spool_budget.h"

namespace ledgergate::http {
namespace {

// Without the overflow that `held + more > bound` may have.
bool fits(std::uint64_t held, std::uint64_t more, std::uint64_t bound) { return held <= bound && more <= bound - held; }

} // namespace

void SpoolBudget::set_bounds(Bounds bounds) {
  const std::lock_guard guard(lock_);
  bounds_ = bounds;
}

SpoolBudget::Held SpoolBudget::held() const {
  const std::lock_guard guard(lock_);
  return held_;
}

std::size_t SpoolBudget::clients() const {
  const std::lock_guard guard(lock_);
  return clients_.size();
}

SpoolPart& SpoolPart::operator=(SpoolPart&& other) noexcept {
  if (this != &other) {
    give_all();
    budget_ = other.budget_;
    client_ = std::move(other.client_);
    held_ = std::exchange(other.held_, {});
  }
  return *this;
}

bool SpoolPart::judge_memory(std::uint64_t bytes) const {
  const std::uint64_t bound = budget_->bounds_.memory;
  const auto found = budget_->clients_.find(client_);
  const std::uint64_t by_client = found == budget_->clients_.end() ? 0 : found->second.memory;
  return fits(budget_->held_.memory, bytes, bound) && fits(by_client, bytes, bound / SpoolBudget::kShare);
}

bool SpoolPart::fits_memory(std::uint64_t bytes) const {
  if (budget_ == nullptr) return true;
  const std::lock_guard guard(budget_->lock_);
  return judge_memory(bytes);
}

bool SpoolPart::take_memory(std::uint64_t bytes) {
  if (budget_ != nullptr && bytes != 0) {
    const std::lock_guard guard(budget_->lock_);
    if (!judge_memory(bytes)) return false;
    budget_->clients_[client_].memory += bytes;
    budget_->held_.memory += bytes;
  }
  held_.memory += bytes;
  return true;
}

SpoolBudget::Fit SpoolPart::judge_file(std::uint64_t bytes) const {
  using Fit = SpoolBudget::Fit;
  const std::uint64_t bound = budget_->bounds_.files;
  const std::uint64_t share = bound / SpoolBudget::kShare;
  if (!fits(held_.files, bytes, share)) return Fit::never;
  const auto found = budget_->clients_.find(client_);
  if (found != budget_->clients_.end() && !fits(found->second.files, bytes, share)) return Fit::client_full;
  return fits(budget_->held_.files, bytes, bound) ? Fit::yes : Fit::full;
}

SpoolBudget::Fit SpoolPart::fits_file(std::uint64_t bytes) const {
  if (budget_ == nullptr) return SpoolBudget::Fit::yes;
  const std::lock_guard guard(budget_->lock_);
  return judge_file(bytes);
}

SpoolBudget::Fit SpoolPart::take_file(std::uint64_t bytes) {
  if (budget_ != nullptr && bytes != 0) {
    const std::lock_guard guard(budget_->lock_);
    const auto fit = judge_file(bytes);
    if (fit != SpoolBudget::Fit::yes) return fit;
    budget_->clients_[client_].files += bytes;
    budget_->held_.files += bytes;
  }
  held_.files += bytes;
  return SpoolBudget::Fit::yes;
}

void SpoolPart::give(std::uint64_t memory, std::uint64_t files) noexcept {
  if (memory == 0 && files == 0) return;
  held_.memory -= memory;
  held_.files -= files;
  if (budget_ == nullptr) return;
  const std::lock_guard guard(budget_->lock_);
  const auto found = budget_->clients_.find(client_);
  if (found == budget_->clients_.end()) return; // nothing was taken for it
  found->second.memory -= memory;
  found->second.files -= files;
  if (found->second.nothing()) budget_->clients_.erase(found);
  budget_->held_.memory -= memory;
  budget_->held_.files -= files;
}

} // namespace ledgergate::http
