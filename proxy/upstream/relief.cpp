#include "upstream/relief.h"

#include <algorithm>
#include <new>

namespace ledgergate::upstream {
namespace {
constexpr io::TimeMs kPatienceMs = 1000;
} // namespace

Relief::Relief(io::Loop& loop, std::vector<Relief*>& all) : loop_(loop), all_(all) { all.push_back(this); }

void Relief::add(IdleConnections& idle) noexcept {
  IdleConnections*& first = idle_[static_cast<std::size_t>(idle.links.use)];
  idle.links.after = first;
  if (first != nullptr) first->links.before = &idle;
  first = &idle;
}

void Relief::remove(IdleConnections& idle) noexcept {
  (idle.links.before != nullptr ? idle.links.before->links.after : idle_[static_cast<std::size_t>(idle.links.use)]) =
      idle.links.after;
  if (idle.links.after != nullptr) idle.links.after->links.before = idle.links.before;
  idle.links.before = idle.links.after = nullptr;
}

bool Relief::close_idle() noexcept {
  io::LastKeeper* const last = loop_.last_keeper();
  bool any = last != nullptr && last->close_all();
  for (IdleConnections* const first : idle_) { // what a caller has for itself is closed only where no other has anything to close
    if (any) break;
    for (IdleConnections* each = first; each != nullptr; each = each->links.after) {
      any = any || each->idle() != 0;
      each->close_idle();
    }
  }
  return any;
}

bool Relief::asking() const noexcept { return unanswered_ != 0 && loop_.now() < asked_at_ + kPatienceMs; }

void Relief::ask_others() noexcept {
  if (asking()) return; // the answer to that is as good
  ++question_;
  asked_at_ = loop_.now();
  unanswered_ = all_.size() - 1;
  for (Relief* other : all_) {
    if (other == this) continue;
    try {
      other->loop_.post([this, other, question = question_] {
        other->close_idle();
        loop_.post([this, question] { answered(question); });
      });
    } catch (const std::bad_alloc&) {
      return; // that worker does not answer
    }
  }
}

void Relief::answered(std::uint64_t question) {
  if (question != question_ || unanswered_ == 0 || --unanswered_ != 0) return;
  std::vector<io::Wake*> waiting;
  waiting.swap(waiting_);
  for (io::Wake* wake : waiting) wake->raise(io::kAnswer);
}

io::Task<void> Relief::others_close_idle(io::Wake& wake) {
  ask_others();
  const std::uint64_t question = question_;
  const io::TimeMs before = wake.deadline();
  wake.deadline_at(std::min(before, loop_.now() + kPatienceMs));
  while (unanswered_ != 0 && question == question_) {
    waiting_.push_back(&wake);
    const auto happened = co_await wake.wait(io::kAnswer);
    std::erase(waiting_, &wake);
    if ((happened & io::kExpired) != 0) break;
  }
  wake.deadline_at(before);
}

} // namespace ledgergate::upstream
