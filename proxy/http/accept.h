// What the caller would like to read: Accept and Accept-Language (RFC 9110 sections 12.5.1 and 12.5.4). Read strictly and within
// bounds: a list that is malformed, longer than 1 KiB or of more than 32 elements counts as not sent, for these fields only choose
// between texts that all say the same.
#pragma once

#include "http/head.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace ledgergate::http {

struct Preference {
  std::string_view range;      // "text/html", "text/*", "*/*"; "cs-CZ", "*". Media type parameters are left out
  std::uint16_t weight = 1000; // q in thousandths
};

// Views of the head; the caller's order.
class Preferences {
public:
  [[nodiscard]] std::span<const Preference> ranges() const noexcept { return {items_.data(), count_}; }
  void add(Preference preference) noexcept { items_[count_++] = preference; }
  [[nodiscard]] bool full() const noexcept { return count_ == items_.size(); }

private:
  std::array<Preference, 32> items_{};
  std::size_t count_ = 0;
};

[[nodiscard]] Preferences accepted_media(const std::vector<Field>& fields) noexcept;
[[nodiscard]] Preferences accepted_languages(const std::vector<Field>& fields) noexcept;

// The offer with the greatest weight: the most specific range that matches an offer decides. Among equals, one that is named
// beats one that a wildcard lets in, then the caller's order counts, then ours. Nothing when no offer is acceptable, or nothing was
// asked. Offers are lower case media types.
[[nodiscard]] std::optional<std::size_t> best_media(const Preferences& wanted, std::span<const std::string_view> offers) noexcept;

// The same for languages: offers are primary subtags in lower case, and "cs-CZ" asks for "cs". `fallback` is what "*" means, and
// the answer where no offer is asked for.
[[nodiscard]] std::size_t best_language(const Preferences& wanted, std::span<const std::string_view> offers,
                                        std::size_t fallback) noexcept;

} // namespace ledgergate::http
