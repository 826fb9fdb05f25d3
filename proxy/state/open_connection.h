// What a worker knows of each open connection, to end them on drain or when memory is short.
#pragma once

#include "io/wake.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ledgergate {
namespace upstream {
class Bound;
}

// What a caller's connection holds of the edge's memory.
class Held {
public:
  [[nodiscard]] virtual std::size_t bytes() const noexcept = 0;

protected:
  ~Held() = default;
};

// In the connection itself.
struct OpenConnection {
  io::Wake* wake = nullptr;
  const Held* held = nullptr;     // null: it is no caller's
  upstream::Bound* own = nullptr; // as `held`: server connections that are this caller's alone
  std::uint64_t number = 0;       // of a caller's: names it within the process
  std::uint64_t client = 0;       // as in Holder (shedding.h)
  std::string_view shed;          // why it was ended for others' sake, a literal; empty: it was not
  const void* listener = nullptr; // in whose count it is (Slot)
  bool spared = false;            // it is no stranger's, though nobody has proven anything: a front proxy's, or the administrator's
  enum class Phase : std::uint8_t { arriving, idle, asking } phase = Phase::arriving; // idle: between two requests
  std::uint64_t idled = 0; // which of its worker's it was to become idle: the least idles longest
  OpenConnection* next = nullptr;
  OpenConnection* previous = nullptr;
};

} // namespace ledgergate
