// What the fields of a head say about its body and its connection, read once and strictly (RFC 9112 section 6.3).
#pragma once

#include "base/result.h"
#include "http/head.h"

#include <cstdint>
#include <string_view>

namespace ledgergate::http {

// Collected field by field. Counts matter: what comes twice is refused, also when both say the same.
struct Noted {
  std::uint32_t lengths = 0;
  std::uint32_t codings = 0;
  std::uint32_t hosts = 0;
  std::string_view length; // the last value of each
  std::string_view coding;
  std::string_view host;
  bool close = false; // tokens of Connection, in any of its lines
  bool keep_alive = false;
  bool expects = false;
  bool odd_expectation = false; // one that is not 100-continue
  bool twin = false;            // a framing field's name with '_' for '-'
  bool tab = false;             // a tab beside the value of Content-Length or Transfer-Encoding

  // `written` is the value with the blanks around it.
  void note(const Field& field, std::string_view written) noexcept;
};

// What the fields say. `coding` and `length` are the causes to blame Transfer-Encoding and Content-Length with.
[[nodiscard]] Result<Framing> explicit_framing(const Noted& noted, std::uint8_t minor, Cause coding, Cause length) noexcept;

// How the body of a reply is really delimited, given what its fields say.
[[nodiscard]] Framing reply_body(const Framing& said, std::uint16_t status, Method to) noexcept;

} // namespace ledgergate::http
