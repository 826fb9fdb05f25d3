// How much all bodies together may hold at the edge: bytes in memory, bytes in files, and of each at most a quarter for one client,
// so that one who fills its part is refused while the others notice nothing. One for all workers, kept across reloads.
//
// Invariants: everything is guarded by lock_, which is never held across a callback or a system call. held() is the sum of all
// parts that live; a client is known as long as one of its parts holds a byte. A part gives back exactly what it took, at its end
// at the latest. Lowered bounds take nothing away: what is held stays, and nothing is added before it fits again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace ledgergate::http {

class SpoolBudget {
public:
  struct Bounds {
    std::uint64_t memory = 0; // bytes, of all bodies
    std::uint64_t files = 0;  // bytes, of all bodies
  };
  struct Held {
    std::uint64_t memory = 0, files = 0; // bytes
    [[nodiscard]] bool nothing() const noexcept { return memory == 0 && files == 0; }
  };
  enum class Fit : std::uint8_t {
    yes,
    full,        // all bodies together hold what they may
    client_full, // this client holds its quarter
    never,       // this body alone is more than a quarter
  };
  static constexpr std::uint64_t kShare = 4; // one client may hold 1/kShare

  // Nothing fits until set_bounds() was called.
  SpoolBudget() = default;
  explicit SpoolBudget(Bounds bounds) noexcept : bounds_(bounds) {}
  void set_bounds(Bounds bounds);
  [[nodiscard]] Held held() const;
  [[nodiscard]] std::size_t clients() const; // that hold something

private:
  friend class SpoolPart;
  mutable std::mutex lock_;
  Bounds bounds_;
  Held held_;
  std::unordered_map<std::string, Held> clients_;
};

// What one body holds. Used by one thread at a time; may end on any. Moves, so that a spool can be opened anew.
class SpoolPart {
public:
  // Of no budget: everything fits.
  SpoolPart() = default;
  // `budget` outlives the part. `client`: identity, or address (IPv6: its /64).
  SpoolPart(SpoolBudget& budget, std::string client) noexcept : budget_(&budget), client_(std::move(client)) {}
  SpoolPart(SpoolPart&& other) noexcept
      : budget_(other.budget_), client_(std::move(other.client_)), held_(std::exchange(other.held_, {})) {}
  SpoolPart& operator=(SpoolPart&& other) noexcept;
  SpoolPart(const SpoolPart&) = delete;
  SpoolPart& operator=(const SpoolPart&) = delete;
  ~SpoolPart() { give_all(); }

  // Takes so many bytes more; false: they do not fit (a file is the way then). May throw std::bad_alloc, having taken nothing.
  [[nodiscard]] bool take_memory(std::uint64_t bytes);
  [[nodiscard]] SpoolBudget::Fit take_file(std::uint64_t bytes);
  // Whether they would fit now.
  [[nodiscard]] bool fits_memory(std::uint64_t bytes) const;
  [[nodiscard]] SpoolBudget::Fit fits_file(std::uint64_t bytes) const;
  // No more than was taken.
  void give_memory(std::uint64_t bytes) noexcept { give(bytes, 0); }
  void give_file(std::uint64_t bytes) noexcept { give(0, bytes); }
  void give_all() noexcept { give(held_.memory, held_.files); }
  [[nodiscard]] SpoolBudget::Held held() const noexcept { return held_; }

private:
  SpoolBudget* budget_ = nullptr;
  std::string client_;
  SpoolBudget::Held held_;

  [[nodiscard]] bool judge_memory(std::uint64_t bytes) const; // under the lock, as judge_file()
  [[nodiscard]] SpoolBudget::Fit judge_file(std::uint64_t bytes) const;
  void give(std::uint64_t memory, std::uint64_t files) noexcept;
};

} // namespace ledgergate::http
