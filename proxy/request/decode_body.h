// A request body on its way into the spool, its Content-Encoding taken off where the route says `decompress_requests` (decide.cpp):
// for a server that can't. Rules then read what the server will read.
#pragma once

#include "http/inflate.h"
#include "state/exchange.h"

#include <memory>
#include <string_view>

namespace ledgergate {

class DecodeBody {
public:
  // Reads `body_coding` of the exchange, which must outlive it. Without a coding the bytes go on as they are.
  explicit DecodeBody(Exchange& exchange) noexcept : x_(exchange) {}
  ~DecodeBody() = default;
  DecodeBody(const DecodeBody&) = delete;
  DecodeBody& operator=(const DecodeBody&) = delete;

  // To who reads it for the rules, and into the spool. Errors: body_unreadable, body_too_large (the bounds hold for the decoded
  // bytes), out_of_memory, the spool's.
  [[nodiscard]] Result<void> take(std::string_view bytes);
  // That was all. The head loses what spoke of the coded bytes.
  [[nodiscard]] Result<void> finish();

private:
  Exchange& x_;
  std::unique_ptr<http::Inflater> inflater_; // from the first byte on: an empty body has no coding

  [[nodiscard]] Result<void> begin();
  [[nodiscard]] Result<void> decode(std::string_view bytes, const io::Block& room);
  [[nodiscard]] Result<void> keep(std::string_view bytes);
};

} // namespace ledgergate
