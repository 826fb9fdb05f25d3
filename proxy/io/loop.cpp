#include "io/loop.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

namespace ledgergate::io {

Loop::Loop() {
  // Failures here are failures to start (no descriptors, no memory): there is nothing to serve with.
  if (uv_loop_init(&uv_) != 0) std::abort();
  uv_.data = this;
  uv_timer_init(&uv_, &timer_);
  timer_.data = this;
  uv_prepare_init(&uv_, &prepare_);
  prepare_.data = this;
  uv_prepare_start(&prepare_, [](uv_prepare_t* handle) { ++static_cast<Loop*>(handle->data)->round_; });
  uv_check_init(&uv_, &check_);
  check_.data = this;
  uv_check_start(&check_, [](uv_check_t* handle) { static_cast<Loop*>(handle->data)->end_round(); });
  uv_idle_init(&uv_, &idle_);
  if (uv_async_init(&uv_, &async_, [](uv_async_t* handle) { static_cast<Loop*>(handle->data)->run_jobs(); }) != 0) std::abort();
  async_.data = this;
}

Loop::~Loop() {
  // A loop that never ran still has its own handles open.
  if (!stopped_) stop();
  uv_run(&uv_, UV_RUN_DEFAULT);
  uv_loop_close(&uv_);
  while (take_errand(first_errand_) != nullptr) {} // one by one: a long list must not end in itself
  buffers_.give(read_block_);
  buffers_.give(write_block_);
}

// libuv's table grows to the highest number that it was asked to watch, never shrinks, and abort() is called where it can't grow
// (uv__io_start(), maybe_resize()). So one descriptor of the highest number is watched for a moment.
bool Loop::prepare(int descriptors) {
  const int some = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (some < 0) return false;
  close_elsewhere(some); // the first file that is closed so makes the threads for it

  const int pollable = ::eventfd(0, EFD_CLOEXEC);
  if (pollable < 0) return false;
  int highest = -1; // one that somebody else holds is never a socket of ours
  for (int number = descriptors - 1; highest < 0 && number > pollable; --number)
    highest = ::fcntl(pollable, F_DUPFD_CLOEXEC, number);
  ::close(pollable);
  if (highest < 0) return false;
  auto poll = std::make_unique<uv_poll_t>();
  if (uv_poll_init(&uv_, poll.get(), highest) != 0) {
    ::close(highest);
    return false;
  }
  uv_poll_start(poll.get(), UV_READABLE, [](uv_poll_t*, int, int) {});
  uv_close(reinterpret_cast<uv_handle_t*>(poll.release()),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
  ::close(highest);
  return true;
}

void Loop::run() { uv_run(&uv_, UV_RUN_DEFAULT); }

void Loop::stop() {
  if (last_keeper_) last_keeper_->close_all();
  last_keeper_.reset();
  {
    const std::lock_guard lock(jobs_lock_);
    stopped_ = true;
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&prepare_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&check_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&idle_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&async_), nullptr);
}

void Loop::post(std::function<void()> job) {
  const std::lock_guard lock(jobs_lock_);
  if (stopped_) return;
  jobs_.push_back(std::move(job));
  uv_async_send(&async_);
}

void Loop::send(const std::shared_ptr<Errand>& errand) noexcept {
  const std::lock_guard lock(jobs_lock_);
  if (stopped_ || errand->on_its_way_) return;
  errand->on_its_way_ = true;
  (last_errand_ != nullptr ? last_errand_->next_ : first_errand_) = errand;
  last_errand_ = errand.get();
  uv_async_send(&async_);
}

// The first of the list, which can be sent again from then on.
std::shared_ptr<Errand> Loop::take_errand(std::shared_ptr<Errand>& list) noexcept {
  const std::lock_guard lock(jobs_lock_);
  std::shared_ptr<Errand> errand = std::move(list);
  if (errand == nullptr) return nullptr;
  list = std::move(errand->next_);
  errand->on_its_way_ = false;
  return errand;
}

void Loop::run_errands() noexcept {
  std::shared_ptr<Errand> list;
  {
    const std::lock_guard lock(jobs_lock_);
    list = std::move(first_errand_);
    last_errand_ = nullptr;
  }
  while (const auto errand = take_errand(list)) errand->arrive();
}

void Loop::run_jobs() {
  run_errands();
  std::vector<std::function<void()>> jobs;
  {
    const std::lock_guard lock(jobs_lock_);
    jobs.swap(jobs_);
  }
  for (auto& job : jobs) {
    try {
      job();
    } catch (const std::bad_alloc&) {
      // It ends this job; this is libuv's callback, and others wait behind it.
    }
  }
}

void Loop::close_elsewhere(int file) noexcept {
  auto* request = new (std::nothrow) uv_fs_t{};
  const auto done = [](uv_fs_t* each) {
    uv_fs_req_cleanup(each);
    delete each;
  };
  if (request != nullptr && uv_fs_close(&uv_, request, file, done) == 0) return;
  delete request;
  ::close(file);
}

void Loop::set_deadline(Deadline& deadline, TimeMs at) noexcept {
  deadlines_.set(deadline, at);
  if (at < timer_at_) arm_timer();
}

// A timer that is due at once would not do: libuv 1.44 runs all timers that are due, and those that these start, before it looks
// for events, and a ms later many small steps one after the other would take their time.
void Loop::ring_next_round(Deadline& deadline) noexcept {
  next_round_.set(deadline, round_ + 1);
  if (uv_is_closing(reinterpret_cast<uv_handle_t*>(&idle_)) == 0) uv_idle_start(&idle_, [](uv_idle_t*) {});
}

// Behind the look for events.
void Loop::end_round() noexcept {
  next_round_.expire(round_);
  if (next_round_.size() == 0) uv_idle_stop(&idle_);
}

void Loop::arm_timer() noexcept {
  if (uv_is_closing(reinterpret_cast<uv_handle_t*>(&timer_)) != 0) return;
  timer_at_ = deadlines_.next();
  if (timer_at_ == kNever) {
    uv_timer_stop(&timer_);
    return;
  }
  const TimeMs wait = timer_at_ > now() ? timer_at_ - now() : 0;
  uv_timer_start(
      &timer_,
      [](uv_timer_t* handle) {
        auto* self = static_cast<Loop*>(handle->data);
        self->timer_at_ = kNever;
        self->deadlines_.expire(self->now());
        self->arm_timer();
      },
      wait, 0);
}

Block& Loop::read_block() {
  if (!read_block_) read_block_ = buffers_.take(kReadSize);
  return read_block_;
}

Block Loop::steal_read_block() noexcept { return std::exchange(read_block_, {}); }

Block Loop::borrow_write_block() {
  if (write_block_out_) return {};
  if (!write_block_) write_block_ = buffers_.take(kWriteSize);
  write_block_out_ = true;
  return write_block_;
}

void Loop::return_write_block(Block& block) noexcept {
  write_block_out_ = false;
  block = {};
}

} // namespace ledgergate::io
