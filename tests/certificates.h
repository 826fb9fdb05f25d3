// Certificates made at run time, for unit tests: no file that could expire lies in the tree.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

namespace ledgergate::tests {

struct Freer {
  void operator()(X509* object) const { X509_free(object); }
  void operator()(EVP_PKEY* object) const { EVP_PKEY_free(object); }
  void operator()(BIO* object) const { BIO_free(object); }
};
template <class T>
using Owned = std::unique_ptr<T, Freer>;

struct Identity {
  Owned<X509> certificate;
  Owned<EVP_PKEY> key;
};

struct Wanted {
  std::string common_name = "localhost";
  std::string alt_names = "DNS:localhost,IP:127.0.0.1"; // empty: none
  long from_seconds = -3600;                            // against now
  long until_seconds = 3600;
  bool ca = false;
  bool rsa = false;
};

inline void extend(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (extension == nullptr) throw std::runtime_error("extension " + value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Signed by `issuer`, or by itself.
inline Identity make_identity(const Wanted& wanted, const Identity* issuer = nullptr) {
  static long serial = 1000;
  Identity made;
  made.key.reset(wanted.rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
  made.certificate.reset(X509_new());
  X509* const certificate = made.certificate.get();
  X509_set_version(certificate, 2); // v3
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), wanted.from_seconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate), wanted.until_seconds);
  X509_set_pubkey(certificate, made.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wanted.common_name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer != nullptr ? issuer->certificate.get() : certificate));
  if (wanted.ca) extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
  if (!wanted.alt_names.empty()) extend(certificate, NID_subject_alt_name, wanted.alt_names);
  if (X509_sign(certificate, (issuer != nullptr ? *issuer : made).key.get(), EVP_sha256()) == 0)
    throw std::runtime_error("signing");
  return made;
}

inline std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

inline std::string pem(const Identity& identity) {
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(out.get(), identity.certificate.get());
  return text_of(out.get());
}

// With a password the key is encrypted.
inline std::string key_pem(const Identity& identity, const std::string& password = "") {
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  const EVP_CIPHER* cipher = password.empty() ? nullptr : EVP_aes_128_cbc();
  PEM_write_bio_PKCS8PrivateKey(out.get(), identity.key.get(), cipher, password.empty() ? nullptr : password.data(),
                                static_cast<int>(password.size()), nullptr, nullptr);
  return text_of(out.get());
}

// A directory of its own for a test's files.
class Directory {
public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "ledgergate-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  [[nodiscard]] std::filesystem::path file(const std::string& name) const { return path_ / name; }
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name), std::ios::binary) << text;
    std::filesystem::permissions(file(name), std::filesystem::perms(0600)); // a key that others may read is refused
    return file(name);
  }

private:
  std::filesystem::path path_;
};

} // namespace ledgergate::tests
