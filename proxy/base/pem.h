// Blocks of a PEM text (RFC 7468), read strictly: all of them, or none and why. What is inside a block is not looked at here.
//
// OpenSSL's own reader goes on from one -----BEGIN line that it knows to the next, and ends at the first mistake: the rest of the
// file counts for nothing, without a word. A revocation list that is passed over so lets in whom it should keep out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate {

struct PemBlock {
  std::string label;      // "CERTIFICATE"
  std::string bytes;      // what its base64 says; empty when it is encrypted
  std::size_t line = 0;   // of its -----BEGIN, from 1
  bool encrypted = false; // RFC 1421 "Proc-Type: 4,ENCRYPTED", as in keys of OpenSSL before 1.0
};

struct PemBlocks {
  std::vector<PemBlock> blocks;
  std::string mistake; // "line 21, block 2: …", with what to do; empty: none, and `blocks` is all that the text holds
};

// Between blocks any text may stand (a UTF-8 byte order mark before it, too), but nothing that could be a block or a part of one;
// lines that begin with # are passed over. Lines end with LF or CRLF, and may have spaces behind them.
[[nodiscard]] PemBlocks read_pem_blocks(std::string_view text);

// Overwrites the bytes, which may be a key's, and gives them back.
void wipe(PemBlocks& blocks) noexcept;

} // namespace ledgergate
