// A reference in a reply as its readers follow it: as RFC 3986 has it, and as browsers do
// (https://url.spec.whatwg.org/#url-parsing), for whom `\` is a slash, tabs are nothing, and any number of slashes behind `http:`
// begins an authority.
#pragma once

#include "base/address.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ledgergate::route {

// A host as names are compared: percent-decoded, lower case, without a dot at its end; an address in whatever spelling as that
// address (`[::ffff:192.0.2.1]`, `0xC0000201` and `192.0.513` are 192.0.2.1).
class Host {
public:
  // With or without brackets. False: this is none.
  [[nodiscard]] bool read(std::string_view text) noexcept;

  [[nodiscard]] std::string_view name() const noexcept { return {name_.data(), size_}; }
  [[nodiscard]] const std::optional<IpAddress>& address() const noexcept { return address_; }
  // One address, one name, or both this machine (localhost, 127.0.0.1, [::1], and what Linux takes for it).
  [[nodiscard]] bool same(const Host& other) const noexcept;
  // Itself, or a name below that domain (RFC 6265 section 5.1.3).
  [[nodiscard]] bool in_domain(const Host& domain) const noexcept;

private:
  std::array<char, 256> name_{};
  std::size_t size_ = 0;
  std::optional<IpAddress> address_;

  [[nodiscard]] bool here() const noexcept;
};

enum class Scheme : std::uint8_t { none, http, https, ws, wss };

struct Reference {
  Scheme scheme = Scheme::none;
  bool absolute = false; // it names an authority
  Host host;
  std::uint16_t port = 0; // 0: not named
  std::string_view path;  // raw; begins with a slash of either kind, or is empty
  std::string_view tail;  // "?query#fragment"
};

// False: it is relative to where it stands, of another scheme, or no URL at all.
[[nodiscard]] bool read_reference(std::string_view text, Reference& out) noexcept;

// The path as browsers read it: without tabs, `\` as `/`. It is `path`, or lies in `scratch`.
[[nodiscard]] std::string_view plain_path(std::string_view path, std::string& scratch);

} // namespace ledgergate::route
