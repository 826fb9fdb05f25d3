#include "state/request_id.h"

#include <cstdint>
#include <random>

namespace ledgergate {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014): a bijection of the counter, so ids of one thread never repeat.
std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

} // namespace

void make_request_id(std::string& out) {
  static thread_local std::uint64_t state = [] {
    std::random_device device;
    return static_cast<std::uint64_t>(device()) << 32 | device();
  }();
  state += 0x9e3779b97f4a7c15ULL;
  const std::uint64_t id = mix(state);
  static constexpr char kDigits[] = "0123456789abcdef";
  out.clear();
  for (int shift = 60; shift >= 0; shift -= 4) out += kDigits[id >> static_cast<unsigned>(shift) & 15];
}

} // namespace ledgergate
