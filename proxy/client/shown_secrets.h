// Whether a field's value shows a key or a user of the edge's own, in whatever form a program may have put it there.
//
// A key is found by the digest of each part of a value that could be one; a user by its name, whatever the password: yesterday's
// tells a good deal of today's. More is read than a login may be, since it is as secret.
#pragma once

#include "client/directory.h"

#include <cstddef>
#include <string_view>

namespace ledgergate::client {

// A field that programs put keys and passwords into, by its name. Every field of every request is asked.
[[nodiscard]] bool takes_credentials(std::string_view name) noexcept;

// One request's; one thread's. `directory` must outlive it. It does a bounded amount of work: when that is used up, each further
// value counts as one that shows a secret.
class SecretSearch {
public:
  // `users`: whether names of users count, or keys alone.
  SecretSearch(const Directory& directory, bool users) noexcept : directory_(directory), users_(users) {}
  // Looks at the value as it stands, at what follows its scheme, at each part of it, and so again at what each of these is in plain
  // (percent-encoding, base64). May throw std::bad_alloc.
  [[nodiscard]] bool finds_in(std::string_view value) { return shows(value, kMostLayers); }

private:
  static constexpr int kMostLayers = 3;          // of encoding
  static constexpr std::size_t kEnough = 16'384; // steps: one for each part that is looked at, and one for each 64 bytes of it

  [[nodiscard]] bool shows(std::string_view value, int layers);
  [[nodiscard]] bool part_shows(std::string_view part, int layers);
  [[nodiscard]] bool words_show(std::string_view text, std::string_view known, int layers);
  [[nodiscard]] bool is_secret(std::string_view text, int layers);
  [[nodiscard]] bool holds_secret(std::string_view pair);
  [[nodiscard]] bool is_key(std::string_view text);
  [[nodiscard]] bool is_user(std::string_view name) const;
  [[nodiscard]] bool spend(std::size_t bytes) noexcept;

  const Directory& directory_;
  bool users_;
  std::size_t left_ = kEnough;
};

} // namespace ledgergate::client
