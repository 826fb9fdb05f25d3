// The chunked transfer coding, strictly (RFC 9112 section 7.1): hexadecimal size without prefix, CRLF only, extensions and trailers
// judged by their grammar, bounded and dropped. The same outcome for every way of splitting the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ledgergate::http {

class ChunkDecoder {
public:
  enum class State : std::uint8_t { more, data, done, failed };
  struct Step {
    State state = State::more;
    std::size_t consumed = 0; // bytes of `in` that are used up (data included)
    std::string_view data{};  // into `in`; with State::data
  };
  void reset() noexcept;
  // Call until it says `more` (give it further bytes), `done` or `failed` (for good). `data` may come many times.
  [[nodiscard]] Step next(std::string_view in) noexcept;

private:
  enum class At : std::uint8_t {
    size,
    extension, // behind its ';'
    extension_name,
    extension_name_end, // blanks behind it
    extension_value,    // behind its '='
    extension_word,
    extension_quoted,
    extension_escape, // behind a backslash in quotes
    extension_end,    // behind the quotes
    extension_gap,    // blanks before the next one
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_lf,
    end_lf,
    done,
    failed,
  };
  std::uint64_t left_ = 0;   // data bytes left in this chunk
  std::uint32_t digits_ = 0; // of the size being read
  std::uint32_t extra_ = 0;  // extension bytes of the whole body, then trailer bytes
  At at_ = At::size;
  [[nodiscard]] bool judge(char c) noexcept;
  [[nodiscard]] bool judge_extension(char c) noexcept;
  [[nodiscard]] bool extra(std::uint32_t most) noexcept;
};

// Writes "<hex>\r\n" in front of a chunk of `size` bytes; returns the length written (18 at most).
std::size_t write_chunk_size(std::uint64_t size, char* out) noexcept;

} // namespace ledgergate::http
