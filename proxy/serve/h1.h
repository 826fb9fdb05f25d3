// HTTP/1.x as an exchange: the body source and the reply sink of one request on one connection.
#pragma once

#include "http/chunked.h"
#include "state/exchange.h"

namespace ledgergate {

// What one read of a caller's connection brings while heads come (bytes): beyond that somebody sends ahead, and that is held.
inline constexpr std::size_t kHeadRead = 8 * 1024;

class H1Body final : public BodySource {
public:
  explicit H1Body(io::Stream& client) : client_(client) {}
  // Starts a body: `framing` from the head, `limit` in bytes (0: none), `expects` when the caller waits for 100 (Continue).
  void start(const http::Framing& framing, bool expects) noexcept;
  io::Step pull(std::string_view& bytes) override;
  void want() override { client_.want_input(); }
  void limit(std::uint64_t bytes) override { limit_ = bytes; }
  void invite() override;
  [[nodiscard]] Error error() const override { return error_; }
  [[nodiscard]] bool complete() const override { return complete_; }
  [[nodiscard]] bool caller_gone() override;
  [[nodiscard]] bool caller_left() override;
  // Gives back to the stream what the last pull() handed over.
  void settle() noexcept;

private:
  io::Stream& client_;
  http::ChunkDecoder chunks_;
  http::BodyKind kind_ = http::BodyKind::none;
  std::uint64_t left_ = 0;
  std::uint64_t limit_ = 0;
  std::uint64_t received_ = 0;
  std::size_t handed_ = 0; // bytes of input() to consume before the next look
  bool expects_ = false;
  bool complete_ = true;
  Error error_{};

  io::Step fail(Error error) noexcept;
  io::Step account(std::string_view bytes);
};

class H1Reply final : public ReplySink {
public:
  H1Reply(io::Stream& client, std::string& gathered) : client_(client), gathered_(gathered) {}
  // `may_keep`: the connection may go on after this reply, as far as settings and drain are concerned.
  void start(Exchange& exchange, bool may_keep) noexcept;

  void head(const http::ReplyHead& reply, http::BodyKind body, std::uint64_t length) override;
  void body(std::string_view bytes) override;
  void end() override;
  io::Step flush() override;
  void rest() noexcept override;
  [[nodiscard]] std::size_t undelivered() const override { return gathered_.size() + client_.undelivered(); }
  [[nodiscard]] bool take_back() override;
  void cut() override;
  io::Stream* switch_protocols(const http::ReplyHead& reply) override;
  // After the exchange: whether the next request may follow on this connection.
  [[nodiscard]] bool keeps() const noexcept { return keep_ && whole(); }
  [[nodiscard]] bool was_cut() const noexcept { return cut_; }
  // Complete, and all of it handed to the stream.
  [[nodiscard]] bool whole() const noexcept { return ended_ && !cut_ && gathered_.empty(); }

private:
  io::Stream& client_;
  std::string& gathered_; // head and first body bytes: one TLS record, one write
  Exchange* exchange_ = nullptr;
  route::ReplyFraming framing_ = route::ReplyFraming::none;
  std::uint64_t length_ = 0, sent_ = 0;
  bool may_keep_ = false;
  bool keep_ = false;
  bool ended_ = false;
  bool cut_ = false;
  bool left_ = false; // something of it is the stream's: written, or encrypted

  void append_head(const http::ReplyHead& reply, std::uint64_t length);
  void put(std::string_view bytes);
  void write(std::string_view bytes);
};

} // namespace ledgergate
