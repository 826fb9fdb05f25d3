// The one reader of PEM files: certificates, private keys, revocation lists. A file is read as a whole and strictly, or refused
// with words that name file, line and block and say what to do; nothing in it is passed over.
#pragma once

#include "base/openssl_pointers.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate {

// What a file is for says what it may hold.
enum class PemRole : std::uint8_t {
  chain,         // certificates, one or more
  key,           // one private key, not encrypted; certificates beside it are passed over (they count where `chain` names the file)
  chain_and_key, // both in one file
  authorities,   // certificates, one or more
  revocations,   // revocation lists, one or more
};

struct PemFile {
  std::vector<X509Ptr> certificates;
  std::vector<std::string> places; // of each certificate: "line 31, block 2"
  std::vector<CrlPtr> lists;
  PkeyPtr key;
  std::array<unsigned char, 32> digest{}; // SHA-256 of the file's text
};

struct PemProblem {
  std::string file = {};
  std::string words = {}; // what is wrong with it, and what to do; never says anything of what a key is
  bool missing = false;   // there is no such file

  [[nodiscard]] std::string text() const { return file + ": " + words; }
};

// Files of these sizes are read, no larger ones: revocation lists of a large CA, and all others.
inline constexpr std::size_t kLargestList = 16 * 1024 * 1024, kLargestPem = 1024 * 1024;

[[nodiscard]] std::optional<PemFile> read_pem_file(const std::filesystem::path& path, PemRole role, PemProblem& problem);
// The same of a text that is there already; the problem's `file` says what the words call it.
[[nodiscard]] std::optional<PemFile> read_pem_text(std::string_view text, PemRole role, PemProblem& problem);

// Whether `certificate` is signed by this key as it says. True as well where that can't be told (digests that OpenSSL has put
// away): false means that a byte of it has changed, or that the key is another one.
[[nodiscard]] bool signature_fits(X509* certificate, EVP_PKEY* key) noexcept;

// A chain and its key, from two files or from one.
struct PemPair {
  std::vector<X509Ptr> chain; // leaf first
  std::vector<std::string> places;
  PkeyPtr key;
};
struct PemPairProblem : PemProblem {
  bool of_key = false;   // it is in the file of the key
  bool mismatch = false; // both can be read, and are not of each other
};
// None when one of them can't be read, they do not belong together, or everybody on the machine may read the key.
[[nodiscard]] std::optional<PemPair> read_pem_pair(const std::filesystem::path& chain, const std::filesystem::path& key,
                                                   std::vector<PemPairProblem>& problems);

} // namespace ledgergate
