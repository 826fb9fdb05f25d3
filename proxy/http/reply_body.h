// A server's reply body as plain bytes, of whatever framing.
#pragma once

#include "http/chunked.h"
#include "http/head.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace ledgergate::http {

class ReplyBody {
public:
  enum class State : std::uint8_t { data, more, done, bad };

  explicit ReplyBody(const Framing& framing) : framing_(framing), left_(framing.length) {
    done_ = framing.kind == BodyKind::none || (framing.kind == BodyKind::length && left_ == 0);
  }

  // `bytes` lie in the stream's input and stay good until it is consumed by `used`.
  State next(std::string_view input, std::string_view& bytes, std::size_t& used) {
    used = 0;
    if (done_) return State::done;
    if (input.empty()) return State::more;
    if (framing_.kind == BodyKind::chunked) {
      const auto step = chunks_.next(input);
      used = step.consumed;
      bytes = step.data;
      switch (step.state) {
      case ChunkDecoder::State::data: return State::data;
      case ChunkDecoder::State::more: return State::more;
      case ChunkDecoder::State::done: done_ = true; return State::done;
      case ChunkDecoder::State::failed: return State::bad;
      }
    }
    bytes = framing_.kind == BodyKind::length
                ? input.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size())))
                : input;
    used = bytes.size();
    if (framing_.kind == BodyKind::length) {
      left_ -= used;
      done_ = left_ == 0;
    }
    return State::data;
  }
  // The server's side ended: whether that is the end of the body.
  [[nodiscard]] bool may_end(bool cleanly) const { return framing_.kind == BodyKind::until_close && cleanly; }

private:
  Framing framing_;
  std::uint64_t left_;
  ChunkDecoder chunks_;
  bool done_ = false;
};

} // namespace ledgergate::http
