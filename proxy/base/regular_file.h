// The bytes of a file that is read as a whole: never a FIFO or a device, which would hold up the program, never more than a bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace ledgergate {

enum class FileState : std::uint8_t { read, unopened, unreadable, directory, special, too_large };

struct FileOutcome {
  FileState state = FileState::read;
  int error = 0; // errno, when it can't be opened or read
};

// Up to `most` bytes into `text` (whatever stood there goes). `text` says nothing unless the state is `read`.
[[nodiscard]] FileOutcome read_regular_file(const std::string& path, std::size_t most, std::string& text);

// The command that closes a file, which everybody may read, to all but who needs it: the edge's group where the file is root's,
// else its owner.
[[nodiscard]] std::string closing_words(const std::string& path);

} // namespace ledgergate
