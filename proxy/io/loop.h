// One worker's event loop: libuv, lazy deadlines, buffers, and the way in for other threads.
//
// Invariants: everything but post() belongs to the loop's thread. A resumed story may run inside a libuv callback; objects that
// own handles are freed in close callbacks only, so nothing disappears under a callback's feet.
#pragma once

#include "io/buffer.h"
#include "io/deadline.h"

#include <uv.h>

#include <climits>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace ledgergate::io {

// The last descriptors are kept for what can't wait. POSIX gives the lowest free number, so a number tells how many are in use: a
// new one from these on is one too many.
struct DescriptorBounds {
  int sockets = INT_MAX; // callers and servers
  int files = INT_MAX;   // of the spool; the rest is for logs, names and settings
};

class Stream;

// What sees to connections that nobody has any more: Farewells (farewell.h), which is given to each loop that has streams to
// servers.
class LastKeeper {
public:
  virtual ~LastKeeper() = default;
  // Takes the stream over. It may be closed when this returns.
  virtual void take(Stream& stream) noexcept = 0;
  // Closes what is left. True: there was some.
  virtual bool close_all() noexcept = 0;
};

class Loop;

// Something to be done on a loop's thread that was made beforehand: to send it needs no memory, so an end can always be told. One
// that is on its way is not sent a second time. Always sent to the same loop.
class Errand {
public:
  Errand() = default;
  Errand(const Errand&) = delete;
  Errand& operator=(const Errand&) = delete;
  virtual ~Errand() = default;
  virtual void arrive() noexcept = 0; // on the loop's thread

private:
  friend class Loop;
  std::shared_ptr<Errand> next_; // both under the loop's jobs_lock_
  bool on_its_way_ = false;
};

class Loop {
public:
  // Sizes of the two buffers that a loop's streams share while no story is suspended in the middle of them. What one read brings,
  // as TLS records (22 bytes a 16 KiB record) behind a head, is what is held for a peer that takes nothing: it fits a block of 64
  // KiB.
  static constexpr std::size_t kReadSize = 60 * 1024;
  static constexpr std::size_t kWriteSize = 128 * 1024;

  Loop();
  ~Loop(); // run() has returned and all handles are closed
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop(). Returns when every handle is closed.
  void run();
  // Loop thread. Closes the loop's own handles; run() returns once the others are closed too.
  void stop();
  // Any thread: runs `job` on the loop's thread, soon. Jobs keep their order. After stop() they are dropped. Throws std::bad_alloc
  // when there is no memory for it; one that throws that ends there.
  void post(std::function<void()> job);
  // Any thread: errands keep their order among themselves. After stop() they are dropped.
  void send(const std::shared_ptr<Errand>& errand) noexcept;

  // Loop thread. Closes a file on another thread: freeing the blocks of a large one takes its time. run() does not return before.
  void close_elsewhere(int file) noexcept;

  [[nodiscard]] uv_loop_t* uv() noexcept { return &uv_; }
  [[nodiscard]] TimeMs now() const noexcept { return uv_now(&uv_); }
  // Counts the times the loop came round to wait for events.
  [[nodiscard]] std::uint64_t round() const noexcept { return round_; }
  void set_deadline(Deadline& deadline, TimeMs at) noexcept;
  // Lets it ring, whatever it was set to, when the loop has looked once more for events and has seen to all that there were. The
  // loop does not wait meanwhile.
  void ring_next_round(Deadline& deadline) noexcept;
  // Before run(). Makes beforehand what libuv ends the process for where memory is out: its table of watched descriptors, for all
  // numbers below `descriptors`, and the threads that close files. False when there is no memory or no descriptor for that.
  [[nodiscard]] bool prepare(int descriptors);
  // Set before run().
  void set_descriptors(DescriptorBounds bounds) noexcept { descriptors_ = bounds; }
  [[nodiscard]] const DescriptorBounds& descriptors() const noexcept { return descriptors_; }
  [[nodiscard]] BufferPool& buffers() noexcept { return buffers_; }
  // Before run().
  void set_last_keeper(std::unique_ptr<LastKeeper> keeper) noexcept { last_keeper_ = std::move(keeper); }
  // Null: there is none, or the loop stops, and nothing is begun on it any more.
  [[nodiscard]] LastKeeper* last_keeper() const noexcept { return last_keeper_.get(); }

  // The shared read buffer; a stream that must keep what is in it takes it away, and the loop gets another.
  [[nodiscard]] Block& read_block();
  [[nodiscard]] Block steal_read_block() noexcept;
  // The shared write buffer: lent to one stream at a time, empty Block when it is out.
  [[nodiscard]] Block borrow_write_block();
  void return_write_block(Block& block) noexcept;

private:
  uv_loop_t uv_{};
  uv_timer_t timer_{};
  uv_async_t async_{};
  uv_prepare_t prepare_{};
  uv_check_t check_{};
  uv_idle_t idle_{}; // active while there is something in next_round_: then the loop looks for events, and does not wait for them
  std::uint64_t round_ = 0;
  TimeMs timer_at_ = kNever;
  DeadlineQueue deadlines_;
  DeadlineQueue next_round_; // by the number of the round
  std::unique_ptr<LastKeeper> last_keeper_;
  BufferPool buffers_;
  Block read_block_;
  Block write_block_;
  bool write_block_out_ = false;
  DescriptorBounds descriptors_;
  std::mutex jobs_lock_; // guards what follows, and async_ against being woken while it closes
  bool stopped_ = false;
  std::vector<std::function<void()>> jobs_;
  std::shared_ptr<Errand> first_errand_;
  Errand* last_errand_ = nullptr;

  void arm_timer() noexcept;
  void end_round() noexcept;
  void run_jobs();
  void run_errands() noexcept;
  std::shared_ptr<Errand> take_errand(std::shared_ptr<Errand>& list) noexcept;
};

} // namespace ledgergate::io
