#include "listen/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

namespace ledgergate::listen {
namespace {

constexpr std::size_t kMaxFile = 1024 * 1024;

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

void check_chain(const std::vector<X509Ptr>& chain, const std::string& path, CertificateProblems& problems) {
  for (std::size_t i = 0; i + 1 < chain.size(); ++i)
    if (X509_check_issued(chain[i + 1].get(), chain[i].get()) != X509_V_OK)
      problems.warnings.push_back(path + ": certificate " + std::to_string(i + 2) + " of the chain did not issue certificate " +
                                  std::to_string(i + 1) + " (the leaf comes first, then its issuer); clients may refuse it");
}

// A key that everybody on the machine may read is everybody's. No look at the owner: a file that root gave to our group is usual.
void check_mode(const std::filesystem::path& key, CertificateProblems& problems) {
  std::error_code error;
  const auto mode = std::filesystem::status(key, error).permissions();
  if (!error && (mode & std::filesystem::perms::others_all) != std::filesystem::perms::none)
    problems.errors.push_back(key.string() + ": everybody on this machine may read this private key; chmod 640");
}

} // namespace

std::optional<std::string> read_pem(const std::filesystem::path& path, CertificateProblems& problems) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    problems.errors.push_back(path.string() + ": is a directory, not a PEM file");
    return {};
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int why = errno;
    problems.missing = problems.missing || why == ENOENT;
    problems.errors.push_back(path.string() + ": " + std::strerror(why));
    return {};
  }
  std::string text(kMaxFile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxFile) {
    problems.errors.push_back(path.string() + ": larger than 1 MiB, that is no PEM file");
    return {};
  }
  return text;
}

int no_password(char*, int, int, void*) { return -1; }

std::string rfc2253(const X509_NAME* name) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB)) < 0)
    return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

void free_x509(X509* object) { X509_free(object); }
void free_pkey(EVP_PKEY* object) { EVP_PKEY_free(object); }

Certificate read_certificate(const settings::CertificateFiles& files, CertificateProblems& problems) {
  Certificate result;
  const auto chain_text = read_pem(files.chain, problems);
  const auto key_text = read_pem(files.key, problems);
  if (!chain_text || !key_text) return {};
  const std::size_t before = problems.errors.size();
  check_mode(files.key, problems);

  const BioPtr chain_bio(BIO_new_mem_buf(chain_text->data(), static_cast<int>(chain_text->size())));
  while (X509* next = PEM_read_bio_X509(chain_bio.get(), nullptr, no_password, nullptr)) result.chain.emplace_back(next);
  ERR_clear_error();
  if (result.chain.empty()) {
    const bool swapped = chain_text->find("PRIVATE KEY") != std::string::npos;
    problems.errors.push_back(files.chain.string() + (swapped
                                                          ? ": holds a private key but no certificate (are chain and key swapped?)"
                                                          : ": holds no PEM certificate"));
    return {};
  }
  const BioPtr key_bio(BIO_new_mem_buf(key_text->data(), static_cast<int>(key_text->size())));
  result.key.reset(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  if (!result.key) {
    const bool encrypted = key_text->find("ENCRYPTED") != std::string::npos;
    problems.errors.push_back(files.key.string() + (encrypted
                                                        ? ": the key is protected by a password; write it without one, mode 0640"
                                                        : ": holds no PEM private key"));
    return {};
  }
  X509* leaf = result.chain.front().get();
  if (X509_check_private_key(leaf, result.key.get()) != 1) {
    ERR_clear_error();
    problems.errors.push_back(files.key.string() + ": this key does not belong to the certificate in " + files.chain.string());
    return {};
  }
  check_dates(leaf, files.chain.string(), problems);
  check_chain(result.chain, files.chain.string(), problems);
  result.type = EVP_PKEY_get_base_id(result.key.get());
  result.names = dns_names(leaf);
  if (problems.errors.size() != before) return {};
  return result;
}

} // namespace ledgergate::listen
