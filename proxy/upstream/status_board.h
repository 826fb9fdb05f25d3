// What a server last said of itself (mServer's bare /status), for all who want to know, on all workers: one question at a time is
// on its way, and its answer serves everybody who asks while it is, and for a second after. Kept across reloads.
//
// Invariants: last_, asking_ and waiting_ are guarded by lock_, which is never held across a loop's jobs or a callback. While
// asking_ there is exactly one Duty; whoever waits is told when it ends, whatever becomes of it. An answer crosses threads only
// through the waiting story's loop. A failed question is told to those who waited for it, and to nobody after that.
#pragma once

#include "base/result.h"
#include "io/wake.h"
#include "upstream/fair_line.h"
#include "upstream/probe.h"

#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace ledgergate::upstream {

class StatusBoard : public std::enable_shared_from_this<StatusBoard> {
public:
  static constexpr Micros kFresh = 1'000'000; // how long an answer is good

  struct Answer {
    Micros begun = 0; // when the question was begun
    Micros known = 0; // when the answer was there
    Result<ProbeReply> said = Error{Cause::out_of_memory};
  };
  using Known = std::shared_ptr<const Answer>;

  // A story's seat among those who wait. Its loop's thread only; must not outlive the wake, on which kAnswer is raised.
  class Seat {
  public:
    explicit Seat(io::Wake& wake);
    ~Seat();
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    [[nodiscard]] bool waiting() const noexcept { return waiting_; }
    // The answer that came, once; null while it waits.
    [[nodiscard]] Known take() noexcept;

  private:
    friend class StatusBoard;
    struct Place final : io::Errand {
      io::Loop* loop = nullptr;
      io::Wake* wake = nullptr; // null: the story waits no more
      Known answer;             // of the loop's thread
      Known sent;               // under the board's lock while it waits there, then on its way with it
      void arrive() noexcept override;
    };
    std::shared_ptr<Place> place_;
    bool waiting_ = false;
  };

  // The duty to put the question to the server. Ends with publish(), or by itself with out_of_memory. Any thread.
  class Duty {
  public:
    Duty(std::shared_ptr<StatusBoard> board, std::shared_ptr<Answer> answer)
        : board_(std::move(board)), answer_(std::move(answer)) {}
    Duty(Duty&&) noexcept = default;
    Duty(const Duty&) = delete;
    Duty& operator=(const Duty&) = delete;
    Duty& operator=(Duty&&) = delete;
    ~Duty();
    void publish(Result<ProbeReply> said, Micros now);

  private:
    std::shared_ptr<StatusBoard> board_; // null: done
    std::shared_ptr<Answer> answer_;     // made beforehand: the end must not need memory
  };

  // `known`: an answer that is fresh, to a question begun at `not_before` or later. Without it the seat waits from here on (for a
  // question that may have been begun before that: ask again then), and a `duty`, if there is one, is the caller's.
  struct Asked {
    Known known;
    std::optional<Duty> duty;
  };
  [[nodiscard]] Asked ask(Seat& seat, Micros now, Micros not_before);

private:
  std::mutex lock_;
  Known last_; // a good one, or null
  bool asking_ = false;
  std::vector<std::shared_ptr<Seat::Place>> waiting_;

  void publish(const Known& answer) noexcept;
};

} // namespace ledgergate::upstream
