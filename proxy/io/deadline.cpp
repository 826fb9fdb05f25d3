#include "io/deadline.h"

#include <algorithm>
#include <utility>

namespace ledgergate::io {

Deadline::~Deadline() {
  if (queue_ != nullptr) queue_->remove(*this);
}

void DeadlineQueue::set(Deadline& deadline, TimeMs at) noexcept {
  if (deadline.queue_ != nullptr && deadline.queue_ != this) deadline.queue_->remove(deadline);
  deadline.at_ = at;
  const TimeMs look = std::max(at, not_before_);
  if (deadline.queue_ == nullptr) {
    if (at != kNever) put_in(deadline, look);
    return;
  }
  // Later (or never): found out when its old time comes. Earlier: it must move now.
  if (look >= deadline.queued_at_) return;
  deadline.queued_at_ = look;
  if (&deadline == root_) return;
  cut(deadline);
  root_ = meld(root_, &deadline);
}

void DeadlineQueue::remove(Deadline& deadline) noexcept {
  deadline.at_ = kNever;
  if (deadline.queue_ != nullptr) take_out(deadline);
}

void DeadlineQueue::expire(TimeMs now) noexcept {
  not_before_ = now + 1;
  while (root_ != nullptr && root_->queued_at_ <= now) {
    Deadline& first = *root_;
    take_out(first);
    if (first.at_ == kNever) continue;
    if (first.at_ > now) {
      put_in(first, first.at_);
      continue;
    }
    first.at_ = kNever;
    first.expired();
  }
  not_before_ = 0;
}

void DeadlineQueue::put_in(Deadline& deadline, TimeMs at) noexcept {
  deadline.queue_ = this;
  deadline.queued_at_ = at;
  root_ = meld(root_, &deadline);
  ++size_;
}

void DeadlineQueue::take_out(Deadline& deadline) noexcept {
  Deadline* const below = meld_all(std::exchange(deadline.child_, nullptr));
  if (&deadline == root_) {
    root_ = below;
  } else {
    cut(deadline);
    root_ = meld(root_, below);
  }
  deadline.queue_ = nullptr;
  --size_;
}

// Two heaps, each by its root, made one; either may be null.
Deadline* DeadlineQueue::meld(Deadline* one, Deadline* other) noexcept {
  if (one == nullptr || other == nullptr) return one != nullptr ? one : other;
  if (other->queued_at_ < one->queued_at_) std::swap(one, other);
  other->before_ = one;
  other->next_ = one->child_;
  if (other->next_ != nullptr) other->next_->before_ = other;
  one->child_ = other;
  return one;
}

// Heaps that were children of one parent, the first of which is given: in pairs, then all of these, which keeps the heap flat.
Deadline* DeadlineQueue::meld_all(Deadline* first) noexcept {
  Deadline* pairs = nullptr; // by next_
  while (first != nullptr) {
    Deadline* const one = first;
    Deadline* const other = one->next_;
    first = other != nullptr ? other->next_ : nullptr;
    one->next_ = one->before_ = nullptr;
    if (other != nullptr) other->next_ = other->before_ = nullptr;
    Deadline* const pair = meld(one, other);
    pair->next_ = pairs;
    pairs = pair;
  }
  Deadline* all = nullptr;
  while (pairs != nullptr) {
    Deadline* const pair = pairs;
    pairs = std::exchange(pair->next_, nullptr);
    all = meld(all, pair);
  }
  return all;
}

// Out of its place below another one; what is below it stays there.
void DeadlineQueue::cut(Deadline& deadline) noexcept {
  (deadline.before_->child_ == &deadline ? deadline.before_->child_ : deadline.before_->next_) = deadline.next_;
  if (deadline.next_ != nullptr) deadline.next_->before_ = deadline.before_;
  deadline.next_ = deadline.before_ = nullptr;
}

} // namespace ledgergate::io
