// ApiComPrem builds that count Content-Length in characters: a reply with a letter outside ASCII is longer than it says, and cut
// short by whoever believes the number (docs/vendors.md, ApiComPrem). Such a reply can be believed only as a whole, behind the
// server's FIN.
#pragma once

#include "base/result.h"
#include "profile/json_value.h"

#include <cstdint>
#include <string_view>

namespace ledgergate::profile {

// Counts a reply as it comes; of the reply itself nothing is kept.
class CharacterLength {
public:
  // The next bytes. Throws std::bad_alloc.
  void feed(std::string_view bytes);
  // Whether all that was fed, up to the server's FIN, is what `stated` announced: so many bytes; or, of one JSON value in UTF-8, so
  // many UTF-16 units or code points. Errors: reply_truncated when it is too short for that, reply_bad_length when it is anything
  // else.
  [[nodiscard]] Result<void> check(std::uint64_t stated) const;

private:
  enum class Text : std::uint8_t { utf8, not_utf8, with_nul };

  JsonValue json_;
  std::uint64_t bytes_ = 0;
  std::uint64_t points_ = 0;
  std::uint64_t units_ = 0; // of UTF-16: what .NET's String.Length and its kin count
  // Of a character that has begun (RFC 3629 section 4): bytes to come, and the bounds of the next one.
  unsigned more_ = 0, least_ = 0x80, most_ = 0xBF;
  Text text_ = Text::utf8;

  void count(unsigned byte) noexcept;
  void begin(unsigned byte) noexcept;
};

} // namespace ledgergate::profile
