// Where mistakes are gathered, so that all are told at once.
#pragma once

#include "settings/problem.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::settings {

// A place in the text as the YAML parser counts it: from 1, columns in bytes. 0:0 is no place.
struct Place {
  int line = 0;
  int column = 0;
};

class Problems {
public:
  // `text` must outlive this: places are turned into columns of characters, as editors count them.
  Problems(std::string file, std::string_view text);

  void error(Place place, std::string text) { add(place, std::move(text), false); }
  void warning(Place place, std::string text) { add(place, std::move(text), true); }
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  // In file order, each once (a value that is aliased twice is wrong once), and no more of them than one can read.
  [[nodiscard]] std::vector<Problem> take();

private:
  void add(Place place, std::string text, bool warning);

  std::string file_;
  std::string_view text_;
  std::vector<std::size_t> lines_; // where each line starts
  std::vector<Problem> problems_;
  std::size_t left_out_ = 0;
  bool failed_ = false;
};

// `text` between backticks, safe to print: cut when long, controls as '?'.
[[nodiscard]] std::string quote(std::string_view text);

} // namespace ledgergate::settings
