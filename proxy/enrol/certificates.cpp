#include "enrol/certificates.h"

#include "base/address.h"
#include "base/pem_file.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <ctime>

namespace ledgergate::enrol {
namespace {

std::string content(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::int64_t seconds_of(const ASN1_TIME* time) {
  std::tm moment{};
  return ASN1_TIME_to_tm(time, &moment) == 1 ? static_cast<std::int64_t>(timegm(&moment)) : 0;
}

Time time_of(std::int64_t seconds) { return Time(ASN1_TIME_set(nullptr, static_cast<std::time_t>(seconds))); }

bool set_name(X509_NAME* name, const std::string& words) {
  return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(words.data()),
                                    static_cast<int>(words.size()), -1, 0) == 1;
}

// `value` is ours, never words of the user's: this reads OpenSSL's configuration language.
bool extend(X509* certificate, X509* issuer, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_nconf_nid(nullptr, &context, id, value);
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool add_san(GENERAL_NAMES* list, const std::string& san) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  if (name == nullptr) return false;
  if (const auto address = IpAddress::parse(san)) {
    ASN1_OCTET_STRING* bytes = ASN1_OCTET_STRING_new();
    if (bytes == nullptr || ASN1_OCTET_STRING_set(bytes, address->bytes.data(), address->v6 ? 16 : 4) != 1) {
      ASN1_OCTET_STRING_free(bytes);
      GENERAL_NAME_free(name);
      return false;
    }
    GENERAL_NAME_set0_value(name, GEN_IPADD, bytes);
  } else {
    const int type = san.find(':') != std::string::npos ? GEN_URI : san.find('@') != std::string::npos ? GEN_EMAIL : GEN_DNS;
    ASN1_IA5STRING* words = ASN1_IA5STRING_new();
    if (words == nullptr || ASN1_STRING_set(words, san.data(), static_cast<int>(san.size())) != 1) {
      ASN1_IA5STRING_free(words);
      GENERAL_NAME_free(name);
      return false;
    }
    GENERAL_NAME_set0_value(name, type, words);
  }
  if (sk_GENERAL_NAME_push(list, name) > 0) return true;
  GENERAL_NAME_free(name);
  return false;
}

bool add_sans(X509* certificate, const std::vector<std::string>& sans) {
  const Names list(GENERAL_NAMES_new());
  if (!list) return false;
  for (const std::string& san : sans)
    if (!add_san(list.get(), san)) return false;
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), 0, 0) == 1;
}

Integer serial_number(const std::string& hex) {
  BIGNUM* number = nullptr;
  if (BN_hex2bn(&number, hex.c_str()) == 0) return nullptr;
  const Number owned(number);
  return Integer(BN_to_ASN1_INTEGER(number, nullptr));
}

std::string hex_of(const BIGNUM* number) {
  char* const hex = number != nullptr ? BN_bn2hex(number) : nullptr;
  std::string out = hex != nullptr ? hex : "";
  OPENSSL_free(hex);
  return out;
}

std::string serial_text(const ASN1_INTEGER* serial) { return hex_of(Number(ASN1_INTEGER_to_BN(serial, nullptr)).get()); }

// All that a certificate of either sort begins with.
bool begin(X509* certificate, const std::string& serial, const std::string& name, const X509_NAME* issuer, EVP_PKEY* key,
           std::int64_t from, std::int64_t until) {
  const Integer number = serial_number(serial);
  const Time first = time_of(from), last = time_of(until);
  return number && first && last && X509_set_version(certificate, X509_VERSION_3) == 1 &&
         X509_set_serialNumber(certificate, number.get()) == 1 && set_name(X509_get_subject_name(certificate), name) &&
         X509_set_issuer_name(certificate, issuer != nullptr ? issuer : X509_get_subject_name(certificate)) == 1 &&
         X509_set1_notBefore(certificate, first.get()) == 1 && X509_set1_notAfter(certificate, last.get()) == 1 &&
         X509_set_pubkey(certificate, key) == 1;
}

bool add_revoked(X509_CRL* list, const Record& record) {
  X509_REVOKED* entry = X509_REVOKED_new();
  const Integer number = serial_number(record.serial);
  const Time when = time_of(*record.revoked);
  if (entry != nullptr && number && when && X509_REVOKED_set_serialNumber(entry, number.get()) == 1 &&
      X509_REVOKED_set_revocationDate(entry, when.get()) == 1 && X509_CRL_add0_revoked(list, entry) == 1)
    return true;
  X509_REVOKED_free(entry);
  return false;
}

bool add_authority_key(X509_CRL* list, X509* authority) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, authority, nullptr, nullptr, list, 0);
  X509_EXTENSION* extension = X509V3_EXT_nconf_nid(nullptr, &context, NID_authority_key_identifier, "keyid:always");
  if (extension == nullptr) return false;
  const bool added = X509_CRL_add_ext(list, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

} // namespace

std::string openssl_words() {
  const char* const words = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return words != nullptr ? words : "OpenSSL does not say why";
}

Key make_key(KeyType type, int rsa_bits, std::string& why) {
  Key key(type == KeyType::ecdsa ? EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")
                                 : EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(rsa_bits)));
  if (!key) why = "a key can't be made: " + openssl_words();
  return key;
}

std::string random_serial() {
  const Number number(BN_new());
  if (!number || BN_rand(number.get(), 128, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1) return "";
  return hex_of(number.get());
}

Certificate make_authority(EVP_PKEY* key, const std::string& name, std::int64_t now, std::int64_t until, std::string& why) {
  Certificate made(X509_new());
  X509* const x = made.get();
  const std::string serial = random_serial();
  if (x != nullptr && !serial.empty() && begin(x, serial, name, nullptr, key, now - kBackdate, until) &&
      extend(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      extend(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") && extend(x, x, NID_subject_key_identifier, "hash") &&
      X509_sign(x, key, EVP_sha256()) > 0)
    return made;
  why = "the certificate of the CA can't be made: " + openssl_words();
  return nullptr;
}

Certificate make_certificate(const Record& record, EVP_PKEY* subject_key, X509* authority, EVP_PKEY* authority_key,
                             std::string& why) {
  Certificate made(X509_new());
  X509* const x = made.get();
  const bool client = record.kind == Kind::client;
  // A server's RSA key may also be encrypted to (TLS 1.2 without Diffie-Hellman, old devices).
  const bool encipher = !client && EVP_PKEY_get_base_id(subject_key) == EVP_PKEY_RSA;
  if (x != nullptr &&
      begin(x, record.serial, record.name, X509_get_subject_name(authority), subject_key, record.issued - kBackdate,
            record.until) &&
      extend(x, authority, NID_basic_constraints, "critical,CA:FALSE") &&
      extend(x, authority, NID_key_usage, encipher ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature") &&
      extend(x, authority, NID_ext_key_usage, client ? "clientAuth" : "serverAuth") &&
      extend(x, authority, NID_subject_key_identifier, "hash") &&
      extend(x, authority, NID_authority_key_identifier, "keyid:always") && add_sans(x, record.sans) &&
      X509_sign(x, authority_key, EVP_sha256()) > 0)
    return made;
  why = "the certificate can't be made: " + openssl_words();
  return nullptr;
}

Revocations make_revocations(const Index& index, X509* authority, EVP_PKEY* authority_key, std::int64_t now, std::string& why) {
  Revocations made(X509_CRL_new());
  X509_CRL* const x = made.get();
  const Time first = time_of(now - kBackdate), last = time_of(now + kRevocationDays * kDay);
  const Integer number(ASN1_INTEGER_new());
  bool good = x != nullptr && first && last && number && ASN1_INTEGER_set_uint64(number.get(), index.revocations) == 1 &&
              X509_CRL_set_version(x, X509_CRL_VERSION_2) == 1 &&
              X509_CRL_set_issuer_name(x, X509_get_subject_name(authority)) == 1 && X509_CRL_set1_lastUpdate(x, first.get()) == 1 &&
              X509_CRL_set1_nextUpdate(x, last.get()) == 1;
  for (const Record& each : index.records)
    if (good && is_listed(each, now)) good = add_revoked(x, each);
  good = good && add_authority_key(x, authority) && X509_CRL_add1_ext_i2d(x, NID_crl_number, number.get(), 0, 0) == 1 &&
         X509_CRL_sort(x) == 1 && X509_CRL_sign(x, authority_key, EVP_sha256()) > 0;
  if (good) return made;
  why = "the revocation list can't be made: " + openssl_words();
  return nullptr;
}

std::string pem(X509* certificate) {
  const Bio out(BIO_new(BIO_s_mem()));
  return out && PEM_write_bio_X509(out.get(), certificate) == 1 ? content(out.get()) : "";
}

std::string pem(X509_CRL* list) {
  const Bio out(BIO_new(BIO_s_mem()));
  return out && PEM_write_bio_X509_CRL(out.get(), list) == 1 ? content(out.get()) : "";
}

Secret pem(EVP_PKEY* key) {
  const Bio out(BIO_new(BIO_s_secmem())); // wiped when it is freed
  const bool written = out && PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1;
  return Secret(written ? content(out.get()) : "");
}

Certificate read_certificate(const std::string& text, const std::string& file, std::string& why) {
  PemProblem problem{.file = file};
  auto read = read_pem_text(text, PemRole::authorities, problem);
  if (read && read->certificates.size() != 1) problem.words = "holds more than one certificate; a CA has one";
  if (!problem.words.empty()) {
    why = problem.text();
    return nullptr;
  }
  return Certificate(read->certificates.front().release());
}

Key read_key(const Secret& text, const std::string& file, std::string& why) {
  PemProblem problem{.file = file};
  auto read = read_pem_text(text.text(), PemRole::key, problem);
  if (!read) why = problem.text();
  return Key(read ? read->key.release() : nullptr);
}

std::optional<Published> read_revocations(const std::string& text, X509* authority) {
  PemProblem problem;
  const auto read = read_pem_text(text, PemRole::revocations, problem);
  if (!read || read->lists.size() != 1) return std::nullopt;
  X509_CRL* const list = read->lists.front().get();
  const bool own = X509_CRL_verify(list, X509_get0_pubkey(authority)) == 1;
  Published out;
  const Integer number(static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(list, NID_crl_number, nullptr, nullptr)));
  if (number && ASN1_INTEGER_get_uint64(&out.number, number.get()) != 1) out.number = 0;
  ERR_clear_error();
  if (!own) return std::nullopt;
  out.from = seconds_of(X509_CRL_get0_lastUpdate(list));
  out.until = seconds_of(X509_CRL_get0_nextUpdate(list));
  const STACK_OF(X509_REVOKED)* const entries = X509_CRL_get_REVOKED(list);
  for (int i = 0; i < sk_X509_REVOKED_num(entries); ++i) {
    const X509_REVOKED* const entry = sk_X509_REVOKED_value(entries, i);
    out.revoked.emplace_back(serial_text(X509_REVOKED_get0_serialNumber(entry)),
                             seconds_of(X509_REVOKED_get0_revocationDate(entry)));
  }
  return out;
}

bool is_listed(const Record& record, std::int64_t now) noexcept {
  return record.revoked && (record.until + kBackdate >= now || *record.revoked >= now);
}

std::int64_t valid_until(const X509* certificate) { return seconds_of(X509_get0_notAfter(certificate)); }

} // namespace ledgergate::enrol
