#include "listen/certificate.h"

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

std::string date(const ASN1_TIME* time) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  ASN1_TIME_print(out.get(), time);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::vector<std::string> dns_names(X509* leaf) {
  std::vector<std::string> names;
  auto* list = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
    if (name->type != GEN_DNS) continue;
    std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                     static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    names.push_back(std::move(text));
  }
  GENERAL_NAMES_free(list);
  return names;
}

void check_dates(X509* leaf, const std::string& path, CertificateProblems& problems) {
  if (X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0)
    problems.warnings.push_back(path + ": the certificate expired on " + date(X509_get0_notAfter(leaf)) +
                                "; it is served all the same (is the clock right?)");
  else if (X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0)
    problems.warnings.push_back(path + ": the certificate is not valid before " + date(X509_get0_notBefore(leaf)) +
                                "; it is served all the same (is the clock right?)");
}

// "chain.pem: certificate 3 …"; counted from 1, as people do.
std::string which(const std::string& path, std::size_t index) { return path + ": certificate " + std::to_string(index + 1); }

void check_chain(const std::vector<X509Ptr>& chain, const std::string& path, CertificateProblems& problems) {
  std::size_t before = 0; // the last that was no twin of another
  for (std::size_t i = 1; i < chain.size(); ++i) {
    const auto here = chain.begin() + static_cast<std::ptrdiff_t>(i);
    const auto twin =
        std::find_if(chain.begin(), here, [&](const X509Ptr& each) { return X509_cmp(each.get(), here->get()) == 0; });
    if (twin != here) {
      problems.warnings.push_back(which(path, i) + " of the chain is certificate " + std::to_string(twin - chain.begin() + 1) +
                                  " once more; take it out");
      continue;
    }
    EVP_PKEY* const key = X509_get0_pubkey(here->get());
    if (X509_check_issued(here->get(), chain[before].get()) != X509_V_OK || key == nullptr ||
        !signature_fits(chain[before].get(), key))
      problems.warnings.push_back(which(path, i) + " of the chain did not issue certificate " + std::to_string(before + 1) +
                                  " (the leaf comes first, then its issuer); clients may refuse it");
    before = i;
  }
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

Certificate read_certificate(const settings::CertificateFiles& files, CertificateProblems& problems) {
  Certificate result;
  std::vector<PemPairProblem> found;
  auto pair = read_pem_pair(files.chain, files.key, found);
  for (const PemPairProblem& each : found) {
    problems.missing = problems.missing || each.missing;
    problems.errors.push_back(each.text());
  }
  if (!pair) return result;
  result.chain = std::move(pair->chain);
  result.key = std::move(pair->key);
  X509* leaf = result.chain.front().get();
  check_dates(leaf, files.chain.string(), problems);
  check_chain(result.chain, files.chain.string(), problems);
  result.type = EVP_PKEY_get_base_id(result.key.get());
  result.names = dns_names(leaf);
  return result;
}

} // namespace ledgergate::listen
