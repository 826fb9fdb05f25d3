#include "listen/certificate.h"

#include "base/address.h"
#include "base/chain_doubts.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <memory>
#include <utility>

namespace ledgergate::listen {
namespace {

struct BioFree {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using BioPtr = std::unique_ptr<BIO, BioFree>;

std::string text_of(const ASN1_STRING* text) {
  std::string out(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<std::size_t>(ASN1_STRING_length(text)));
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// DNS names, and addresses as they are written.
void read_names(X509* leaf, std::vector<std::string>& names, std::vector<std::string>& addresses) {
  auto* list = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
    if (name->type == GEN_DNS) names.push_back(text_of(name->d.dNSName));
    if (name->type != GEN_IPADD) continue;
    const int size = ASN1_STRING_length(name->d.iPAddress);
    IpAddress address;
    address.v6 = size == 16;
    if (size != 4 && size != 16) continue;
    std::copy_n(ASN1_STRING_get0_data(name->d.iPAddress), size, address.bytes.begin());
    addresses.push_back(address.text());
  }
  GENERAL_NAMES_free(list);
}

} // namespace

std::string rfc2253(const X509_NAME* name) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB)) < 0)
    return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

Certificate read_certificate(const settings::CertificateFiles& files, CertificateProblems& problems,
                             const std::vector<X509*>& known) {
  Certificate result;
  std::vector<PemPairProblem> found;
  auto pair = read_pem_pair(files.chain, files.key, found);
  const auto absent = [](const PemPairProblem& each) { return each.missing; };
  problems.missing = found.size() == (files.chain == files.key ? 1U : 2U) && std::all_of(found.begin(), found.end(), absent);
  for (const PemPairProblem& each : found)
    problems.errors.push_back(each.text() +
                              (each.missing && !problems.missing ? ", while its counterpart does: is the name right?" : ""));
  if (!pair) return result;
  result.file = files.chain.string();
  result.chain = std::move(pair->chain);
  result.key = std::move(pair->key);
  for (std::string& doubt : chain_doubts(result.chain, files.chain.string(), ShownTo::callers, known))
    problems.warnings.push_back(std::move(doubt));
  result.type = EVP_PKEY_get_base_id(result.key.get());
  read_names(result.chain.front().get(), result.names, result.addresses);
  return result;
}

} // namespace ledgergate::listen
