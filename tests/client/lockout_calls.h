// Calls of the lock-out as the tests of it make them: one guess at a time, by who is who here.
#pragma once

#include "client/lockout.h"

#include <chrono>
#include <string>
#include <string_view>

namespace ledgergate::client::tests {

inline constexpr Nanos kSecond = 1'000'000'000;
using Verdict = Lockout::Verdict;

inline IpAddress ip(const std::string& text) { return *IpAddress::parse(text); }
inline const IpAddress kTill = ip("192.0.2.1");
inline const IpAddress kStranger = ip("203.0.113.9");

// A guess that is not looked at: what it is told.
inline Lockout::Decision may_try(Lockout& lockout, const settings::Lockout& with, const IpAddress& from, std::string_view account,
                                 Nanos now) {
  Lockout::Guess guess;
  return lockout.begin(with, {from, {}, account, "?"}, now, guess);
}

// A wrong guess of one who waits as told while the account is slowed down.
inline Nanos failed_slowly(Lockout& lockout, const settings::Lockout& with, const IpAddress& from, std::string_view account,
                           Nanos now) {
  Lockout::Guess guess;
  const auto first = lockout.begin(with, {from, {}, account, "wrong"}, now, guess);
  if (first.verdict == Verdict::slowed)
    static_cast<void>(lockout.begin(with, {from, {}, account, "wrong"}, now + first.wait, guess));
  return guess.fail(with, now).ban;
}

// A wrong guess, where it is let through: the ban that begins with it.
inline Nanos failed(Lockout& lockout, const settings::Lockout& with, const IpAddress& from, std::string_view account, Nanos now) {
  Lockout::Guess guess;
  static_cast<void>(lockout.begin(with, {from, {}, account, "wrong"}, now, guess));
  return guess.fail(with, now).ban;
}

inline void succeeded(Lockout& lockout, const settings::Lockout& with, const IpAddress& from, std::string_view account, Nanos now,
                      bool certain = true) {
  Lockout::Guess guess;
  static_cast<void>(lockout.begin(with, {from, {}, account, "right"}, now, guess));
  guess.succeed(with, now, certain);
}

inline settings::Lockout rules() {
  settings::Lockout out;
  out.failures = 3;
  out.within = std::chrono::seconds(60);
  out.ban = std::chrono::seconds(10);
  out.longest = std::chrono::seconds(35);
  return out;
}

inline IpAddress numbered(std::uint32_t n) {
  IpAddress out;
  for (std::size_t i = 0; i < 4; ++i) out.bytes[i] = static_cast<std::uint8_t>(n >> (8 * i));
  return out;
}

} // namespace ledgergate::client::tests
