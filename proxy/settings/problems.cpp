#include "settings/problems.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace ledgergate::settings {
namespace {

constexpr std::size_t kMostProblems = 100;
constexpr std::size_t kLongestQuote = 80;

bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U; }

} // namespace

std::string Problem::format() const {
  std::string out = file;
  if (line > 0) out += ':' + std::to_string(line) + ':' + std::to_string(column);
  if (!out.empty()) out += ": ";
  return out + (warning ? "warning: " : "error: ") + text;
}

Problems::Problems(std::string file, std::string_view text) : file_(std::move(file)), text_(text), lines_{0} {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\n') lines_.push_back(i + 1);
}

void Problems::add(Place place, std::string text, bool warning) {
  failed_ = failed_ || !warning;
  // A warning never takes the place of an error.
  if (problems_.size() >= kMostProblems) {
    const auto spare = std::find_if(problems_.rbegin(), problems_.rend(), [](const Problem& problem) { return problem.warning; });
    ++left_out_;
    if (warning || spare == problems_.rend()) return;
    problems_.erase(std::next(spare).base());
  }
  int column = place.column;
  if (place.line > 0 && static_cast<std::size_t>(place.line) <= lines_.size()) {
    const std::size_t start = lines_[static_cast<std::size_t>(place.line) - 1];
    const auto before = text_.substr(start, static_cast<std::size_t>(std::max(place.column - 1, 0)));
    column = 1 + static_cast<int>(std::count_if(before.begin(), before.end(), starts_character));
  }
  problems_.push_back({file_, place.line, column, std::move(text), warning});
}

std::vector<Problem> Problems::take() {
  const auto place = [](const Problem& problem) { return std::tie(problem.line, problem.column); };
  std::stable_sort(problems_.begin(), problems_.end(), [&](const Problem& a, const Problem& b) { return place(a) < place(b); });
  const auto same = [&](const Problem& a, const Problem& b) { return place(a) == place(b) && a.text == b.text; };
  problems_.erase(std::unique(problems_.begin(), problems_.end(), same), problems_.end());
  if (left_out_ > 0) problems_.push_back({file_, 0, 0, "and " + std::to_string(left_out_) + " more", !failed_});
  return std::exchange(problems_, {});
}

std::string quote(std::string_view text) {
  std::string out = "`";
  const bool cut = text.size() > kLongestQuote;
  std::size_t length = cut ? kLongestQuote : text.size();
  while (cut && length > 0 && !starts_character(text[length])) --length;
  for (const char byte : text.substr(0, length)) out += static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f ? '?' : byte;
  return out + (cut ? "…`" : "`");
}

} // namespace ledgergate::settings
