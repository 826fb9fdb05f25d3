// One reply read to its end off a connection whose next bytes are its own: by those who keep it whole (a probe), and by those who
// only want to know when it is complete (a place that is still held).
#pragma once

#include "http/parser.h"
#include "http/reply_body.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ledgergate::http {

class ReplyReader {
public:
  enum class State : std::uint8_t { more, done, failed };

  // A reply that begins with the next byte; `to` is the method that it answers, `head_bound` the largest head, in bytes.
  ReplyReader(Method to, std::uint32_t head_bound);
  // A reply whose head has been read, and as much of its body as `body` knows of.
  explicit ReplyReader(const ReplyBody& body) : body_(body) {}

  // Looks at `input`, which holds at least what it held after the last call less the `used` bytes of it. Body bytes are appended to
  // `kept` unless that is null. Interim replies are passed over. Call again with what is left until it says something but `more`.
  State take(std::string_view input, std::size_t& used, std::string* kept);
  // The server ended its side behind all that was taken: whether the reply is complete by that.
  [[nodiscard]] bool may_end(bool cleanly) const { return body_ && body_->may_end(cleanly); }

  // Once the head is complete: its own bytes, and what they say.
  [[nodiscard]] const std::string& head() const noexcept { return head_; }
  [[nodiscard]] std::uint16_t status() const noexcept { return status_; }
  [[nodiscard]] const std::string& content_type() const noexcept { return content_type_; }
  // Behind `failed`.
  [[nodiscard]] const Error& error() const noexcept { return error_; }

private:
  Method to_ = Method::get;
  HeadScan::Bounds bounds_{};
  HeadScan scan_;
  std::optional<ReplyBody> body_; // once the head is complete
  std::string head_, content_type_;
  std::uint16_t status_ = 0;
  int interims_ = 0;
  Error error_{};

  State take_head(std::string_view input, std::size_t& used);
  State fail(Error error) noexcept {
    error_ = error;
    return State::failed;
  }
};

} // namespace ledgergate::http
