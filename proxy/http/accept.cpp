#include "http/accept.h"

#include "http/chars.h"

#include <algorithm>
#include <tuple>

namespace ledgergate::http {
namespace {

constexpr std::size_t kLongest = 1024; // of one field; what browsers send is below 200

using IsRange = bool (*)(std::string_view) noexcept;

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return is(c, token_byte); });
}

// RFC 9110 section 12.5.1: media-range without its parameters.
bool is_media_range(std::string_view text) noexcept {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const auto type = text.substr(0, slash), subtype = text.substr(slash + 1);
  return is_token(type) && is_token(subtype) && (type != "*" || subtype == "*");
}

// RFC 4647 section 2.1: (1*8ALPHA *("-" 1*8alphanum)) / "*".
bool is_language_range(std::string_view text) noexcept {
  if (text == "*") return true;
  bool first = true;
  for (;;) {
    const auto end = std::min(text.find('-'), text.size());
    if (end == 0 || end > 8) return false;
    for (const char c : text.substr(0, end)) {
      const bool letter = lower(c) >= 'a' && lower(c) <= 'z';
      if (!letter && (first || !is(c, digit_byte))) return false;
    }
    if (end == text.size()) return true;
    text.remove_prefix(end + 1);
    first = false;
  }
}

// RFC 9110 section 12.4.2: qvalue = ("0" ["." 0*3DIGIT]) / ("1" ["." 0*3("0")]).
std::optional<std::uint16_t> read_weight(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1') || (text.size() > 1 && text[1] != '.'))
    return std::nullopt;
  unsigned thousandths = text[0] == '1' ? 1000 : 0;
  unsigned place = 100;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (!is(c, digit_byte)) return std::nullopt;
    thousandths += static_cast<unsigned>(c - '0') * place;
    place /= 10;
  }
  if (thousandths > 1000) return std::nullopt;
  return static_cast<std::uint16_t>(thousandths);
}

// Takes a token or a quoted string off the front; false when there is none.
bool take_value(std::string_view& rest, std::string_view& value) noexcept {
  std::size_t end = 0;
  if (rest.starts_with('"')) {
    for (end = 1; end < rest.size() && rest[end] != '"'; ++end)
      if (rest[end] == '\\') ++end;
    if (end >= rest.size()) return false;
    ++end;
  } else {
    while (end < rest.size() && is(rest[end], token_byte)) ++end;
  }
  value = rest.substr(0, end);
  rest.remove_prefix(end);
  return end != 0;
}

void skip_blanks(std::string_view& rest) noexcept {
  while (!rest.empty() && (rest.front() == ' ' || rest.front() == '\t')) rest.remove_prefix(1);
}

// The parameters of one element, up to a comma or the end; only q counts, and it may be said once.
bool take_parameters(std::string_view& rest, bool only_weight, Preference& element) noexcept {
  bool weighed = false;
  for (;;) {
    skip_blanks(rest);
    if (rest.empty() || rest.front() == ',') return true;
    if (rest.front() != ';') return false;
    rest.remove_prefix(1);
    skip_blanks(rest);
    std::string_view name, value;
    const auto end = std::min(rest.find_first_of("=;, \t"), rest.size());
    name = rest.substr(0, end);
    rest.remove_prefix(end);
    const bool weight = iequals(name, "q");
    if (!is_token(name) || (only_weight && !weight) || !rest.starts_with('=')) return false;
    rest.remove_prefix(1);
    if (!take_value(rest, value)) return false;
    if (!weight) continue;
    const auto read = read_weight(value);
    if (!read || weighed) return false;
    weighed = true;
    element.weight = *read;
  }
}

// One field's list; empty elements are passed over (RFC 9110 section 5.6.1.2).
bool read_list(std::string_view rest, IsRange is_range, bool only_weight, Preferences& out) noexcept {
  if (rest.size() > kLongest) return false;
  for (;;) {
    skip_blanks(rest);
    if (rest.empty()) return true;
    if (rest.front() == ',') {
      rest.remove_prefix(1);
      continue;
    }
    const auto end = std::min(rest.find_first_of(";, \t"), rest.size());
    Preference element{rest.substr(0, end)};
    rest.remove_prefix(end);
    if (!is_range(element.range) || !take_parameters(rest, only_weight, element) || out.full()) return false;
    out.add(element);
  }
}

Preferences read(const std::vector<Field>& fields, std::string_view name, IsRange is_range, bool only_weight) noexcept {
  Preferences wanted;
  for (const Field& field : fields)
    if (iequals(field.name, name) && !read_list(field.value, is_range, only_weight, wanted)) return {};
  return wanted;
}

// How much an offer is liked; greater is better.
struct Liking {
  unsigned weight = 0;
  unsigned specific = 0;  // 0: nobody asked for it; the more, the closer the range that did
  std::size_t behind = 0; // ranges that come after the one that decides
  friend bool operator<(const Liking& a, const Liking& b) noexcept {
    return std::tie(a.weight, a.specific, a.behind) < std::tie(b.weight, b.specific, b.behind);
  }
};

unsigned media_match(std::string_view range, std::string_view offer) noexcept {
  if (iequals(range, offer)) return 3;
  if (range == "*/*") return 1;
  const auto slash = offer.find('/');
  return range.ends_with("/*") && iequals(range.substr(0, range.size() - 1), offer.substr(0, slash + 1)) ? 2 : 0;
}

unsigned language_match(std::string_view range, std::string_view offer) noexcept {
  if (range == "*") return 1;
  return iequals(range.substr(0, range.find('-')), offer) ? 2 : 0;
}

template <class Match>
Liking like(const Preferences& wanted, std::string_view offer, Match match) noexcept {
  Liking liking;
  const auto ranges = wanted.ranges();
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const Liking here{ranges[i].weight, match(ranges[i].range, offer), ranges.size() - i};
    // The closest range decides; of several that are as close ("cs-CZ, cs;q=0.8"), the best.
    if (here.specific > liking.specific || (here.specific != 0 && here.specific == liking.specific && liking < here)) liking = here;
  }
  return liking;
}

} // namespace

Preferences accepted_media(const std::vector<Field>& fields) noexcept { return read(fields, "Accept", is_media_range, false); }

Preferences accepted_languages(const std::vector<Field>& fields) noexcept {
  return read(fields, "Accept-Language", is_language_range, true);
}

std::optional<std::size_t> best_media(const Preferences& wanted, std::span<const std::string_view> offers) noexcept {
  std::optional<std::size_t> best;
  Liking most;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    const Liking liking = like(wanted, offers[i], media_match);
    if (liking.weight == 0 || (best && !(most < liking))) continue;
    best = i;
    most = liking;
  }
  return best;
}

std::size_t best_language(const Preferences& wanted, std::span<const std::string_view> offers, std::size_t fallback) noexcept {
  std::size_t best = fallback;
  Liking most = like(wanted, offers[fallback], language_match);
  for (std::size_t i = 0; i < offers.size(); ++i) {
    const Liking liking = like(wanted, offers[i], language_match);
    if (liking.weight == 0 || !(most < liking)) continue;
    best = i;
    most = liking;
  }
  return best;
}

} // namespace ledgergate::http
