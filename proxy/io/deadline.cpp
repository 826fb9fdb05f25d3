#include "io/deadline.h"

namespace ledgergate::io {

Deadline::~Deadline() {
  if (queue_ != nullptr) queue_->remove(*this);
}

void DeadlineQueue::set(Deadline& deadline, TimeMs at) {
  deadline.at_ = at;
  if (deadline.index_ != Deadline::kOut) {
    // Later (or never): found out when its old time comes. Earlier: it must move now.
    if (at < deadline.queued_at_) {
      deadline.queued_at_ = at;
      sift_up(deadline.index_);
    }
    return;
  }
  if (at == kNever) return;
  heap_.push_back(&deadline);
  deadline.queue_ = this;
  deadline.queued_at_ = at;
  deadline.index_ = heap_.size() - 1;
  sift_up(deadline.index_);
}

void DeadlineQueue::remove(Deadline& deadline) noexcept {
  deadline.at_ = kNever;
  if (deadline.index_ == Deadline::kOut) return;
  const std::size_t index = deadline.index_;
  deadline.index_ = Deadline::kOut;
  Deadline* last = heap_.back();
  heap_.pop_back();
  if (last == &deadline) return;
  place(index, last);
  sift_up(index);
  sift_down(last->index_);
}

void DeadlineQueue::expire(TimeMs now) {
  while (!heap_.empty() && heap_.front()->queued_at_ <= now) {
    Deadline* first = heap_.front();
    if (first->at_ > now && first->at_ != kNever) {
      first->queued_at_ = first->at_;
      sift_down(0);
      continue;
    }
    const bool due = first->at_ != kNever;
    remove(*first);
    if (due) first->expired();
  }
}

void DeadlineQueue::place(std::size_t index, Deadline* deadline) noexcept {
  heap_[index] = deadline;
  deadline->index_ = index;
}

void DeadlineQueue::sift_up(std::size_t index) noexcept {
  Deadline* moving = heap_[index];
  while (index > 0) {
    const std::size_t parent = (index - 1) / 2;
    if (heap_[parent]->queued_at_ <= moving->queued_at_) break;
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, moving);
}

void DeadlineQueue::sift_down(std::size_t index) noexcept {
  Deadline* moving = heap_[index];
  for (;;) {
    std::size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->queued_at_ < heap_[child]->queued_at_) ++child;
    if (heap_[child]->queued_at_ >= moving->queued_at_) break;
    place(index, heap_[child]);
    index = child;
  }
  place(index, moving);
}

} // namespace ledgergate::io
