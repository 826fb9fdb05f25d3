#include "listen/revocations.h"

#include "base/chain_doubts.h"
#include "listen/facts.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <ctime>
#include <memory>
#include <utility>

namespace ledgergate::listen {
namespace {

bool issued(X509* issuer, X509* certificate) {
  return issuer != certificate && X509_check_issued(issuer, certificate) == X509_V_OK &&
         X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
}

bool lists(const std::vector<CrlPtr>& all, X509* issuer, X509* certificate) {
  return std::any_of(all.begin(), all.end(), [&](const CrlPtr& list) {
    X509_REVOKED* entry = nullptr;
    return X509_NAME_cmp(X509_CRL_get_issuer(list.get()), X509_get_subject_name(issuer)) == 0 &&
           X509_CRL_verify(list.get(), X509_get0_pubkey(issuer)) == 1 &&
           X509_CRL_get0_by_cert(list.get(), &entry, certificate) == 1;
  });
}

// An extension's bytes; empty: the list has none.
std::string extension(const X509_CRL* list, int id) {
  const int at = X509_CRL_get_ext_by_NID(list, id, -1);
  if (at < 0) return {};
  const ASN1_OCTET_STRING* const value = X509_EXTENSION_get_data(X509_CRL_get_ext(list, at));
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)), static_cast<std::size_t>(ASN1_STRING_length(value))};
}

std::string encoded(const X509_NAME* name) {
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  return X509_NAME_get0_der(name, &bytes, &size) == 1 ? std::string(reinterpret_cast<const char*>(bytes), size) : std::string();
}

void free_integer(ASN1_INTEGER* object) { ASN1_INTEGER_free(object); }
void free_reason(ASN1_ENUMERATED* object) { ASN1_ENUMERATED_free(object); }
void free_number(BIGNUM* object) { BN_free(object); }
void free_text(char* object) { OPENSSL_free(object); }
using IntegerPtr = std::unique_ptr<ASN1_INTEGER, OpenSslFree<ASN1_INTEGER, free_integer>>;
using ReasonPtr = std::unique_ptr<ASN1_ENUMERATED, OpenSslFree<ASN1_ENUMERATED, free_reason>>;
using NumberPtr = std::unique_ptr<BIGNUM, OpenSslFree<BIGNUM, free_number>>;
using TextPtr = std::unique_ptr<char, OpenSslFree<char, free_text>>;

// Whether one of OpenSSL's errors since the queue was emptied is want of memory. Empties it.
bool memory_was_out() noexcept {
  bool out = false;
  while (const unsigned long error = ERR_get_error()) out = out || ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
  return out;
}

// A CA's name and key, with which `whose` of each of its lists begins. False: out of memory.
bool append_identity(const X509* authority, std::string& out) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_pubkey_digest(authority, EVP_sha256(), digest.data(), &size) != 1) return false;
  out += encoded(X509_get_subject_name(authority));
  out.append(reinterpret_cast<const char*>(digest.data()), size);
  return true;
}

bool signed_by(X509_CRL* list, X509* authority) {
  return X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_subject_name(authority)) == 0 &&
         X509_CRL_verify(list, X509_get0_pubkey(authority)) == 1;
}

// A CA may have had several keys under one name, each with lists and numbers of its own: the one that has signed this list, or if
// it is not known here, what the list says of it. False: it is of a CA that is named, and no signature fits; want of memory looks
// like that, too.
bool append_key_of(X509_CRL* list, const std::vector<X509Ptr>& authorities, std::string& out) {
  const KeyIdPtr id(static_cast<AUTHORITY_KEYID*>(X509_CRL_get_ext_d2i(list, NID_authority_key_identifier, nullptr, nullptr)));
  bool known = false;
  for (const X509Ptr& each : authorities) {
    if (X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_subject_name(each.get())) != 0) continue;
    if (X509_CRL_verify(list, X509_get0_pubkey(each.get())) != 1) {
      known = known || !id || X509_check_akid(each.get(), id.get()) == X509_V_OK;
      continue;
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (X509_pubkey_digest(each.get(), EVP_sha256(), digest.data(), &size) != 1) return false;
    out.append(reinterpret_cast<const char*>(digest.data()), size);
    return true;
  }
  out += extension(list, NID_authority_key_identifier);
  return !known;
}

// The list's number; none: `mark` stays as it is. False: out of memory.
bool read_number(const X509_CRL* list, ListMark& mark) {
  const IntegerPtr number(static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(list, NID_crl_number, nullptr, nullptr)));
  if (!number) return !memory_was_out();
  const NumberPtr value(ASN1_INTEGER_to_BN(number.get(), nullptr));
  const TextPtr text(value ? BN_bn2dec(value.get()) : nullptr);
  if (!text) return false;
  mark.number.resize(static_cast<std::size_t>(BN_num_bytes(value.get())));
  BN_bn2bin(value.get(), reinterpret_cast<unsigned char*>(mark.number.data()));
  if (mark.number.empty()) mark.number.assign(1, '\0'); // zero is a number too
  mark.words = std::string("number ") + text.get() + " of ";
  return true;
}

// The list's digest and its entries. False: out of memory.
bool read_entries(X509_CRL* list, ListMark& mark) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_CRL_digest(list, EVP_sha256(), digest.data(), &size) != 1) return false;
  mark.digest.assign(reinterpret_cast<const char*>(digest.data()), size);
  std::vector<RevokedSerial> entries;
  const STACK_OF(X509_REVOKED)* const all = X509_CRL_get_REVOKED(list);
  for (int i = 0; i < sk_X509_REVOKED_num(all); ++i) {
    const X509_REVOKED* const each = sk_X509_REVOKED_value(all, i);
    const ASN1_INTEGER* const serial = X509_REVOKED_get0_serialNumber(each);
    std::string bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)),
                      static_cast<std::size_t>(ASN1_STRING_length(serial)));
    const ReasonPtr reason(static_cast<ASN1_ENUMERATED*>(X509_REVOKED_get_ext_d2i(each, NID_crl_reason, nullptr, nullptr)));
    entries.push_back({std::move(bytes), reason && ASN1_ENUMERATED_get(reason.get()) == CRL_REASON_CERTIFICATE_HOLD});
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.serial < b.serial; });
  mark.revoked = std::make_shared<const std::vector<RevokedSerial>>(std::move(entries));
  return !memory_was_out();
}

} // namespace

std::optional<ListMark> mark_of(X509_CRL* list, const std::vector<X509Ptr>& authorities) {
  ListMark mark;
  ERR_clear_error();
  mark.whose = encoded(X509_CRL_get_issuer(list));
  if (!append_key_of(list, authorities, mark.whose) || !read_number(list, mark) || !read_entries(list, mark)) {
    ERR_clear_error();
    return std::nullopt;
  }
  mark.whose += extension(list, NID_issuing_distribution_point);
  const ASN1_TIME* const since = X509_CRL_get0_lastUpdate(list);
  if (std::tm moment{}; ASN1_TIME_to_tm(since, &moment) == 1) mark.since = timegm(&moment);
  mark.words += moment_words(since);
  ERR_clear_error();
  return mark;
}

std::vector<std::string> lost_lists(const ListMarks& now, const KnownLists& known, const std::vector<X509Ptr>& authorities) {
  std::vector<std::string> out;
  for (const X509Ptr& each : authorities) {
    std::string identity;
    if (!append_identity(each.get(), identity)) {
      out.emplace_back("out of memory");
      continue;
    }
    const auto is_there = [&](const ListMarks& lists) {
      return std::any_of(lists.begin(), lists.end(), [&](const ListMark& mark) { return mark.whose.starts_with(identity); });
    };
    if (is_there(known.in_use) && !is_there(now))
      out.push_back(
          "there is no revocation list of this CA any more, of which one is in use, and nobody whom it issued a certificate "
          "would be let in: " +
          certificate_facts(each.get()) + ". Put its list there too; where that is meant, restart the edge");
  }
  return out;
}

std::vector<std::string> list_doubts(const std::vector<CrlPtr>& all, const std::vector<X509Ptr>& authorities) {
  const auto has_list = [&](X509* authority) {
    return std::any_of(all.begin(), all.end(), [&](const CrlPtr& list) { return signed_by(list.get(), authority); });
  };
  std::vector<std::string> out;
  for (const CrlPtr& list : all)
    if (std::none_of(authorities.begin(), authorities.end(),
                     [&](const X509Ptr& each) { return signed_by(list.get(), each.get()); }))
      out.push_back(
          "this revocation list is of no CA in client_ca: it counts only for a CA below these, whose certificate callers send: " +
          list_facts(list.get()));
  for (const X509Ptr& each : authorities) {
    // Who has a CA below it with a list of its own may issue nothing to callers itself.
    const bool stands_above = std::any_of(authorities.begin(), authorities.end(), [&](const X509Ptr& other) {
      return issued(each.get(), other.get()) && has_list(other.get());
    });
    if (!has_list(each.get()) && !stands_above)
      out.push_back("no revocation list is of this CA, and nobody is let in whose certificate it issued itself: " +
                    certificate_facts(each.get()));
    else if (has_list(each.get()) && (X509_get_key_usage(each.get()) & KU_CRL_SIGN) == 0)
      out.push_back("this CA may sign no revocation list (its keyUsage lacks cRLSign), and nobody is let in whose certificate it "
                    "issued: " +
                    certificate_facts(each.get()));
  }
  ERR_clear_error();
  return out;
}

std::vector<bool> find_revoked(const std::vector<X509Ptr>& authorities, const std::vector<CrlPtr>& all) {
  std::vector<bool> revoked(authorities.size());
  const auto is_revoked = [&](std::size_t which) {
    std::size_t issuers = 0, bad = 0;
    for (std::size_t i = 0; i < authorities.size(); ++i) {
      if (!issued(authorities[i].get(), authorities[which].get())) continue;
      if (lists(all, authorities[i].get(), authorities[which].get())) return true;
      ++issuers;
      if (revoked[i]) ++bad;
    }
    return issuers > 0 && bad == issuers;
  };
  for (bool more = true; more;) {
    more = false;
    for (std::size_t i = 0; i < authorities.size(); ++i) {
      if (revoked[i] || !is_revoked(i)) continue;
      revoked[i] = more = true;
    }
  }
  return revoked;
}

bool is_damaged(X509_CRL* list, const std::vector<X509Ptr>& authorities) noexcept {
  const KeyIdPtr key(static_cast<AUTHORITY_KEYID*>(X509_CRL_get_ext_d2i(list, NID_authority_key_identifier, nullptr, nullptr)));
  bool damaged = false;
  for (const X509Ptr& each : authorities) {
    if (X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_subject_name(each.get())) != 0) continue;
    if (key && X509_check_akid(each.get(), key.get()) != X509_V_OK) continue;
    if (X509_CRL_verify(list, X509_get0_pubkey(each.get())) == 1) return false;
    damaged = true;
  }
  return damaged;
}

void free_key_id(AUTHORITY_KEYID* object) { AUTHORITY_KEYID_free(object); }

} // namespace ledgergate::listen
