#include "listen/client_auth.h"

#include "base/address.h"
#include "base/chain_doubts.h"
#include "listen/facts.h"
#include "listen/revocations.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cctype>
#include <ctime>
#include <utility>

namespace ledgergate::listen {
namespace {

struct BioFree {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using BioPtr = std::unique_ptr<BIO, BioFree>;

struct StackFree {
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_pop_free(stack, X509_free); }
};
using StackPtr = std::unique_ptr<STACK_OF(X509), StackFree>;

// What keep_chain() put there; null when it is nothing. The key of the ticket has vouched for it.
StackPtr kept_chain(SSL_SESSION* session) noexcept {
  void* data = nullptr;
  std::size_t size = 0;
  if (SSL_SESSION_get0_ticket_appdata(session, &data, &size) != 1 || size == 0) return {};
  StackPtr chain(sk_X509_new_null());
  const auto* at = static_cast<const unsigned char*>(data);
  const auto* const end = at + size;
  while (chain && at < end) {
    X509* next = d2i_X509(nullptr, &at, static_cast<long>(end - at));
    if (next == nullptr) break;
    if (sk_X509_push(chain.get(), next) > 0) continue;
    X509_free(next);
    break;
  }
  return chain;
}

std::string words(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<std::size_t>(ASN1_STRING_length(text))};
}

// A name with a NUL inside is a trick (CVE-2009-2408), not a name.
void add_san(const ASN1_STRING* text, bool lower, std::vector<std::string>& out) {
  std::string san = words(text);
  if (san.find('\0') != std::string::npos) return;
  if (lower)
    std::transform(san.begin(), san.end(), san.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  out.push_back(std::move(san));
}

void add_address(const ASN1_OCTET_STRING* bytes, std::vector<std::string>& out) {
  IpAddress address;
  const auto size = static_cast<std::size_t>(ASN1_STRING_length(bytes));
  address.v6 = size == address.bytes.size();
  if (!address.v6 && size != 4) return;
  std::copy_n(ASN1_STRING_get0_data(bytes), size, address.bytes.begin());
  out.push_back(address.text());
}

void read_sans(X509* certificate, std::vector<std::string>& out) {
  auto* list = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
    if (name->type == GEN_DNS) add_san(name->d.dNSName, true, out);
    if (name->type == GEN_EMAIL) add_san(name->d.rfc822Name, false, out);
    if (name->type == GEN_URI) add_san(name->d.uniformResourceIdentifier, false, out);
    if (name->type == GEN_IPADD) add_address(name->d.iPAddress, out);
  }
  GENERAL_NAMES_free(list);
}

void free_scope(ISSUING_DIST_POINT* object) { ISSUING_DIST_POINT_free(object); }
using ScopePtr = std::unique_ptr<ISSUING_DIST_POINT, OpenSslFree<ISSUING_DIST_POINT, free_scope>>;

// Whether the list is of this issuer's key, or can't be told from it: a CA may have had several under one name. Key identifiers
// that differ don't prove that the keys do (RFC 5280 4.2.1.2 leaves it to each CA how they are made).
bool is_of(X509_CRL* list, X509* issuer) noexcept {
  if (X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_subject_name(issuer)) != 0) return false;
  const KeyIdPtr key(static_cast<AUTHORITY_KEYID*>(X509_CRL_get_ext_d2i(list, NID_authority_key_identifier, nullptr, nullptr)));
  return X509_check_akid(issuer, key.get()) == X509_V_OK || X509_CRL_verify(list, X509_get0_pubkey(issuer)) == 1;
}

// Whether the list is of what is no CA, or of some reasons only (RFC 5280 5.2.5): whoever gives no more gave no list of CAs.
bool leaves_out_authorities(X509_CRL* list) noexcept {
  const ScopePtr scope(
      static_cast<ISSUING_DIST_POINT*>(X509_CRL_get_ext_d2i(list, NID_issuing_distribution_point, nullptr, nullptr)));
  return scope && (scope->onlyuser > 0 || scope->onlyattr > 0 || scope->onlysomereasons != nullptr);
}

// Whether the file has a list that could speak of the CA's certificate which is looked at, by the CA that issued it. One that has
// the certificate on it does, whatever it is of. What can't be read, for want of memory too, leaves nothing out: OpenSSL finds no
// list then either, and that must not pass for having none.
bool has_list(X509_STORE_CTX* context) noexcept {
  X509_STORE* store = X509_STORE_CTX_get0_store(context);
  const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(context);
  X509* certificate = X509_STORE_CTX_get_current_cert(context);
  const X509_NAME* name = X509_get_issuer_name(certificate);
  const auto speaks = [&](X509_CRL* list) {
    if (X509_NAME_cmp(X509_CRL_get_issuer(list), name) != 0) return false;
    bool of_issuer = false; // or of the same CA's further key above it, whose list OpenSSL takes too
    for (int i = X509_STORE_CTX_get_error_depth(context) + 1; !of_issuer && i < sk_X509_num(chain); ++i)
      of_issuer = is_of(list, sk_X509_value(chain, i));
    X509_REVOKED* entry = nullptr;
    return of_issuer && (!leaves_out_authorities(list) || X509_CRL_get0_by_cert(list, &entry, certificate) == 1);
  };
  ERR_set_mark();
  X509_STORE_lock(store);
  const STACK_OF(X509_OBJECT)* all = X509_STORE_get0_objects(store);
  bool found = false;
  for (int i = 0; !found && i < sk_X509_OBJECT_num(all); ++i) {
    X509_CRL* list = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(all, i));
    found = list != nullptr && speaks(list);
  }
  X509_STORE_unlock(store);
  ERR_pop_to_mark();
  return found;
}

// OpenSSL asks this about each mistake in a chain. The list of the CA that issued the caller's own certificate must be there; of
// the CAs above, who gave no list must not be locked out. The chain ends at the one that is named in client_ca, which is believed
// by itself: its issuer may be unknown, and that one's list can't be verified then. find_revoked() has judged it where it can.
int judge_mistake(int good, X509_STORE_CTX* context) {
  const int depth = X509_STORE_CTX_get_error_depth(context);
  if (good == 1 || depth == 0) return good;
  const bool named = depth + 1 == sk_X509_num(X509_STORE_CTX_get0_chain(context));
  bool passes = false;
  switch (X509_STORE_CTX_get_error(context)) {
  case X509_V_ERR_DIFFERENT_CRL_SCOPE: passes = true; break; // who is on it falls all the same; else OpenSSL goes on to the next
  case X509_V_ERR_UNABLE_TO_GET_CRL:
  case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER: passes = named || !has_list(context); break;
  case X509_V_ERR_CRL_SIGNATURE_FAILURE:
  case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
  case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
  case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
  case X509_V_ERR_CRL_NOT_YET_VALID:
  case X509_V_ERR_CRL_HAS_EXPIRED:
  case X509_V_ERR_CERT_REVOKED: passes = named; break;
  default: break;
  }
  if (passes) X509_STORE_CTX_set_error(context, X509_V_OK);
  return passes ? 1 : good;
}

} // namespace

void free_store(X509_STORE* object) { X509_STORE_free(object); }

void ClientAuth::read_authorities(const std::vector<std::string>& files, CertificateProblems& problems) {
  for (const auto& file : files) {
    PemProblem problem;
    auto read = read_pem_file(file, PemRole::authorities, problem);
    if (!read) {
      problems.errors.push_back(problem.text());
      continue;
    }
    authorities_policy_.append(read->digest.begin(), read->digest.end());
    for (std::size_t i = 0; i < read->certificates.size(); ++i) {
      X509Ptr& authority = read->certificates[i];
      const std::string place = file + ": " + read->places[i];
      if (X509_check_ca(authority.get()) == 0)
        problems.errors.push_back(place + ": certificate " + std::to_string(i + 1) + " is not a CA's");
      else if (X509_get0_pubkey(authority.get()) == nullptr)
        problems.errors.push_back(place + ": certificate " + std::to_string(i + 1) + " has a key that can't be read");
      if (std::any_of(authorities_.begin(), authorities_.end(),
                      [&](const X509Ptr& each) { return X509_cmp(each.get(), authority.get()) == 0; }))
        problems.warnings.push_back(place +
                                    ": this CA stands in client_ca twice; take it out: " + certificate_facts(authority.get()));
      if (X509_cmp_current_time(X509_get0_notAfter(authority.get())) < 0)
        problems.warnings.push_back(place + ": this CA expired on " + moment_words(X509_get0_notAfter(authority.get())) +
                                    ", and nobody is let in by it: " + certificate_facts(authority.get()));
      else if (X509_cmp_current_time(X509_get0_notBefore(authority.get())) > 0)
        problems.warnings.push_back(place + ": this CA is not valid before " + moment_words(X509_get0_notBefore(authority.get())) +
                                    " (is the clock right?), and nobody is let in by it: " + certificate_facts(authority.get()));
      if ((X509_get_extension_flags(authority.get()) & EXFLAG_XKUSAGE) != 0 &&
          (X509_get_extended_key_usage(authority.get()) & XKU_SSL_CLIENT) == 0)
        problems.warnings.push_back(place +
                                    ": this CA issues no certificates to callers (its extendedKeyUsage lacks clientAuth), " +
                                    "and nobody is let in by it: " + certificate_facts(authority.get()));
      authorities_facts_.push_back("callers' CA " + certificate_facts(authority.get()));
      authorities_.push_back(std::move(authority));
    }
  }
}

std::vector<CrlPtr> ClientAuth::read_lists(const std::string& file, CertificateProblems& problems, const KnownLists& known) {
  PemProblem problem;
  const std::size_t errors = problems.errors.size();
  auto read = read_pem_file(file, PemRole::revocations, problem);
  if (!read) {
    problems.errors.push_back(problem.text());
    return {};
  }
  policy_.append(read->digest.begin(), read->digest.end());
  for (const CrlPtr& list : read->lists) {
    if (X509_STORE_add_crl(store_.get(), list.get()) != 1) problems.errors.push_back(file + ": out of memory");
    auto mark = mark_of(list.get(), authorities_);
    if (!mark && !is_damaged(list.get(), authorities_)) problems.errors.push_back(file + ": out of memory");
    if (is_damaged(list.get(), authorities_))
      problems.errors.push_back(file +
                                ": a revocation list is not signed by its CA in client_ca: it is damaged, or of another CA of "
                                "this name; copy it again as a whole: " +
                                list_facts(list.get()));
    facts_.push_back("revocation list " + list_facts(list.get()));
    if (mark) lists_.push_back(std::move(*mark));
    const ASN1_TIME* end = X509_CRL_get0_nextUpdate(list.get());
    if (const ASN1_TIME* begin = X509_CRL_get0_lastUpdate(list.get()); X509_cmp_current_time(begin) > 0)
      problems.warnings.push_back(
          file + ": this revocation list is not valid before " + moment_words(begin) +
          ": until then what its CA issued is not let in, but for CAs that client_ca names. Is the clock of "
          "this machine right, and was that of the CA? A CA of ledgergate makes the list anew at its next "
          "`ledgergate cert` issue, renew or revoke");
    if (end != nullptr && X509_cmp_current_time(end) < 0)
      problems.warnings.push_back(
          file + ": this revocation list is out of date: what its CA issued is not let in, but for CAs that client_ca names");
  }
  for (const std::string& words : older_lists(lists_, known)) problems.errors.push_back(file + ": " + words);
  for (const std::string& words : lost_lists(lists_, known, authorities_)) problems.errors.push_back(file + ": " + words);
  // Of lists that can't be used nothing else has to be said.
  if (problems.errors.size() != errors) return std::move(read->lists);
  for (const std::string& words : list_doubts(read->lists, authorities_)) problems.warnings.push_back(file + ": " + words);
  for (const std::string& words : shorter_lists(lists_, known)) problems.warnings.push_back(file + ": " + words);
  return std::move(read->lists);
}

std::shared_ptr<const ClientAuth> ClientAuth::make(const settings::CallerCertificates& rules, CertificateProblems& problems,
                                                   const KnownLists& known) {
  auto made = std::make_shared<ClientAuth>();
  if (rules.ca.empty()) return made;
  const std::size_t before = problems.errors.size();
  made->read_authorities(rules.ca, problems);
  return made->complete(rules, problems, known) && problems.errors.size() == before ? made : nullptr;
}

std::shared_ptr<const ClientAuth> ClientAuth::renew(const settings::CallerCertificates& rules, CertificateProblems& problems,
                                                    const KnownLists& known) const {
  auto made = std::make_shared<ClientAuth>();
  for (const X509Ptr& each : authorities_) {
    X509_up_ref(each.get());
    made->authorities_.emplace_back(each.get());
  }
  made->authorities_policy_ = authorities_policy_;
  made->authorities_facts_ = authorities_facts_;
  return made->complete(rules, problems, known) ? made : nullptr;
}

// All but the CAs, which are there.
bool ClientAuth::complete(const settings::CallerCertificates& rules, CertificateProblems& problems, const KnownLists& known) {
  const std::size_t before = problems.errors.size();
  store_.reset(X509_STORE_new());
  if (!store_) {
    problems.errors.emplace_back("client_ca: out of memory");
    return false;
  }
  facts_ = authorities_facts_;
  policy_ = "ca " + authorities_policy_;
  // A CA that is named is believed by itself: whoever names one below a root does not mean the root's others.
  unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;
  std::vector<CrlPtr> revocations;
  if (!rules.crl.empty()) {
    policy_ += " crl ";
    revocations = read_lists(rules.crl, problems, known);
    flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    X509_STORE_set_verify_cb(store_.get(), judge_mistake);
  }
  ERR_clear_error();
  const std::vector<bool> revoked = find_revoked(authorities_, revocations);
  while (const unsigned long error = ERR_get_error())
    if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE) problems.errors.push_back(rules.crl + ": out of memory");
  for (std::size_t i = 0; i < revoked.size(); ++i) {
    if (!revoked[i]) {
      if (X509_STORE_add_cert(store_.get(), authorities_[i].get()) != 1) problems.errors.emplace_back("client_ca: out of memory");
    } else {
      problems.warnings.push_back(
          rules.crl + ": a CA of client_ca is revoked, and nobody is let in by it: " + certificate_facts(authorities_[i].get()));
    }
  }
  X509_STORE_set_flags(store_.get(), flags);
  required_ = rules.required;
  depth_ = static_cast<int>(rules.depth);
  policy_ += " depth " + std::to_string(depth_) + (required_ ? " required" : "");
  return problems.errors.size() == before;
}

bool ClientAuth::install(SSL_CTX* context) const {
  if (SSL_CTX_set_app_data(context, const_cast<ClientAuth*>(this)) != 1) return false; // OpenSSL's word; only read
  if (!asks()) return true;
  if (SSL_CTX_set1_verify_cert_store(context, store_.get()) != 1) return false;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (required_ ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  SSL_CTX_set_verify_depth(context, depth_);
  return std::all_of(authorities_.begin(), authorities_.end(),
                     [context](const auto& each) { return SSL_CTX_add_client_CA(context, each.get()) == 1; });
}

int ClientAuth::verify(X509* certificate, STACK_OF(X509) * chain) const noexcept {
  if (certificate == nullptr) return required_ ? X509_V_ERR_UNSPECIFIED : X509_V_OK;
  if (!asks()) return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  int result = X509_V_ERR_OUT_OF_MEM;
  if (context != nullptr && X509_STORE_CTX_init(context, store_.get(), certificate, chain) == 1 &&
      X509_STORE_CTX_set_default(context, "ssl_client") == 1) {
    X509_STORE_CTX_set_depth(context, depth_);
    result = X509_verify_cert(context) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context);
  }
  X509_STORE_CTX_free(context);
  ERR_clear_error();
  return result;
}

int ClientAuth::verify(SSL_SESSION* session) const noexcept {
  const StackPtr chain = kept_chain(session);
  return verify(SSL_SESSION_get0_peer(session), chain.get());
}

int ClientAuth::verify(SSL* ssl) const noexcept {
  if (STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl); chain != nullptr) return verify(SSL_get0_peer_certificate(ssl), chain);
  return verify(SSL_get_session(ssl)); // resumed: it brought no chain
}

bool keep_chain(SSL* ssl) noexcept {
  STACK_OF(X509)* chain = SSL_get0_verified_chain(ssl);
  if (SSL_session_reused(ssl) == 1 || sk_X509_num(chain) <= 2) return true; // a resumed session has it already
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (!out) return false;
  for (int i = 1; i + 1 < sk_X509_num(chain); ++i)
    if (i2d_X509_bio(out.get(), sk_X509_value(chain, i)) != 1) return false;
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), data, static_cast<std::size_t>(size)) == 1;
}

std::shared_ptr<const client::PeerCertificate> read_peer(SSL* ssl) {
  X509* certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) return nullptr;
  auto out = std::make_shared<client::PeerCertificate>();
  out->subject = rfc2253(X509_get_subject_name(certificate));
  out->issuer = rfc2253(X509_get_issuer_name(certificate));
  read_sans(certificate, out->sans);
  if (std::tm end{}; ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1) out->valid_until = timegm(&end);
  unsigned int size = 0;
  X509_digest(certificate, EVP_sha256(), out->sha256.data(), &size);
  if (BIGNUM* number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr); number != nullptr) {
    if (char* text = BN_bn2hex(number); text != nullptr) {
      out->serial = text;
      OPENSSL_free(text);
    }
    BN_free(number);
  }
  ERR_clear_error();
  return out;
}

std::string_view explain_verify(long result) noexcept {
  switch (result) {
  case X509_V_ERR_CERT_HAS_EXPIRED: return "the caller's certificate has expired";
  case X509_V_ERR_CERT_NOT_YET_VALID: return "the caller's certificate is not valid yet (is a clock wrong?)";
  case X509_V_ERR_CERT_REVOKED: return "the caller's certificate, or a CA above it, is revoked";
  case X509_V_ERR_INVALID_PURPOSE: return "the caller's certificate is not for clients (extended key usage clientAuth)";
  case X509_V_ERR_CRL_HAS_EXPIRED: return "client_crl is out of date, so no caller's certificate can be believed";
  case X509_V_ERR_CRL_NOT_YET_VALID:
    return "client_crl is not valid yet (is a clock wrong?), so no caller's certificate can be believed";
  case X509_V_ERR_UNABLE_TO_GET_CRL: return "client_crl has no list of the CA that issued the caller's certificate";
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
  case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
  case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return "the caller's certificate is of a CA that is not in client_ca";
  case X509_V_ERR_CERT_CHAIN_TOO_LONG: return "the chain of the caller's certificate is too long";
  default: return X509_verify_cert_error_string(result);
  }
}

} // namespace ledgergate::listen
