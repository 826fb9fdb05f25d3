// A request's Content-Encoding taken off, piece by piece and within bounds, so that rules can read what a server will read.
//
// Strict where two readers could differ: one gzip member and nothing behind it, one coding, a complete stream.
#pragma once

#include "base/result.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

struct z_stream_s;

namespace ledgergate::inspect {

enum class Coding : std::uint8_t { identity, gzip, deflate };

// What one Content-Encoding value asks for; `x-gzip` is gzip (RFC 9110 section 8.4.1.3), an empty value is identity. Empty: a
// coding that is not known, or more than one (also `gzip, gzip`): unsupported_coding. A head with several such fields is for the
// caller to refuse.
[[nodiscard]] std::optional<Coding> coding_named(std::string_view content_encoding) noexcept;

struct InflateBounds {
  std::uint64_t decoded = 256ULL << 20; // bytes
  // Decoded bytes for each byte of input, once more than `free` came out. DEFLATE can do 1032; a pack of 10,000 orders does 60.
  std::uint32_t ratio = 250;
  std::uint64_t free = 1ULL << 20; // bytes
};

// One body. Not thread-safe; holds about 40 KiB from the first byte on (nothing with Coding::identity).
class Inflater {
public:
  explicit Inflater(Coding coding, InflateBounds bounds = {}) noexcept;
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Takes bytes from the front of `in` and writes decoded ones to `out`; the number written. 0: all of `in` is used up. After an
  // error the object is of no more use. Errors: body_unreadable (what is wrong is in the detail), body_too_large, out_of_memory.
  [[nodiscard]] Result<std::size_t> decode(std::string_view& in, char* out, std::size_t size) noexcept;
  // There is no more input. Error: body_unreadable when the stream is not complete.
  [[nodiscard]] Result<void> finish() const noexcept;

private:
  [[nodiscard]] Result<void> start(std::string_view& in) noexcept;
  [[nodiscard]] Result<void> begin(int window_bits) noexcept;
  [[nodiscard]] Result<std::size_t> inflate(std::string_view& in, char* out, std::size_t size) noexcept;

  struct End {
    void operator()(z_stream_s* stream) const noexcept;
  };
  std::unique_ptr<z_stream_s, End> stream_;
  InflateBounds bounds_;
  std::uint64_t taken_ = 0; // bytes of input
  std::uint64_t given_ = 0; // decoded bytes
  std::array<char, 5> first_{};
  std::size_t first_size_ = 0; // deflate: bytes of `first_` that wait for the choice between zlib's format and the raw one
  Coding coding_;
  bool started_ = false;
  bool ended_ = false;
};

} // namespace ledgergate::inspect
