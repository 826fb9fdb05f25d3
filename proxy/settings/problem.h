#pragma once

#include <string>

namespace ledgergate::settings {

// One mistake (or warning), with its place. line and column count from 1; 0 when there is no place (a missing file).
struct Problem {
  std::string file;
  int line = 0;
  int column = 0;
  std::string text;                         // "unknown key `adress` (did you mean `address`?)"
  bool warning = false;                     // the settings can be used all the same
  [[nodiscard]] std::string format() const; // "edge.yaml:3:5: error: unknown key …" / ": warning: …"
};

} // namespace ledgergate::settings
