#include "readings.h"

#include <cctype>
#include <cstdlib>

namespace ledgergate::fuzz {
namespace {

enum class Slashes { decoded, kept };

std::string percent_decoded(std::string_view text, Slashes slashes = Slashes::decoded) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool escape = text[at] == '%' && text.size() - at > 2 && std::isxdigit(static_cast<unsigned char>(text[at + 1])) != 0 &&
                        std::isxdigit(static_cast<unsigned char>(text[at + 2])) != 0;
    const bool slash =
        escape && ((text[at + 1] == '2' && (text[at + 2] | 0x20) == 'f') || (text[at + 1] == '5' && (text[at + 2] | 0x20) == 'c'));
    if (!escape || (slash && slashes == Slashes::kept)) {
      out += text[at];
      continue;
    }
    out += static_cast<char>(std::strtoul(std::string(text.substr(at + 1, 2)).c_str(), nullptr, 16));
    at += 2;
  }
  return out;
}

// A decoder that doesn't ask whether a character was written in as few bytes as it could be.
std::string leniently_decoded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    std::size_t more = 0;
    unsigned value = lead;
    if (lead >= 0xC0 && lead < 0xE0) {
      more = 1;
      value = lead & 0x1FU;
    } else if (lead >= 0xE0 && lead < 0xF0) {
      more = 2;
      value = lead & 0x0FU;
    } else if (lead >= 0xF0 && lead < 0xF8) {
      more = 3;
      value = lead & 0x07U;
    }
    bool sound = more > 0 && text.size() - at > more;
    for (std::size_t i = 1; sound && i <= more; ++i) {
      const auto next = static_cast<unsigned char>(text[at + i]);
      sound = (next & 0xC0U) == 0x80;
      value = value << 6U | (next & 0x3FU);
    }
    if (!sound || value >= 0x80) {
      out += text[at];
      continue;
    }
    out += static_cast<char>(value);
    at += more;
  }
  return out;
}

std::string slashed(std::string text) {
  for (char& c : text)
    if (c == '\\') c = '/';
  return text;
}

enum class Cut { nothing, parameters, stream, ends, all };

std::string cut_name(std::string name, Cut what) {
  if (what == Cut::parameters || what == Cut::all) name.resize(std::min(name.size(), name.find(';')));
  if (what == Cut::stream || what == Cut::all) name.resize(std::min(name.size(), name.find(':')));
  if (what == Cut::ends || what == Cut::all) {
    const bool dots = name == "." || name == "..";
    while (!dots && !name.empty() && (name.back() == '.' || name.back() == ' ')) name.pop_back();
  }
  return name;
}

std::vector<std::string> resolved(const std::string& text, Cut what) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('/', at), text.size());
    const std::string name = cut_name(text.substr(at, end - at), what);
    at = end + 1;
    if (name.empty() || name == ".") continue;
    if (name != "..") {
      out.push_back(name);
      continue;
    }
    if (out.empty()) return {".."};
    out.pop_back();
  }
  return out;
}

} // namespace

std::vector<std::vector<std::string>> readings(std::string_view path) {
  std::vector<std::vector<std::string>> out;
  const auto add = [&](const std::string& one) {
    for (const Cut what : {Cut::nothing, Cut::parameters, Cut::stream, Cut::ends, Cut::all})
      // A C program's string ends at a NUL.
      out.push_back(resolved(one.substr(0, one.find('\0')), what));
  };
  std::string text(path);
  for (int times = 1; times <= 3; ++times) {
    text = percent_decoded(text);
    const std::string lenient = leniently_decoded(text);
    for (const std::string& one :
         {text, lenient, percent_decoded(lenient), slashed(text), slashed(lenient), slashed(percent_decoded(lenient))})
      add(one);
  }
  add(percent_decoded(path, Slashes::kept));
  return out;
}

} // namespace ledgergate::fuzz
