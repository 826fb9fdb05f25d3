#include "base/prepare_thread.h"
#include "observe/event.h"
#include "observe/log_ring.h"
#include "observe/log_target.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <csignal>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace ledgergate::observe {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kTick = 100ms;         // how late a line may be written when nothing wakes the writer
constexpr auto kStop = 1000ms;        // how long stop() may take
constexpr auto kLastWrites = 600ms;   // of these, how long the thread goes on writing; the rest is for counting what is left
constexpr auto kBetweenReports = 10s; // "lines were dropped" is not said more often
constexpr std::size_t kRingBytes = 1u << 20;
constexpr std::size_t kEventBytes = 1u << 16;

struct EventFd {
  EventFd() noexcept : fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  ~EventFd() {
    if (fd >= 0) ::close(fd);
  }
  EventFd(const EventFd&) = delete;
  EventFd& operator=(const EventFd&) = delete;
  const int fd; // -1 when there are no descriptors left: the writer then lives by its tick
};

std::uint64_t count_lines(std::string_view text) noexcept {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

// A target and the lines taken out of the rings for it.
struct Outlet {
  LogTarget target;
  std::string hand;
  std::size_t sent = 0; // bytes of hand that are written
  int error = 0;

  [[nodiscard]] std::string_view rest() const noexcept { return std::string_view(hand).substr(sent); }
  [[nodiscard]] bool failing() const noexcept { return error != 0 && error != EAGAIN; }

  // True: nothing is left in hand.
  bool flush() noexcept {
    const LogTarget::Written written = target.write(rest());
    sent += written.bytes;
    error = written.error;
    if (error != 0) return false;
    hand.clear();
    sent = 0;
    return true;
  }

  // A line that the old target took half of is ended there as well as can be, and comes whole to the new one.
  void change(LogTarget next) noexcept {
    if (sent > 0 && hand[sent - 1] != '\n') {
      static_cast<void>(target.write("\n"));
      sent = hand.rfind('\n', sent) + 1; // npos + 1 is 0
    }
    target = std::move(next);
  }
};

} // namespace

struct LogWriter::Impl {
  std::string where; // what open() opened last; main thread only
  const EventFd wake;
  const bool journal = stderr_is_journal();
  std::atomic<settings::LogLevel> level{settings::LogLevel::info};

  std::mutex mutex; // guards what follows
  std::condition_variable changed;
  std::vector<std::unique_ptr<LogRing>> rings;
  // Its producers hold the mutex; its consumer is the thread. Information may fill half of it: it comes with every handshake that
  // fails, and must not push out what is worth a warning, failed logins above all.
  LogRing events{kEventBytes};
  std::uint64_t events_pushed = 0;  // bytes
  std::uint64_t events_crowded = 0; // lines that were not pushed, to leave the other half
  std::optional<LogTarget> next;
  bool running = false;                       // the thread takes events
  std::atomic<std::uint64_t> events_taken{0}; // bytes
  bool stopping = false;
  bool ended = false;
  Clock::time_point deadline;
  std::thread thread;

  // The thread's own.
  Outlet access;
  Outlet errors;
  std::vector<LogRing*> sources;
  bool failure_said = false;
  std::uint64_t lines_said = 0;
  std::uint64_t events_said = 0;
  std::optional<Clock::time_point> reported;

  // What there is no memory for is done at the next tick: the thread goes on, lines need none.
  template <class Act>
  static void in_memory(const Act& act) noexcept {
    try {
      act();
    } catch (const std::bad_alloc&) {}
  }

  void rouse() noexcept { static_cast<void>(::eventfd_write(wake.fd, 1)); }

  void say(settings::LogLevel at, std::string_view text) {
    if (at < level.load(std::memory_order_relaxed)) return;
    const std::string_view line = event_line(at, text, journal);
    {
      const std::lock_guard lock(mutex);
      if (running) {
        const std::uint64_t used = events_pushed - events_taken.load(std::memory_order_acquire);
        if (at < settings::LogLevel::warning && used + line.size() > kEventBytes / 2)
          ++events_crowded;
        else if (events.push(line)) // the ring counts what it drops
          events_pushed += line.size();
        rouse();
        return;
      }
    }
    write_stderr(line);
  }

  // True: stop() was called.
  bool look_around() noexcept {
    const std::lock_guard lock(mutex);
    if (next) access.change(std::move(*std::exchange(next, std::nullopt)));
    in_memory([&] {
      for (std::size_t i = sources.size(); i < rings.size(); ++i) sources.push_back(rings[i].get());
    });
    return stopping;
  }

  // True: every line that was in a ring when this began is written.
  bool write_lines() {
    for (LogRing* const ring : sources) {
      if (!access.flush()) return false;
      ring->take(access.hand);
    }
    return access.flush();
  }

  bool write_events() {
    if (!errors.flush()) return false;
    events.take(errors.hand); // behind flush() nothing is in it
    events_taken.fetch_add(errors.hand.size(), std::memory_order_release);
    return errors.flush();
  }

  [[nodiscard]] std::uint64_t dropped() const noexcept {
    std::uint64_t sum = 0;
    for (const LogRing* const ring : sources) sum += ring->dropped();
    return sum;
  }

  void report(bool stopping_now) {
    if (access.failing()) {
      if (!failure_said)
        say(settings::LogLevel::error, std::string("the access log can't be written (") + std::strerror(access.error) +
                                           "): lines wait in memory, and are dropped when that is full");
      failure_said = true;
      return;
    }
    if (access.error == 0 && failure_said) {
      say(settings::LogLevel::warning, "the access log is written again");
      failure_said = false;
    }
    const Clock::time_point now = Clock::now();
    const std::uint64_t lines = dropped();
    if (lines == lines_said || (reported && now - *reported < kBetweenReports && !stopping_now)) return;
    say(settings::LogLevel::warning, std::to_string(lines - lines_said) + " log lines were dropped");
    lines_said = lines;
    reported = now;
  }

  void report_lost_events() {
    std::uint64_t lost = events.dropped();
    {
      const std::lock_guard lock(mutex);
      lost += events_crowded;
    }
    if (lost == events_said || errors.error != 0) return;
    // Not by way of the ring, which may be full again.
    errors.hand.append(
        event_line(settings::LogLevel::warning, std::to_string(lost - events_said) + " events were dropped", journal));
    events_said = lost;
    static_cast<void>(errors.flush());
  }

  void wait(bool stopping_now) noexcept {
    Clock::duration time = kTick;
    if (stopping_now) time = std::clamp<Clock::duration>(deadline - Clock::now(), 0ms, kTick);
    // A target that fails for another reason than a slow reader is always "ready": it has to wait for the tick.
    std::array<pollfd, 3> ready{pollfd{wake.fd, POLLIN, 0}, pollfd{access.error == EAGAIN ? access.target.fd() : -1, POLLOUT, 0},
                                pollfd{errors.error == EAGAIN ? errors.target.fd() : -1, POLLOUT, 0}};
    static_cast<void>(
        ::poll(ready.data(), ready.size(), static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(time).count())));
    eventfd_t ignored = 0;
    static_cast<void>(::eventfd_read(wake.fd, &ignored));
  }

  void run() noexcept {
    prepare_thread();
    while (true) {
      const bool last = look_around();
      bool empty = write_lines();
      in_memory([&] { report(last); });
      empty = write_events() && empty;
      in_memory([&] { report_lost_events(); });
      if (last && (empty || access.failing() || errors.failing() || Clock::now() >= deadline)) break;
      wait(last);
    }
    std::uint64_t left = count_lines(access.rest()) + dropped() - lines_said;
    for (LogRing* const ring : sources) {
      access.hand.clear();
      ring->take(access.hand);
      left += count_lines(access.hand);
    }
    if (left > 0) in_memory([&] { say(settings::LogLevel::warning, std::to_string(left) + " log lines were dropped"); });
    {
      const std::lock_guard lock(mutex);
      running = false;
    }
    static_cast<void>(write_events());
    const std::lock_guard lock(mutex);
    ended = true;
    changed.notify_all();
  }
};

LogWriter::LogWriter() : impl_(std::make_shared<Impl>()) {
  std::string ignored; // without a stderr there is nowhere to complain, and events go nowhere
  if (auto target = LogTarget::open("stderr", ignored)) impl_->errors.target = std::move(*target);
  impl_->access.hand.reserve(kRingBytes);
  impl_->errors.hand.reserve(kEventBytes);
}

LogWriter::~LogWriter() { stop(); }

bool LogWriter::open(const settings::Log& log, std::string& why) {
  // Only files are opened anew on a reload (logrotate); a stream that is in use stays as it is.
  const bool stream = log.access.find('/') == std::string::npos;
  if (stream && log.access == impl_->where) {
    impl_->level.store(log.level, std::memory_order_relaxed);
    return true;
  }
  std::string where = log.access;
  std::optional<LogTarget> target = LogTarget::open(where, why);
  if (!target) return false;
  impl_->level.store(log.level, std::memory_order_relaxed);
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->next = std::move(target);
  }
  impl_->where.swap(where);
  impl_->rouse();
  return true;
}

LogRing& LogWriter::ring() {
  const std::lock_guard lock(impl_->mutex);
  return *impl_->rings.emplace_back(std::make_unique<LogRing>(kRingBytes, impl_->wake.fd));
}

std::uint64_t LogWriter::dropped() const {
  const std::lock_guard lock(impl_->mutex);
  std::uint64_t sum = 0;
  for (const auto& ring : impl_->rings) sum += ring->dropped();
  return sum;
}

bool LogWriter::start() {
  // Signals are for the loops: one that arrived here would interrupt a write, and SIGPIPE says no more than EPIPE.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = true;
  try {
    const std::lock_guard lock(impl_->mutex);
    impl_->thread = std::thread([impl = impl_] { impl->run(); });
    impl_->running = true;
  } catch (const std::system_error&) {
    started = false;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

void LogWriter::stop() {
  std::unique_lock lock(impl_->mutex);
  if (!impl_->thread.joinable()) return;
  impl_->stopping = true;
  impl_->deadline = Clock::now() + kLastWrites;
  impl_->rouse();
  const bool ended = impl_->changed.wait_for(lock, kStop, [this] { return impl_->ended; });
  impl_->running = false;
  std::thread thread = std::move(impl_->thread);
  lock.unlock();
  if (ended) {
    thread.join();
    return;
  }
  thread.detach(); // it hangs in a write and holds its own share of Impl
  impl_->say(settings::LogLevel::warning, "the log writer hangs and was left behind: log lines were lost");
}

void LogWriter::event(settings::LogLevel level, std::string_view text) noexcept {
  try {
    impl_->say(level, text);
  } catch (const std::bad_alloc&) {
    // Said of a shortage of memory, often enough: it must not be made worse.
  }
}

namespace {
std::atomic<LogWriter*> event_sink{nullptr};
}

void set_event_sink(LogWriter* writer) noexcept { event_sink.store(writer, std::memory_order_release); }

void event(settings::LogLevel level, std::string_view text) noexcept {
  if (LogWriter* const writer = event_sink.load(std::memory_order_acquire)) {
    writer->event(level, text);
    return;
  }
  try {
    if (level >= settings::LogLevel::info) write_stderr(event_line(level, text, stderr_is_journal()));
  } catch (const std::bad_alloc&) {
    // As in LogWriter::event.
  }
}

} // namespace ledgergate::observe
