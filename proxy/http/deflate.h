// A body on its way through gzip or deflate (zlib's format). Nothing here can fail but the memory at the start; what was begun and
// is not finished has no trailer, so that no reader can take it for whole.
//
// Loop thread; the object is meant to be kept: begin() reuses the state (about 270 KiB) of a body before it, and allocates nothing
// as long as the coding is the same.
#pragma once

#include "http/coding.h"

#include <zlib.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ledgergate::http {

class Compressor {
public:
  enum class Then : std::uint8_t {
    gather, // more is to come at once: keep what makes a better block
    flush,  // all that was given must be readable now
    end,    // that was all: the trailer
  };

  Compressor() = default;
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  // Begins a body. `coding`: gzip or deflate; `level`: 1 (fast) to 9. False: no memory.
  [[nodiscard]] bool begin(Coding coding, int level) noexcept;
  // Hands over bytes, which must stay until take() has said false. Then take() until it does.
  void give(std::string_view bytes, Then then) noexcept;
  // True: `out` is the next piece of the coded body, good until the next call. False: all that was asked for is out.
  [[nodiscard]] bool take(std::string_view& out) noexcept;

private:
  z_stream stream_{};
  Coding coding_ = Coding::identity; // of the state that stream_ has
  std::string_view left_;            // of the bytes given
  int then_ = Z_NO_FLUSH;
  bool done_ = true;
  std::array<char, 16 * 1024> piece_; // what one TLS record holds
};

} // namespace ledgergate::http
