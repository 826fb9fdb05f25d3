// A line for each change of who may come in: in DIR/audit.log and in the journal (syslog, facility authpriv).
#pragma once

#include "enrol/files.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace ledgergate::enrol {

// The file is opened before a deed, so that one which lets somebody in, or shows a secret once, is not begun where it can't be
// written down. What takes something back is done all the same. When the disk is full behind that, the deed is done and its words
// are shown: then trouble() is what the program ends with.
class Audit {
public:
  explicit Audit(const Folder& folder);
  ~Audit();
  Audit(Audit&& other) noexcept;
  Audit& operator=(Audit&&) = delete;
  Audit(const Audit&) = delete;
  Audit& operator=(const Audit&) = delete;

  // `what` is "issued certificate=till serial=… until=…": plain words, no secrets. The line says when and who besides. The journal
  // has it also when the file can't be written.
  void note(std::string_view what, std::int64_t now);
  // Why not all is written down; "" when it is, and will be as far as can be known.
  [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }

private:
  void blame(int error);
  std::string path_, trouble_;
  int file_;
};

// "2026-11-22T17:19:36Z"
[[nodiscard]] std::string moment_text(std::int64_t seconds);
// "2026-11-22"
[[nodiscard]] std::string day_text(std::int64_t seconds);

} // namespace ledgergate::enrol
