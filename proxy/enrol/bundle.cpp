#include "enrol/bundle.h"

#include <openssl/rand.h>

namespace ledgergate::enrol {
namespace {

// Enough against guessing a weak password of the user's, and below what .NET lets an import cost (600 000 for all three parts).
constexpr int kRounds = 100'000;
// Older Windows counts slowly.
constexpr int kLegacyRounds = 2'048;

} // namespace

Secret make_bundle(const std::string& name, X509* certificate, EVP_PKEY* key, const Secret& password, BundleStrength strength,
                   std::string& why) {
  const bool modern = strength == BundleStrength::modern;
  const int cipher = modern ? NID_aes_256_cbc : NID_pbe_WithSHA1And3_Key_TripleDES_CBC;
  const int rounds = modern ? kRounds : kLegacyRounds;
  // -1: no MAC yet, as PKCS12_create can't be told its digest.
  const Pkcs12 made(PKCS12_create(password.text().c_str(), name.c_str(), key, certificate, nullptr, cipher, cipher, rounds, -1, 0));
  const EVP_MD* const digest = modern ? EVP_sha256() : EVP_sha1();
  const Bio out(BIO_new(BIO_s_secmem()));
  if (!made || !out || PKCS12_set_mac(made.get(), password.text().c_str(), -1, nullptr, 0, rounds, digest) != 1 ||
      i2d_PKCS12_bio(out.get(), made.get()) != 1) {
    why = "the .p12 file can't be made: " + openssl_words();
    return Secret();
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return Secret(std::string(data, static_cast<std::size_t>(size)));
}

Secret random_password() {
  // 29 characters: without 0 o, 1 l i, u v. What falls behind the last multiple of 29 is drawn again, so that all are equally
  // likely.
  static constexpr std::string_view kCharacters = "23456789abcdefghjkmnpqrstwxyz";
  constexpr unsigned kFair = 256 / kCharacters.size() * kCharacters.size();
  std::string out;
  out.reserve(35); // so that no copy of it stays behind
  while (out.size() < 35) {
    if (out.size() % 6 == 5) {
      out += '-';
      continue;
    }
    unsigned char byte = 0;
    if (RAND_priv_bytes(&byte, 1) != 1) return Secret();
    if (byte < kFair) out += kCharacters[byte % kCharacters.size()];
  }
  return Secret(std::move(out));
}

} // namespace ledgergate::enrol
