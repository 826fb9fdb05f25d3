#include "http/names.h"

#include "base/encode.h"
#include "base/utf8.h"

namespace ledgergate::http {
namespace {

void append(char32_t point, std::string& out) { static_cast<void>(append_character(folded(point), Encoding::utf8, out)); }

} // namespace

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const Character next = decode_utf8(text);
    if (next.length == 0) return false;
    text.remove_prefix(next.length);
  }
  return true;
}

std::string small_name(std::string_view name, Charset otherwise) {
  const Charset charset = is_utf8(name) ? Charset::strict : otherwise;
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    const Letter letter = letter_at(name, at, charset);
    append(letter.point, out);
    at += letter.size;
  }
  return out;
}

std::string loose_name(std::string_view name, Charset charset) {
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    const Letter letter = letter_at(name, at, charset);
    at += letter.size;
    if (letter.point == 0 || combining(letter.point) || invisible(letter.point)) continue;
    const Forms forms = forms_of(letter.point);
    if (forms.unicode.empty()) append(letter.point, out);
    for (const char16_t each : forms.unicode) append(each, out);
  }
  while (out.ends_with(' ')) out.pop_back();
  out.erase(0, out.find_first_not_of(' '));
  return out;
}

} // namespace ledgergate::http
