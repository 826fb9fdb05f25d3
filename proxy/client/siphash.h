// SipHash-2-4 (Aumasson and Bernstein, 2012): a short digest that nobody can foresee who has not the key. Pure; needs no memory.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ledgergate::client {

class SipHash {
public:
  using Key = std::array<unsigned char, 16>;
  explicit SipHash(const Key& key) noexcept {
    const std::uint64_t low = little(key.data()), high = little(key.data() + 8);
    state_ = {low ^ 0x736f6d6570736575ULL, high ^ 0x646f72616e646f6dULL, low ^ 0x6c7967656e657261ULL, high ^ 0x7465646279746573ULL};
  }
  void add(std::string_view bytes) noexcept {
    for (const char c : bytes) {
      word_ |= std::uint64_t{static_cast<unsigned char>(c)} << (8 * (length_ % 8));
      if (++length_ % 8 == 0) take_word();
    }
  }
  // Eight bytes, so that what is added behind it can't be taken for a part of what came before.
  void add(std::uint64_t number) noexcept {
    for (int i = 0; i < 8; ++i) {
      const char byte = static_cast<char>(number >> (8 * i) & 0xFFU);
      add(std::string_view(&byte, 1));
    }
  }
  // Once, at the end.
  [[nodiscard]] std::uint64_t digest() noexcept {
    word_ |= std::uint64_t{length_ & 0xFFU} << 56U;
    take_word();
    state_[2] ^= 0xFFU;
    for (int i = 0; i < 4; ++i) round();
    return state_[0] ^ state_[1] ^ state_[2] ^ state_[3];
  }

private:
  std::array<std::uint64_t, 4> state_;
  std::uint64_t word_ = 0; // of the bytes that make no whole one yet
  std::size_t length_ = 0;

  static std::uint64_t little(const unsigned char* bytes) noexcept {
    std::uint64_t out = 0;
    for (int i = 0; i < 8; ++i) out |= std::uint64_t{bytes[i]} << (8 * i);
    return out;
  }
  void take_word() noexcept {
    state_[3] ^= word_;
    round();
    round();
    state_[0] ^= word_;
    word_ = 0;
  }
  void round() noexcept {
    auto& [a, b, c, d] = state_;
    a += b;
    b = std::rotl(b, 13) ^ a;
    a = std::rotl(a, 32);
    c += d;
    d = std::rotl(d, 16) ^ c;
    a += d;
    d = std::rotl(d, 21) ^ a;
    c += b;
    b = std::rotl(b, 17) ^ c;
    c = std::rotl(c, 32);
  }
};

} // namespace ledgergate::client
