// A strict reader of what an access log line may be: one JSON object (RFC 8259) of strings, numbers and `true`, no nesting, no key
// twice. Strings come back decoded to UTF-8, everything else as it is written.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace flat_json {

class Reader {
public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::optional<std::map<std::string, std::string>> object() {
    std::map<std::string, std::string> fields;
    if (!take('{')) return std::nullopt;
    do {
      const auto name = string();
      if (!name || !take(':')) return std::nullopt;
      const auto value = rest_.starts_with('"') ? string() : word();
      if (!value || !fields.emplace(*name, *value).second) return std::nullopt;
    } while (take(','));
    if (!take('}') || !rest_.empty()) return std::nullopt;
    return fields;
  }

private:
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::optional<std::string> word() {
    const std::string text(rest_.substr(0, rest_.find_first_not_of("0123456789.true")));
    rest_.remove_prefix(text.size());
    if (text == "true") return text;
    const std::size_t dot = text.find('.');
    const std::string whole = text.substr(0, dot);
    const bool digits =
        !whole.empty() && whole.find_first_not_of("0123456789") == std::string::npos && (whole == "0" || whole[0] != '0');
    const bool decimals =
        dot == std::string::npos || (dot + 1 < text.size() && text.find_first_not_of("0123456789", dot + 1) == std::string::npos);
    return digits && decimals ? std::optional(text) : std::nullopt;
  }

  std::optional<std::string> string() {
    if (!take('"')) return std::nullopt;
    std::string value;
    while (!rest_.empty() && rest_[0] != '"') {
      const char c = rest_[0];
      if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
      rest_.remove_prefix(1);
      if (c != '\\') {
        value.push_back(c);
      } else if (!escape(value)) {
        return std::nullopt;
      }
    }
    return take('"') ? std::optional(value) : std::nullopt;
  }

  bool escape(std::string& value) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (rest_.empty()) return false;
    const char c = rest_[0];
    rest_.remove_prefix(1);
    if (const std::size_t at = kNames.find(c); at != std::string_view::npos) {
      value.push_back(kMeanings[at]);
      return true;
    }
    if (c != 'u' || rest_.size() < 4 || rest_.substr(0, 4).find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
      return false;
    const unsigned long point = std::stoul(std::string(rest_.substr(0, 4)), nullptr, 16);
    rest_.remove_prefix(4);
    append_utf8(point, value);
    return true;
  }

  static void append_utf8(unsigned long point, std::string& value) {
    if (point < 0x80) {
      value.push_back(static_cast<char>(point));
    } else if (point < 0x800) {
      value.push_back(static_cast<char>(0xc0 | (point >> 6)));
      value.push_back(static_cast<char>(0x80 | (point & 0x3f)));
    } else {
      value.push_back(static_cast<char>(0xe0 | (point >> 12)));
      value.push_back(static_cast<char>(0x80 | ((point >> 6) & 0x3f)));
      value.push_back(static_cast<char>(0x80 | (point & 0x3f)));
    }
  }

  std::string_view rest_;
};

} // namespace flat_json
