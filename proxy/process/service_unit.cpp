#include "process/service_unit.h"

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

std::vector<std::string> words_of(std::string_view value) {
  std::vector<std::string> words;
  std::istringstream in{std::string(value)};
  for (std::string word; in >> word;) {
    std::erase(word, '"');
    words.push_back(std::move(word));
  }
  return words;
}

// systemd.exec(5): what may be written though all else is read-only. An empty value takes back what was said of that key.
void take_writable(ServiceUnit& unit, std::string_view key, std::string_view value) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kBases = {{{"ReadWritePaths", ""},
                                                                                           {"LogsDirectory", "/var/log/"},
                                                                                           {"StateDirectory", "/var/lib/"},
                                                                                           {"CacheDirectory", "/var/cache/"},
                                                                                           {"RuntimeDirectory", "/run/"}}};
  const auto base = std::find_if(kBases.begin(), kBases.end(), [&](const auto& each) { return each.first == key; });
  if (base == kBases.end()) return;
  std::vector<std::string>& paths = unit.writable[std::string(key)];
  if (value.empty()) paths.clear();
  for (std::string& word : words_of(value)) {
    if (base->second.empty()) word.erase(0, word.find_first_not_of("-+"));
    word.erase(word.find_last_not_of('/') + 1);
    paths.push_back(std::string(base->second) + word.substr(0, word.find(':')));
  }
}

void take(ServiceUnit& unit, std::string_view key, std::string_view value) {
  take_writable(unit, key, value);
  if (key == "ProtectSystem") unit.all_read_only = value == "strict";
  if (key == "PrivateTmp") {
    const bool own = value == "yes" || value == "true" || value == "on" || value == "1";
    unit.writable["PrivateTmp"] = own ? std::vector<std::string>{"/tmp", "/var/tmp"} : std::vector<std::string>();
  }
  if (key == "User" && !value.empty()) unit.user = value;
  if (key == "Group") unit.group = value;
  if (key == "SupplementaryGroups") {
    if (value.empty()) unit.supplementary_groups.clear();
    for (std::string& word : words_of(value)) unit.supplementary_groups.push_back(std::move(word));
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

bool lets_write(const ServiceUnit& unit, const fs::path& path) {
  static constexpr std::array<const char*, 3> kNeverReadOnly = {"/dev", "/proc", "/sys"};
  if (!unit.all_read_only) return true;
  const auto resolved = [](const fs::path& each) {
    std::error_code failure;
    fs::path found = fs::weakly_canonical(each, failure);
    return failure ? each.lexically_normal() : found;
  };
  const fs::path asked = resolved(path);
  const auto holds = [&](const fs::path& directory) {
    const fs::path above = resolved(directory);
    return std::mismatch(above.begin(), above.end(), asked.begin(), asked.end()).first == above.end();
  };
  if (std::any_of(kNeverReadOnly.begin(), kNeverReadOnly.end(), holds)) return true;
  return std::any_of(unit.writable.begin(), unit.writable.end(), [&](const auto& named) {
    return std::any_of(named.second.begin(), named.second.end(),
                       [&](const std::string& each) { return each.find('%') != std::string::npos || holds(each); });
  });
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
