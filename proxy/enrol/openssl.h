// OpenSSL's objects, owned. Nothing here knows what they are for.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace ledgergate::enrol {

template <auto free>
struct Free {
  template <class T>
  void operator()(T* object) const noexcept {
    static_cast<void>(free(object));
  }
};
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Revocations = std::unique_ptr<X509_CRL, Free<X509_CRL_free>>;
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;
using Integer = std::unique_ptr<ASN1_INTEGER, Free<ASN1_INTEGER_free>>;
using Time = std::unique_ptr<ASN1_TIME, Free<ASN1_TIME_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>;
using Pkcs12 = std::unique_ptr<PKCS12, Free<PKCS12_free>>;

// Words that must not stay in memory: wiped when it goes.
class Secret {
public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  ~Secret() { wipe(); }
  Secret(Secret&& other) noexcept { *this = std::move(other); }
  Secret& operator=(Secret&& other) noexcept {
    if (this == &other) return *this;
    wipe();
    text_ = std::move(other.text_);
    other.wipe(); // a short one lies in the object itself, and is not moved but copied
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
  void wipe() noexcept {
    text_.resize(text_.capacity()); // also what it has held before
    OPENSSL_cleanse(text_.data(), text_.size());
    text_.clear();
  }
  std::string text_;
};

// What OpenSSL said last, and then nothing more.
[[nodiscard]] std::string openssl_words();

} // namespace ledgergate::enrol
