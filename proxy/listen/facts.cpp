#include "listen/facts.h"

#include "listen/certificate.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <fmt/format.h>

#include <array>
#include <ctime>
#include <iterator>
#include <string_view>

namespace ledgergate::listen {
namespace {

using Digest = std::array<unsigned char, EVP_MAX_MD_SIZE>;

std::string hex(const Digest& bytes, unsigned int size) {
  std::string out;
  for (unsigned int i = 0; i < size; ++i) fmt::format_to(std::back_inserter(out), "{:02x}", bytes[i]);
  return out;
}

void append_day(std::string_view name, const ASN1_TIME* time, std::string& out) {
  std::tm day{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &day) != 1) return;
  fmt::format_to(std::back_inserter(out), " {}={:04}-{:02}-{:02}", name, day.tm_year + 1900, day.tm_mon + 1, day.tm_mday);
}

void append_number(std::string_view name, const ASN1_INTEGER* number, bool decimal, std::string& out) {
  BIGNUM* const value = number != nullptr ? ASN1_INTEGER_to_BN(number, nullptr) : nullptr;
  char* const text = value == nullptr ? nullptr : decimal ? BN_bn2dec(value) : BN_bn2hex(value);
  if (text != nullptr) out.append(" ").append(name).append("=").append(text);
  OPENSSL_free(text);
  BN_free(value);
}

void append_name(std::string_view what, const X509_NAME* name, std::string& out) {
  out.append(" ").append(what).append("=").append(rfc2253(name));
}

} // namespace

std::string certificate_facts(const X509* certificate) {
  Digest digest{};
  unsigned int size = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &size);
  std::string out = "sha256=" + hex(digest, size);
  append_number("serial", X509_get0_serialNumber(certificate), false, out);
  append_day("until", X509_get0_notAfter(certificate), out);
  append_name("subject", X509_get_subject_name(certificate), out);
  ERR_clear_error();
  return out;
}

std::string list_facts(X509_CRL* list) {
  Digest digest{};
  unsigned int size = 0;
  X509_CRL_digest(list, EVP_sha256(), digest.data(), &size);
  std::string out = "sha256=" + hex(digest, size);
  auto* const number = static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(list, NID_crl_number, nullptr, nullptr));
  append_number("number", number, true, out);
  ASN1_INTEGER_free(number);
  const STACK_OF(X509_REVOKED)* const revoked = X509_CRL_get_REVOKED(list);
  out += " revoked=" + std::to_string(revoked != nullptr ? sk_X509_REVOKED_num(revoked) : 0);
  append_day("until", X509_CRL_get0_nextUpdate(list), out);
  append_name("issuer", X509_CRL_get_issuer(list), out);
  ERR_clear_error();
  return out;
}

} // namespace ledgergate::listen
