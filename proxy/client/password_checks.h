// Verifies passwords off the loops: a hash costs a tenth of a second on purpose. One thread of its own (a flood of logins must not
// hold up what libuv's pool does), a bounded line before it, and a short memory of what was right.
//
// Whoever asks for what is being verified already, or stands in line for it, waits for the same hash. Strangers stand behind those
// who logged in lately, whose line is served kKnownFirst times for each time of theirs. One account and one address take no more
// than a part of either line, and those that asked seldom are served first (start-time fair queueing: each check begins behind
// those of its account and of its address, and the one that begins first is next): neither a flood of guesses nor one broken
// program keeps everybody else out.
//
// Invariants: the lines, remembered_ and stopping_ are guarded by lock_, which is never held across a hash or a loop. An answer
// crosses threads only through the asking story's loop. What is remembered is a keyed digest (the key is random, and this process's
// alone) of user, password and hash: never a password.
#pragma once

#include "base/address.h"
#include "base/result.h"
#include "io/task.h"
#include "io/wake.h"

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace ledgergate::client {

class PasswordChecks {
public:
  static constexpr std::size_t kLine = 64;           // of strangers, and of the others; beyond it no_capacity
  static constexpr std::size_t kFromOneAddress = 32; // in a line; beyond it rate_limited
  static constexpr std::size_t kOfOneUser = 8;       // the same
  static constexpr std::uint32_t kKnownFirst = 3;
  static constexpr std::size_t kRemembered = 256; // right ones
  static constexpr std::int64_t kRememberMs = 60'000;

  PasswordChecks();
  ~PasswordChecks(); // stop()
  PasswordChecks(const PasswordChecks&) = delete;
  PasswordChecks& operator=(const PasswordChecks&) = delete;

  struct Login {
    std::string user, password;
    std::string hash;   // of the right password
    IpAddress from;     // the caller's network
    bool known = false; // it logged in from there lately, or has shown its certificate
  };
  // Ends the thread, waiting for the hash that is being made; must come before the loops of those who asked go.
  void stop() noexcept;
  // Whether the pair was right within the last minute. Fast.
  [[nodiscard]] bool remembers(const Login& login, std::int64_t now_ms);
  // Waits on `wake` until its deadline (no_capacity then) for the verdict. Errors: no_capacity, rate_limited. Both references must
  // outlive the task.
  io::Task<Result<bool>> verify(io::Wake& wake, Login& login);
  // How many hashes were made so far.
  [[nodiscard]] std::uint64_t made() const;

private:
  using Mark = std::array<unsigned char, 32>;
  struct Waiter final : io::Errand {
    io::Loop* loop = nullptr;
    io::Wake* wake = nullptr; // null: the story waits no more. Loop thread only
    bool answered = false, right = false;
    void arrive() noexcept override { // the verdict, which `right` says by then
      answered = true;
      if (wake != nullptr) wake->raise(io::kAnswer);
    }
  };
  // One hash to make. Under lock_, but for what is hashed.
  struct Check {
    std::string user, password, hash;
    Mark mark{};
    IpAddress from;
    std::uint64_t begins = 0; // its place by fair shares
    std::vector<std::shared_ptr<Waiter>> waiters;
    ~Check();
  };
  using Line = std::deque<std::shared_ptr<Check>>;
  struct Remembered {
    Mark mark;
    std::int64_t until_ms;
  };
  mutable std::mutex lock_;
  std::condition_variable changed_;
  Line known_, strangers_;
  std::shared_ptr<Check> now_;  // the one that is being made
  std::uint64_t begun_ = 0;     // where that one began
  std::uint32_t known_run_ = 0; // of the known, since a stranger had its turn
  std::deque<Remembered> remembered_;
  Mark key_{};
  std::uint64_t made_ = 0;
  bool stopping_ = false;
  bool started_ = false;
  std::thread thread_;

  [[nodiscard]] Mark mark(const Login& login) const;
  [[nodiscard]] Result<void> line_up(const std::shared_ptr<Waiter>& waiter, const Login& login, const Mark& mark); // under lock_
  [[nodiscard]] bool join(const std::shared_ptr<Waiter>& waiter, const Mark& mark, bool known);                    // under lock_
  void leave(const std::shared_ptr<Waiter>& waiter);                                                               // under lock_
  [[nodiscard]] std::shared_ptr<Check> next();                                                                     // under lock_
  [[nodiscard]] bool still_right(const Mark& mark, std::int64_t now_ms);                                           // under lock_
  void remember(const Mark& right) noexcept;                                                                       // under lock_
  void run();
};

} // namespace ledgergate::client
