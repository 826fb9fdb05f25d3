// Whether one server is up, as all workers know it; kept across reloads. Told by requests (was it reached?) and by the edge's own
// questions (did it answer?), which watch_health.cpp asks. Also whether an mServer is open on the company that it should be: until
// that is known, and while it is not so, the server is as good as down.
//
// Invariants: everything but the atomics is guarded by lock_, which is never held across a loop's jobs, a log line or a callback;
// unavailable_ and suspected_ follow what the guarded part says. Any thread, where nothing else is said.
#pragma once

#include "base/result.h"
#include "io/wake.h"
#include "settings/settings.h"
#include "upstream/health_count.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::upstream {

class Health {
public:
  explicit Health(const settings::Server& server);

  // A reload's rules. What was asked for before and is still, stays as it is known.
  void set(settings::Health rules) noexcept;

  // --- what is known ---------------------------------------------------------------------------------------------------------
  // No request goes there. One relaxed load.
  [[nodiscard]] bool unavailable() const noexcept { return unavailable_.load(std::memory_order_relaxed); }
  // server_down, with the reason for the log.
  [[nodiscard]] Error refusal() const;
  [[nodiscard]] std::uint32_t retry_after() const; // seconds
  [[nodiscard]] bool down() const;                 // by failures alone
  [[nodiscard]] bool company_unknown() const;      // it has to be asked

  // --- what happens ----------------------------------------------------------------------------------------------------------
  void reached() noexcept {
    if (suspected_.load(std::memory_order_relaxed)) count_reached();
  }
  // A request could not be brought there. Causes that are not about reaching the server are passed over.
  void unreached(Cause cause);
  // One of the edge's questions was answered; `saying` is for the log. Or it was not.
  void answered(std::string_view saying);
  void unanswered(std::string_view why); // a literal
  // What the server says of its company: `found` is for the log.
  void company(bool right, const std::string& found);

  // --- the one who asks ------------------------------------------------------------------------------------------------------
  // kAnswer is raised on the wake when the server goes down or comes up. Its loop's thread only; must not outlive the wake.
  class Watcher {
  public:
    Watcher(Health& health, io::Wake& wake);
    ~Watcher();
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;

  private:
    friend class Health;
    struct Line final : io::Errand {
      io::Loop* loop = nullptr;
      io::Wake* wake = nullptr; // null: nobody is there
      void arrive() noexcept override;
    };
    Health& health_;
    std::shared_ptr<Line> line_;
  };

private:
  enum class Company : std::uint8_t { any, unknown, right, wrong };

  const std::string name_;
  mutable std::mutex lock_;
  settings::Health rules_;
  HealthCount count_;
  Company company_ = Company::any;
  std::vector<std::shared_ptr<Watcher::Line>> watchers_;
  std::atomic<bool> unavailable_{false}, suspected_{false};

  void count_reached() noexcept;
  void count_failure(std::string_view why);
  void show() noexcept; // under lock_, as the next
  void tell_watchers() noexcept;
};

// A failure to reach the server at all.
[[nodiscard]] bool is_unreached(Cause cause) noexcept;

} // namespace ledgergate::upstream
