// Log lines leave a worker through a ring of bytes, and a thread writes them: a full disk, a closed pipe or a slow reader costs
// lines (counted), never a request.
//
// Invariants: one LogWriter a process; each producer thread owns one LogRing (single producer, single consumer, no lock); a line is
// in the ring whole or not at all. The operational log (event lines on stderr) goes through one more ring of the same writer, whose
// producers take turns by a mutex: such lines are rare. The writer throws nothing away while a target fails: the rings are the
// backlog, and what finds them full is dropped and counted.
#pragma once

#include "settings/settings.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace ledgergate::observe {

class LogRing {
public:
  // Bytes, a power of two. `wake`: an eventfd that is written when the ring becomes half full, or -1.
  explicit LogRing(std::size_t capacity = 1u << 20, int wake = -1);
  ~LogRing() = default;
  LogRing(const LogRing&) = delete;
  LogRing& operator=(const LogRing&) = delete;
  // Producer thread only. False: no room, the line is dropped and counted. No system call, except the one that wakes the writer
  // when the ring becomes half full.
  bool push(std::string_view line) noexcept;
  // Consumer thread only: appends all that is there (whole lines, at most the capacity) to `out`.
  void take(std::string& out);
  [[nodiscard]] std::uint64_t dropped() const noexcept;

private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_;
  int wake_;
  // Both only ever grow; their low bits are the place in bytes_.
  alignas(64) std::atomic<std::size_t> head_{0}; // producer writes
  alignas(64) std::atomic<std::size_t> tail_{0}; // consumer writes
  alignas(64) std::atomic<std::uint64_t> dropped_{0};
};

class LogWriter {
public:
  LogWriter();
  ~LogWriter(); // stop()
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Opens the access log's target. False and a message in `why` when a file can't be opened (the old target stays). Main thread;
  // called at start and again on reload (which reopens the file: logrotate). SIGPIPE must be ignored by the process.
  bool open(const settings::Log& log, std::string& why);
  // A ring for one worker; lives as long as the writer.
  [[nodiscard]] LogRing& ring();
  // Access lines lost so far. Any thread.
  [[nodiscard]] std::uint64_t dropped() const;
  // Once. False: the system gives no thread; lines are then dropped and counted, events still go to stderr.
  bool start();
  // Writes what is there, for one second at most, and ends the thread. Events go straight to stderr from then on.
  void stop();

  // Operational line: "2026-01-31T12:00:00.000Z warning text\n" (with a "<4>" prefix for journald when stderr is its stream,
  // JOURNAL_STREAM). Any thread; bounded queue; drops are counted and said later. One event is one line: control characters in
  // the text are escaped, and a very long text is cut. Without memory for it the line is lost.
  void event(settings::LogLevel level, std::string_view text) noexcept;

private:
  struct Impl;
  std::shared_ptr<Impl> impl_; // shared with the thread, which may have to be left behind in a write that never returns
};

// The process's writer for events, set once by main (and unset, with nullptr, before the writer goes). Any thread. Without one,
// lines go straight to stderr.
void set_event_sink(LogWriter* writer) noexcept;
void event(settings::LogLevel level, std::string_view text) noexcept;

} // namespace ledgergate::observe
