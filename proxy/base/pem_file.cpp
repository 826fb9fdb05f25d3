#include "base/pem_file.h"

#include "base/pem.h"
#include "base/regular_file.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace ledgergate {
namespace {

constexpr std::size_t kLongestChain = 32; // clients give up at 10 or so
constexpr std::string_view kAgain = ": the block is damaged; copy the file again as a whole";

bool wants_certificates(PemRole role) noexcept { return role != PemRole::key && role != PemRole::revocations; }
bool wants_key(PemRole role) noexcept { return role == PemRole::key || role == PemRole::chain_and_key; }

std::string_view wanted_word(PemRole role) noexcept {
  switch (role) {
  case PemRole::key: return "no PEM private key";
  case PemRole::revocations: return "no PEM revocation list (X509 CRL)";
  default: return "no PEM certificate";
  }
}

bool is_key(std::string_view label) noexcept { return label.ends_with("PRIVATE KEY"); }
bool is_certificate(std::string_view label) noexcept { return label == "CERTIFICATE" || label == "X509 CERTIFICATE"; }

// Whether the whole text is one object in DER (X.690), by OpenSSL's function for it.
template <class T>
bool is_der(std::string_view text, T* (*read)(T**, const unsigned char**, long), void (*free)(T*)) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  T* const object = read(nullptr, &at, static_cast<long>(text.size()));
  if (object == nullptr) return false;
  free(object);
  return true;
}

// What a file that begins like DER holds, and how to make PEM of it; empty: it is something else.
std::string der_words(std::string_view text, const std::string& name) {
  if (text.size() < 4 || text[0] != 0x30 || static_cast<unsigned char>(text[1]) < 0x80) return "";
  const auto convert = [&](std::string_view what, std::string_view command, std::string_view options = "") {
    return std::string("is ") + std::string(what) + " in DER form, not PEM; convert it: openssl " + std::string(command) + " -in " +
           name + std::string(options) + " -out NEW.pem";
  };
  if (is_der(text, d2i_X509, X509_free)) return convert("a certificate", "x509 -inform DER");
  if (is_der(text, d2i_X509_CRL, X509_CRL_free)) return convert("a revocation list", "crl -inform DER");
  if (is_der(text, d2i_PKCS7, PKCS7_free)) return convert("a PKCS#7 bundle", "pkcs7 -inform DER -print_certs");
  if (is_der(text, d2i_PKCS12, PKCS12_free))
    return "is a PKCS#12 bundle (.p12, .pfx), not PEM; convert it: openssl pkcs12 -nodes -in " + name + " -out NEW.pem";
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  if (EVP_PKEY* key = d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(text.size())); key != nullptr) {
    EVP_PKEY_free(key);
    return convert("a private key", "pkey -inform DER");
  }
  return "is DER or cut-off DER, not PEM; convert it with openssl x509, crl or pkey -inform DER";
}

// What a block is and what to do about it, where it does not belong.
std::string out_of_place(std::string_view label, PemRole role) {
  if (is_key(label))
    return role == PemRole::chain
               ? "is a private key, which does not belong into a chain: take it out, or name this file as `key`, too"
               : "is a private key, which does not belong here: take it out";
  if (label == "X509 CRL") return "is a revocation list, which does not belong here: it has a file of its own (`client_crl`)";
  if (is_certificate(label)) return "is a certificate, which does not belong here: a CA's stands in `client_ca`";
  if (label == "TRUSTED CERTIFICATE")
    return "is OpenSSL's own form of a certificate with rules for its use; write it as a plain one: openssl x509 -in OLD -out NEW";
  if (label == "CERTIFICATE REQUEST" || label == "NEW CERTIFICATE REQUEST")
    return "is a request, not a certificate: a CA makes one of it";
  if (label == "PKCS7" || label == "CMS" || label == "PKCS #7 SIGNED DATA")
    return "is a PKCS#7 bundle; write it as certificates: openssl pkcs7 -print_certs -in OLD -out NEW";
  if (label == "DH PARAMETERS" || label == "X9.42 DH PARAMETERS")
    return "is Diffie-Hellman parameters, which are not taken from here: take them out";
  return std::string("is ") + std::string(label) + ", which does not belong here: take it out";
}

// True as well for kinds of keys that OpenSSL has no code for: a list of CAs may hold some.
bool has_readable_key(X509* certificate) noexcept {
  if (X509_get0_pubkey(certificate) != nullptr) return true;
  ASN1_OBJECT* kind = nullptr;
  X509_PUBKEY_get0_param(&kind, nullptr, nullptr, nullptr, X509_get_X509_PUBKEY(certificate));
  const int id = OBJ_obj2nid(kind);
  return id != NID_rsaEncryption && id != NID_rsassaPss && id != NID_X9_62_id_ecPublicKey && id != NID_ED25519 && id != NID_ED448;
}

// A key whose strength OpenSSL does not know was read by half, for want of memory, and would be refused in each handshake. DSA
// alone may have been given without its parameters.
bool is_half_read(const EVP_PKEY* key) noexcept {
  return key != nullptr && EVP_PKEY_get_security_bits(key) <= 0 && EVP_PKEY_get_base_id(key) != EVP_PKEY_DSA;
}

bool out_of_memory() noexcept { return ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE; }

class Reader {
public:
  Reader(std::string_view text, const std::string& name, PemRole role) : text_(text), name_(name), role_(role) {}

  std::optional<PemFile> run(std::string& why) {
    PemBlocks read = read_pem_blocks(text_);
    const bool whole = take(read);
    wipe(read);
    if (whole && EVP_Digest(text_.data(), text_.size(), file_.digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
      why_ = "out of memory";
    ERR_clear_error();
    if (why_.empty()) return std::move(file_);
    why = std::move(why_);
    return std::nullopt;
  }

private:
  bool take(const PemBlocks& read) {
    if (text_.empty()) return refuse(std::string("is empty: holds ").append(wanted_word(role_)));
    if (std::string words = der_words(text_, name_); !words.empty()) return refuse(std::move(words));
    if (!read.mistake.empty()) return refuse(read.mistake);
    if (read.blocks.empty()) return refuse(std::string("holds ").append(wanted_word(role_)));
    for (number_ = 1; number_ <= read.blocks.size(); ++number_) {
      const PemBlock& block = read.blocks[number_ - 1];
      if (!take(block)) return refuse(missing_words(read) + place(block) + ' ' + why_);
    }
    if (wants_certificates(role_) && file_.certificates.empty()) return refuse("holds a private key, and no PEM certificate");
    if (wants_key(role_) && !file_.key)
      return refuse(role_ == PemRole::key
                        ? "holds no PEM private key"
                        : "holds no private key: put it into the same file, or name its own (`key`, --key, --client-key)");
    if ((role_ == PemRole::chain || role_ == PemRole::chain_and_key) && file_.certificates.size() > kLongestChain)
      return refuse("holds " + std::to_string(file_.certificates.size()) + " certificates; a chain has " +
                    std::to_string(kLongestChain) + " at most (is this a list of CAs?)");
    if (role_ == PemRole::key) file_.certificates.clear();
    return check_signatures();
  }

  // A root has signed itself, so a changed byte shows. Of one name there may be another key that did (RFC 4210 section 4.4).
  bool check_signatures() {
    for (std::size_t i = 0; i < file_.certificates.size(); ++i) {
      X509* const each = file_.certificates[i].get();
      if ((X509_get_extension_flags(each) & EXFLAG_SS) == 0) continue;
      EVP_PKEY* const own = X509_get0_pubkey(each);
      const bool fits = own == nullptr || signature_fits(each, own) ||
                        std::any_of(file_.certificates.begin(), file_.certificates.end(), [each](const X509Ptr& by) {
                          EVP_PKEY* const key = X509_get0_pubkey(by.get());
                          return key != nullptr && by.get() != each &&
                                 X509_NAME_cmp(X509_get_subject_name(by.get()), X509_get_issuer_name(each)) == 0 &&
                                 signature_fits(each, key);
                        });
      if (!fits) return refuse(file_.places[i] + " is a certificate whose own signature does not fit" + std::string(kAgain));
    }
    return true;
  }

  bool refuse(std::string words) {
    why_ = std::move(words);
    return false;
  }

  [[nodiscard]] std::string place(const PemBlock& block) const {
    return "line " + std::to_string(block.line) + ", block " + std::to_string(number_);
  }

  // When nothing of what the file is for is in it, it is another file that was meant.
  [[nodiscard]] std::string missing_words(const PemBlocks& read) const {
    bool certificates = false, keys = false, lists = false;
    for (const PemBlock& each : read.blocks) {
      certificates = certificates || is_certificate(each.label) || each.label == "TRUSTED CERTIFICATE";
      keys = keys || is_key(each.label);
      lists = lists || each.label == "X509 CRL";
    }
    if (role_ == PemRole::chain && !certificates && keys)
      return "holds a private key but no certificate (are chain and key swapped?): ";
    const bool there = role_ == PemRole::key ? keys : role_ == PemRole::revocations ? lists : certificates;
    return there ? "" : std::string("holds ").append(wanted_word(role_)).append(": ");
  }

  bool take(const PemBlock& block) {
    ERR_clear_error();
    if (is_certificate(block.label) && role_ != PemRole::revocations) return take_certificate(block);
    if (block.label == "X509 CRL" && role_ == PemRole::revocations) return take_list(block);
    if (is_key(block.label) && wants_key(role_)) return take_key(block);
    if (block.label == "EC PARAMETERS" && wants_key(role_))
      return true; // `openssl ecparam -genkey` puts it before the key, which has its own
    return refuse(out_of_place(block.label, role_));
  }

  template <class T>
  T* decode(const PemBlock& block, T* (*read)(T**, const unsigned char**, long), void (*free)(T*)) {
    const auto* at = reinterpret_cast<const unsigned char*>(block.bytes.data());
    const auto* const end = at + block.bytes.size();
    T* object = read(nullptr, &at, static_cast<long>(block.bytes.size()));
    if (object != nullptr && at != end) {
      free(object);
      object = nullptr;
    }
    return object;
  }

  bool take_certificate(const PemBlock& block) {
    X509Ptr read(block.encrypted ? nullptr : decode(block, d2i_X509, X509_free));
    if (!read)
      return refuse(out_of_memory() ? "can't be read: out of memory" : std::string("is no certificate inside").append(kAgain));
    // Looks at all extensions that OpenSSL knows; it would believe none of a certificate with one that it can't read.
    if (X509_check_purpose(read.get(), -1, 0) != 1 && role_ != PemRole::key)
      return refuse(out_of_memory() ? "can't be read: out of memory"
                                    : "is a certificate whose extensions can't be read; get it anew from its CA");
    if (!has_readable_key(read.get())) return refuse(std::string("is a certificate whose key can't be read").append(kAgain));
    if (is_half_read(X509_get0_pubkey(read.get()))) return refuse("can't be read: out of memory");
    file_.certificates.push_back(std::move(read));
    file_.places.push_back(place(block));
    return true;
  }

  bool take_list(const PemBlock& block) {
    CrlPtr read(block.encrypted ? nullptr : decode(block, d2i_X509_CRL, X509_CRL_free));
    if (!read)
      return refuse(out_of_memory() ? "can't be read: out of memory" : std::string("is no revocation list inside").append(kAgain));
    file_.lists.push_back(std::move(read));
    return true;
  }

  bool take_key(const PemBlock& block) {
    if (block.encrypted || block.label == "ENCRYPTED PRIVATE KEY")
      return refuse("is a key that is protected by a password; write it without one, mode 0640: openssl pkey -in OLD -out NEW");
    if (block.label == "OPENSSH PRIVATE KEY") return refuse("is a key of SSH; make one for TLS: openssl genpkey");
    if (file_.key) return refuse("is a second private key: take the one out that is not the certificate's");
    file_.key.reset(decode(block, d2i_AutoPrivateKey, EVP_PKEY_free));
    if (is_half_read(file_.key.get())) return refuse("can't be read: out of memory");
    if (file_.key) return true;
    return refuse(out_of_memory() ? "can't be read: out of memory" : std::string("is no private key inside").append(kAgain));
  }

  std::string_view text_;
  const std::string& name_;
  PemRole role_;
  std::size_t number_ = 0;
  std::string why_;
  PemFile file_;
};

} // namespace

void free_x509(X509* object) { X509_free(object); }
void free_pkey(EVP_PKEY* object) { EVP_PKEY_free(object); }
void free_crl(X509_CRL* object) { X509_CRL_free(object); }

bool signature_fits(X509* certificate, EVP_PKEY* key) noexcept {
  const X509_ALGOR* outer = nullptr; // must say what the signed part says (RFC 5280 section 4.1.1.2)
  X509_get0_signature(nullptr, &outer, certificate);
  if (X509_ALGOR_cmp(outer, X509_get0_tbs_sigalg(certificate)) != 0) return false;
  int digest = NID_undef, type = NID_undef, bits = 0;
  std::uint32_t flags = 0;
  if (X509_get_signature_info(certificate, &digest, &type, &bits, &flags) != 1) return true;
  if (digest == NID_md2 || digest == NID_md4 || digest == NID_md5 || digest == NID_sha1 || digest == NID_md5_sha1) return true;
  ERR_set_mark();
  const bool fits = X509_verify(certificate, key) == 1;
  ERR_pop_to_mark();
  return fits;
}

std::optional<PemFile> read_pem_text(std::string_view text, PemRole role, PemProblem& problem) {
  return Reader(text, problem.file, role).run(problem.words);
}

std::optional<PemFile> read_pem_file(const std::filesystem::path& path, PemRole role, PemProblem& problem) {
  const std::size_t most = role == PemRole::revocations ? kLargestList : kLargestPem;
  problem.file = path.string();
  std::string text;
  const FileOutcome outcome = read_regular_file(problem.file, most, text);
  std::optional<PemFile> read;
  switch (outcome.state) {
  case FileState::unopened:
  case FileState::unreadable:
    problem.missing = outcome.error == ENOENT;
    problem.words = std::generic_category().message(outcome.error);
    break;
  case FileState::directory: problem.words = "is a directory, not a PEM file"; break;
  case FileState::special: problem.words = "is not a regular file"; break;
  case FileState::too_large: problem.words = "larger than " + std::to_string(most >> 20U) + " MiB, that is no PEM file"; break;
  case FileState::read: read = read_pem_text(text, role, problem); break;
  }
  OPENSSL_cleanse(text.data(), text.size()); // it may be a key's
  return read;
}

} // namespace ledgergate
