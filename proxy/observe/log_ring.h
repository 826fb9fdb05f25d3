// Log lines leave a worker through a ring of bytes, and a thread writes them: a full disk, a closed pipe or a slow reader costs
// lines (counted), never a request.
//
// Invariants: one LogWriter a process; each producer thread owns one LogRing (single producer, single consumer, no lock); a line is
// in the ring whole or not at all. The operational log (event lines on stderr) goes through a mutex-guarded queue of the same
// writer: such lines are rare.
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
  explicit LogRing(std::size_t capacity = 1u << 20); // bytes, a power of two
  ~LogRing();
  LogRing(const LogRing&) = delete;
  LogRing& operator=(const LogRing&) = delete;
  // Producer thread only. False: no room, the line is dropped and counted.
  bool push(std::string_view line) noexcept;
  [[nodiscard]] std::uint64_t dropped() const noexcept;

private:
  friend class LogWriter;
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_;
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
  void start();
  // Writes what is there, for one second at most, and ends the thread.
  void stop();

  // Operational line: "2026-01-31T12:00:00.000Z warning text\n" (with a "<4>" prefix for journald when stderr is its stream,
  // JOURNAL_STREAM). Any thread; bounded queue; drops are counted and said later.
  void event(settings::LogLevel level, std::string_view text);

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The process's writer for events, set once by main. Any thread. Before it is set, lines go straight to stderr.
void set_event_sink(LogWriter* writer) noexcept;
void event(settings::LogLevel level, std::string_view text);

} // namespace ledgergate::observe
