#include "service_unit.h"

#include "base/directory.h"
#include "base/regular_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <sstream>
#include <utility>

namespace ledgergate {
namespace {

namespace fs = std::filesystem;
using std::chrono::microseconds;

constexpr std::string_view kUnit = "ledgergate.service";
constexpr std::size_t kLargest = 1024 * 1024;
// The first that has it counts.
constexpr std::array<std::string_view, 6> kDirectories = {"etc/systemd/system",           "run/systemd/system",
                                                          "usr/local/lib/systemd/system", "usr/lib/systemd/system",
                                                          "lib/systemd/system",           "run/systemd/generator"};

constexpr std::array<std::pair<std::string_view, double>, 24> kUnits = {
    {{"", 1e6},         {"s", 1e6},        {"sec", 1e6},    {"second", 1e6},    {"seconds", 1e6},    {"ms", 1e3},
     {"msec", 1e3},     {"us", 1},         {"usec", 1},     {"m", 60e6},        {"min", 60e6},       {"minute", 60e6},
     {"minutes", 60e6}, {"h", 3600e6},     {"hr", 3600e6},  {"hour", 3600e6},   {"hours", 3600e6},   {"d", 86400e6},
     {"day", 86400e6},  {"days", 86400e6}, {"w", 604800e6}, {"week", 604800e6}, {"weeks", 604800e6}, {"M", 2629800e6}}};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const std::size_t from = text.find_first_not_of(kSpace);
  return from == std::string_view::npos ? std::string_view() : text.substr(from, text.find_last_not_of(kSpace) - from + 1);
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

void take(ServiceUnit& unit, std::string_view key, std::string_view value) {
  if (key == "User" && !value.empty()) unit.user = value;
  if (key == "Group") unit.group = value;
  if (key == "SupplementaryGroups") {
    if (value.empty()) unit.supplementary_groups.clear();
    std::istringstream words{std::string(value)};
    for (std::string word; words >> word;) unit.supplementary_groups.push_back(word);
  }
  if (key == "TimeoutStopSec" || key == "TimeoutSec") {
    std::optional<microseconds> span;
    if (read_time_span(value, span)) unit.timeout_stop = span && span->count() == 0 ? std::nullopt : span;
  }
}

void read_section(ServiceUnit& unit, const std::string& text) {
  bool service = false;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::string_view words = trimmed(line);
    if (words.empty() || words.front() == '#' || words.front() == ';') continue;
    if (words.front() == '[') service = words == "[Service]";
    const std::size_t equals = words.find('=');
    if (service && equals != std::string_view::npos)
      take(unit, trimmed(words.substr(0, equals)), trimmed(words.substr(equals + 1)));
  }
}

} // namespace

bool read_time_span(std::string_view text, std::optional<microseconds>& span) {
  text = trimmed(text);
  if (text == "infinity") {
    span = std::nullopt;
    return true;
  }
  double sum = 0;
  if (text.empty()) return false;
  while (!text.empty()) {
    double number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || !(number >= 0)) return false;
    text = trimmed(text.substr(static_cast<std::size_t>(end - text.data())));
    const auto after = std::find_if_not(text.begin(), text.end(), is_letter);
    const std::string_view word = text.substr(0, static_cast<std::size_t>(after - text.begin()));
    const auto known = std::find_if(kUnits.begin(), kUnits.end(), [&](const auto& each) { return each.first == word; });
    if (known == kUnits.end()) return false;
    sum += number * known->second;
    text = trimmed(text.substr(word.size()));
  }
  if (sum > 1e18) return false;
  span = microseconds(static_cast<std::int64_t>(sum));
  return true;
}

ServiceUnit read_service_unit(const fs::path& root) {
  ServiceUnit unit;
  std::string text;
  std::map<std::string, fs::path> drop_ins; // by name: of two with one name the first directory's counts
  for (const std::string_view directory : kDirectories) {
    const fs::path place = root / directory;
    if (unit.file.empty() && read_regular_file((place / kUnit).string(), kLargest, text).state == FileState::read) {
      unit.file = (place / kUnit).string();
      read_section(unit, text);
    }
    int failure = 0;
    const fs::path beside = place / (std::string(kUnit) + ".d");
    for (const std::string& name : names_in(beside.string(), failure))
      if (name.ends_with(".conf")) drop_ins.emplace(name, beside / name);
  }
  if (unit.file.empty()) return {};
  for (const auto& [name, path] : drop_ins)
    if (read_regular_file(path.string(), kLargest, text).state == FileState::read) read_section(unit, text);
  return unit;
}

} // namespace ledgergate
