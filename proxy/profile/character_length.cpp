#include "profile/character_length.h"

namespace ledgergate::profile {

void CharacterLength::feed(std::string_view bytes) {
  bytes_ += bytes.size();
  if (text_ != Text::utf8) return; // nothing but its bytes can be what was announced
  for (const char c : bytes) count(static_cast<unsigned char>(c));
  if (text_ == Text::utf8) json_.feed(bytes);
}

void CharacterLength::count(unsigned byte) noexcept {
  if (text_ != Text::utf8) return;
  if (more_ == 0) return begin(byte);
  if (byte < least_ || byte > most_) {
    text_ = Text::not_utf8;
    return;
  }
  least_ = 0x80;
  most_ = 0xBF;
  --more_;
}

// Each character is counted with its first byte; one that is cut short is told by more_.
void CharacterLength::begin(unsigned byte) noexcept {
  ++points_;
  units_ += byte >= 0xF0 ? 2 : 1; // beyond U+FFFF
  if (byte < 0x80) {
    if (byte == 0) text_ = Text::with_nul;
    return;
  }
  if (byte < 0xC2 || byte > 0xF4) {
    text_ = Text::not_utf8;
    return;
  }
  more_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
  least_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
  most_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
}

Result<void> CharacterLength::check(std::uint64_t stated) const {
  if (bytes_ == stated) {
    // This one counted bytes, as it should; or its own HTTP library has cut what it counted in characters.
    if (text_ == Text::utf8 && json_.cut()) return Error{Cause::reply_truncated, "its JSON ends in the middle"};
    return {};
  }
  // A character is a byte at least.
  if (bytes_ < stated) return Error{Cause::reply_truncated, "fewer bytes than the characters it announced"};
  if (text_ == Text::with_nul) return Error{Cause::reply_bad_length, "a NUL in what should be JSON"}; // ends the parser's reading
  if (text_ == Text::not_utf8 || more_ != 0)
    return Error{Cause::reply_bad_length, "Content-Length fits neither its bytes nor, not being UTF-8, its characters"};
  if (stated > units_) return Error{Cause::reply_truncated, "fewer characters than it announced"};
  if (stated != units_ && stated != points_)
    return Error{Cause::reply_bad_length, "Content-Length fits neither its bytes nor its characters"};
  // A count that fits is not enough: the stated number could be any, of a body that is cut or followed by something.
  if (!json_.whole()) return Error{Cause::reply_bad_length, "its characters fit, but are not one JSON value"};
  return {};
}

} // namespace ledgergate::profile
