#include "base/chain_doubts.h"

#include "base/pem_file.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace ledgergate {
namespace {

struct Free {
  void operator()(BIO* object) const noexcept { BIO_free(object); }
  void operator()(X509_STORE* object) const noexcept { X509_STORE_free(object); }
  void operator()(X509_STORE_CTX* object) const noexcept { X509_STORE_CTX_free(object); }
  void operator()(STACK_OF(X509) * object) const noexcept { sk_X509_free(object); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

std::string written(BIO* out) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string name_of(const X509_NAME* name) {
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB)) < 0)
    return "?";
  return written(out.get());
}

bool issued(X509* issuer, X509* certificate) {
  EVP_PKEY* const key = X509_get0_pubkey(issuer);
  return X509_check_issued(issuer, certificate) == X509_V_OK && key != nullptr && signature_fits(certificate, key);
}

struct Mistake {
  int code = 0;
  int depth = 0;
};

int note_mistake(int good, X509_STORE_CTX* context) {
  if (good == 1) return 1;
  try {
    static_cast<std::vector<Mistake>*>(X509_STORE_CTX_get_app_data(context))
        ->push_back({X509_STORE_CTX_get_error(context), X509_STORE_CTX_get_error_depth(context)});
  } catch (...) {
    return 0; // no memory: the rest is not looked at
  }
  return 1;
}

class Doubts {
public:
  Doubts(const std::vector<X509Ptr>& chain, const std::string& path, ShownTo to) : chain_(chain), path_(path), to_(to) {}

  std::vector<std::string> look(const std::vector<X509*>& known) {
    if (to_ == ShownTo::callers) look_at_dates();
    look_at_order();
    look_at_path();
    look_at_key();
    if (to_ == ShownTo::callers) look_at_leaf();
    if (chain_.size() == 1) look_for_issuer(known);
    ERR_clear_error();
    return std::move(out_);
  }

private:
  void say(std::string words) { out_.push_back(path_ + ": " + std::move(words)); }
  // "certificate 3 of the chain"; counted from 1, as people do.
  [[nodiscard]] static std::string which(std::size_t index) { return "certificate " + std::to_string(index + 1) + " of the chain"; }
  [[nodiscard]] std::string_view refusers() const noexcept { return to_ == ShownTo::callers ? "callers" : "servers"; }

  void look_at_dates() {
    X509* const leaf = chain_.front().get();
    const std::string all_the_same = "; it is served all the same (is the clock right?)";
    if (X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0)
      say("the certificate expired on " + moment_words(X509_get0_notAfter(leaf)) + all_the_same);
    else if (X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0)
      say("the certificate is not valid before " + moment_words(X509_get0_notBefore(leaf)) + all_the_same);
  }

  // Fills line_: from the leaf up, as far as one issued the other.
  void look_at_order() {
    line_.push_back(0);
    bool whole = true;
    std::size_t before = 0; // the last that was no twin of another
    for (std::size_t i = 1; i < chain_.size(); ++i) {
      const auto here = chain_.begin() + static_cast<std::ptrdiff_t>(i);
      const auto twin =
          std::find_if(chain_.begin(), here, [&](const X509Ptr& each) { return X509_cmp(each.get(), here->get()) == 0; });
      if (twin != here) {
        say(which(i) + " is certificate " + std::to_string(twin - chain_.begin() + 1) + " once more; take it out");
        continue;
      }
      const bool fits = issued(here->get(), chain_[before].get());
      if (!fits)
        say(which(i) + " did not issue certificate " + std::to_string(before + 1) +
            " (the leaf comes first, then its issuer); clients may refuse it");
      whole = whole && fits;
      if (whole) line_.push_back(i);
      before = i;
    }
  }

  // What OpenSSL says of the line, were the last of it believed.
  void look_at_path() {
    const Owned<X509_STORE> store(X509_STORE_new());
    const Owned<X509_STORE_CTX> context(X509_STORE_CTX_new());
    const Owned<STACK_OF(X509)> above(sk_X509_new_null());
    if (!store || !context || !above) return;
    for (const std::size_t i : line_)
      if (sk_X509_push(above.get(), chain_[i].get()) <= 0) return;
    std::vector<Mistake> mistakes;
    if (X509_STORE_add_cert(store.get(), chain_[line_.back()].get()) != 1 ||
        X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN) != 1 ||
        X509_STORE_CTX_init(context.get(), store.get(), chain_.front().get(), above.get()) != 1 ||
        X509_STORE_CTX_set_default(context.get(), to_ == ShownTo::callers ? "ssl_server" : "ssl_client") != 1 ||
        X509_STORE_CTX_set_app_data(context.get(), &mistakes) != 1)
      return;
    X509_STORE_CTX_set_verify_cb(context.get(), note_mistake);
    static_cast<void>(X509_verify_cert(context.get())); // what it says has been noted
    std::vector<std::size_t> told;
    for (const Mistake& each : mistakes) {
      const auto depth = static_cast<std::size_t>(std::max(each.depth, 0));
      if (depth >= line_.size() || std::find(told.begin(), told.end(), depth) != told.end()) continue;
      std::string words = words_of(each.code, line_[depth]);
      if (words.empty()) continue;
      told.push_back(depth);
      say(std::move(words));
    }
  }

  [[nodiscard]] std::string words_of(int code, std::size_t index) const {
    X509* const certificate = chain_[index].get();
    const bool leaf = index == 0;
    const std::string callers(refusers());
    const std::string subject = which(index) + " (" + name_of(X509_get_subject_name(certificate)) + ")";
    switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return leaf ? ""
                  : subject + " expired on " + moment_words(X509_get0_notAfter(certificate)) + ": " + callers +
                        " refuse what it issued; get the chain anew from your CA";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return leaf ? ""
                  : subject + " is not valid before " + moment_words(X509_get0_notBefore(certificate)) + ": " + callers +
                        " refuse what it issued (is the clock right?)";
    case X509_V_ERR_INVALID_PURPOSE:
      if (leaf)
        return to_ == ShownTo::server
                   ? ""
                   : "the certificate is not for servers (extended key usage serverAuth, key usage): callers refuse it";
      return subject +
             (X509_check_ca(certificate) == 0 ? " is not a CA's: " : " may not issue for this purpose (extended key usage): ") +
             callers + " refuse what it issued";
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_INVALID_NON_CA:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN: return leaf ? "" : subject + " is not a CA's: " + callers + " refuse what it issued";
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
      return subject + " may not issue for a CA below it (path length): " + callers + " refuse the chain";
    default: return subject + ": " + X509_verify_cert_error_string(code) + ": " + callers + " may refuse it";
    }
  }

  // What browsers, Schannel (.NET, Windows), Java and OpenSSL all take: RSA, P-256, P-384.
  void look_at_key() {
    EVP_PKEY* const key = X509_get0_pubkey(chain_.front().get());
    if (key == nullptr) return;
    const int type = EVP_PKEY_get_base_id(key);
    const std::string instead = "; make one on P-256, or RSA with 2048 bits or more";
    if (type == EVP_PKEY_EC) {
      std::array<char, 80> curve{};
      std::size_t size = 0;
      if (EVP_PKEY_get_group_name(key, curve.data(), curve.size(), &size) != 1)
        say("the key's curve has no name: no " + std::string(refusers()) + " take it" + instead);
      else if (const int id = OBJ_sn2nid(curve.data()); id == NID_secp521r1)
        say("the key is on the curve P-521, which browsers of Chrome's family do not take" + instead);
      else if (id != NID_X9_62_prime256v1 && id != NID_secp384r1)
        say("the key is on the curve " + std::string(curve.data()) + ", which no browser, .NET, Java or PHP takes" + instead);
    } else if (type != EVP_PKEY_RSA) {
      const char* const name = EVP_PKEY_get0_type_name(key);
      say("the key is of the kind " + std::string(name != nullptr ? name : "that OpenSSL does not name") +
          ", which no browser and no Windows takes" + instead);
    }
  }

  // What TLS with such a certificate does not do, or readers make of it.
  void look_at_leaf() {
    X509* const leaf = chain_.front().get();
    const std::uint32_t flags = X509_get_extension_flags(leaf);
    // One that issued itself is what its callers were given as their CA.
    if (X509_check_ca(leaf) == 1 && (flags & EXFLAG_CA) != 0 && (flags & EXFLAG_SS) == 0)
      say("the certificate is a CA's (basic constraints CA:TRUE), which a server's must not be: some callers refuse it, and "
          "whoever "
          "has its key can issue others; get one with CA:FALSE");
    // RFC 7633: status_request, which callers then insist on.
    if (X509_get_ext_by_NID(leaf, NID_tlsfeature, -1) >= 0)
      say("the certificate says that an OCSP answer comes with it (must-staple), and none does: callers who heed that refuse it; "
          "get "
          "one without");
    // Without any of these look_at_path() has told of it.
    const std::uint32_t usage = X509_get_key_usage(leaf);
    if ((usage & KU_DIGITAL_SIGNATURE) == 0 && (usage & (KU_KEY_AGREEMENT | KU_KEY_ENCIPHERMENT)) != 0)
      say("the certificate's key usage is without digitalSignature, and with forward secrecy its key does nothing but sign: "
          "callers "
          "refuse it");
  }

  // A public CA issues from an intermediate, and callers have its root only. Who issues from a root of his own gave it to them; and
  // a server that asks for certificates has the CA that it believes.
  void look_for_issuer(const std::vector<X509*>& known) {
    if (to_ == ShownTo::server) return;
    X509* const leaf = chain_.front().get();
    if ((X509_get_extension_flags(leaf) & EXFLAG_SS) != 0) return;
    if (std::any_of(known.begin(), known.end(), [leaf](X509* each) { return issued(each, leaf); })) return;
    const Owned<X509_STORE> store(X509_STORE_new());
    const Owned<X509_STORE_CTX> context(X509_STORE_CTX_new());
    X509_LOOKUP* const look_up = store ? X509_STORE_add_lookup(store.get(), X509_LOOKUP_hash_dir()) : nullptr;
    if (!context || look_up == nullptr || X509_LOOKUP_add_dir(look_up, X509_get_default_cert_dir(), X509_FILETYPE_PEM) != 1 ||
        X509_STORE_CTX_init(context.get(), store.get(), leaf, nullptr) != 1)
      return;
    X509* issuer = nullptr;
    const bool found = X509_STORE_CTX_get1_issuer(&issuer, context.get(), leaf) == 1;
    X509_free(issuer);
    if (found) return;
    say("holds the certificate alone, without the intermediate certificate of its CA (" + name_of(X509_get_issuer_name(leaf)) +
        "): " + std::string(refusers()) +
        " who do not have that one refuse it. Add what the CA gave with it (fullchain.pem); of a root of your own, "
        "which they have, add the root, and this is not said any more");
  }

  const std::vector<X509Ptr>& chain_;
  const std::string& path_;
  ShownTo to_;
  std::vector<std::size_t> line_;
  std::vector<std::string> out_;
};

} // namespace

std::string moment_words(const ASN1_TIME* time) {
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  if (!out || time == nullptr || ASN1_TIME_print(out.get(), time) != 1) return "a time that can't be read";
  return written(out.get());
}

std::vector<std::string> chain_doubts(const std::vector<X509Ptr>& chain, const std::string& path, ShownTo to,
                                      const std::vector<X509*>& known) {
  return Doubts(chain, path, to).look(known);
}

} // namespace ledgergate
