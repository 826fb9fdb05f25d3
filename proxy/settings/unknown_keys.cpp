#include "settings/unknown_keys.h"

#include "settings/known_keys.h"
#include "settings/problem.h"
#include "settings/problems.h"
#include "settings/suggest.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace ledgergate::settings {
namespace {

constexpr std::size_t kMostPlaces = 3; // more of them are no help

// Words that people expect here, and what there is instead.
constexpr auto kInstead = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"api_key", "a client's key is its `api_key_sha256`"},
    {"bans", "bans are governed by `lockout`"},
    {"classes", "`class` of a route or a client names one of those that there are"},
    {"http2", "HTTP/2 is not spoken by this version; callers that offer it go on with HTTP/1.1"},
    {"ledger", "this version has none"},
    {"methods", "this version looks at no methods but those of the server's profile; `operations` says what may be asked"},
    {"metrics", "they are served at the door of `admin`"},
    {"rate", "write `requests: 60/min` in `limits` of a client or a route, or in `address_limits`"},
    {"rates", "write `requests: 60/min` in `limits` of a client or a route, or in `address_limits`"},
    {"redis", "this version has no use for it"},
    {"timeout", "times stand in `timeouts`, of a server or of the whole file"},
    {"tls_min_version", "TLS 1.2 and 1.3 are spoken, nothing older"},
});

// "servers{}.units[]" -> "servers{}", "units".
std::pair<std::string_view, std::string_view> split(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  std::string_view key = dot == std::string_view::npos ? path : path.substr(dot + 1);
  while (key.ends_with("[]") || key.ends_with("{}")) key.remove_suffix(2);
  return {dot == std::string_view::npos ? std::string_view() : path.substr(0, dot), key};
}

// Where a key of that very name is known.
std::vector<std::string> places_of(std::string_view key, std::string_view map) {
  std::vector<std::string> out;
  for (const std::string& path : known_keys()) {
    const auto [around, name] = split(path);
    if (name != key || around == map || around.ends_with("{}{}")) continue;
    std::string place = around.empty() ? std::string(name) : std::string(around) + '.' + std::string(name);
    if (std::find(out.begin(), out.end(), place) == out.end()) out.push_back(std::move(place));
  }
  return out;
}

} // namespace

std::string unknown_key(std::string_view key, std::string_view map, const std::vector<std::string>& known) {
  std::string out = "unknown key " + quote(key);
  const auto* const instead = std::find_if(kInstead.begin(), kInstead.end(), [key](const auto& each) { return each.first == key; });
  // A key of that very name beats one that is like it.
  const auto places = instead == kInstead.end() ? places_of(key, map) : std::vector<std::string>();
  if (places.empty() || places.size() > kMostPlaces) {
    if (const std::string meant = did_you_mean(key, known); !meant.empty()) return out + meant;
    if (instead != kInstead.end()) out += ": " + std::string(instead->second);
    return out;
  }
  out += ": it belongs to ";
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (i > 0) out += i + 1 == places.size() ? " or " : ", ";
    out += '`' + places[i] + '`';
  }
  return out;
}

} // namespace ledgergate::settings
