#include "listen/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace ledgergate::listen {
namespace {

int keys_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

bool set_mac(EVP_MAC_CTX* mac, unsigned char* key, std::size_t size) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key, size),
                                   OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

} // namespace

TicketKeys::TicketKeys() {
  keys_.reserve(kKeep + 1);
  rotate();
}

TicketKeys::~TicketKeys() { OPENSSL_cleanse(keys_.data(), keys_.size() * sizeof(Key)); }

void TicketKeys::rotate() {
  Key fresh;
  // No random numbers: no TLS either. The process can't go on safely.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&fresh), sizeof fresh) != 1) std::abort();
  const std::lock_guard guard(lock_);
  keys_.insert(keys_.begin(), fresh);
  if (keys_.size() > kKeep) {
    OPENSSL_cleanse(&keys_.back(), sizeof(Key));
    keys_.pop_back();
  }
  made_ = std::chrono::steady_clock::now();
  OPENSSL_cleanse(&fresh, sizeof fresh);
}

void TicketKeys::rotate_if_due(std::chrono::steady_clock::time_point now) {
  {
    const std::lock_guard guard(lock_);
    if (now - made_ < kRotateEvery) return;
  }
  rotate();
}

bool TicketKeys::install(SSL_CTX* context) {
  return SSL_CTX_set_ex_data(context, keys_index(), this) == 1 && SSL_CTX_set_tlsext_ticket_key_evp_cb(context, callback) == 1;
}

int TicketKeys::callback(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int encrypt) {
  auto* self = static_cast<TicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), keys_index()));
  if (self == nullptr) return -1;
  const std::lock_guard guard(self->lock_);
  if (encrypt != 0) {
    Key& key = self->keys_.front();
    if (RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1) return -1;
    std::memcpy(name, key.name.data(), key.name.size());
    if (EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.aes.data(), iv) != 1) return -1;
    return set_mac(mac, key.mac.data(), key.mac.size()) ? 1 : -1;
  }
  const auto found = std::find_if(self->keys_.begin(), self->keys_.end(),
                                  [&](const Key& key) { return std::memcmp(key.name.data(), name, key.name.size()) == 0; });
  if (found == self->keys_.end()) return 0; // a full handshake
  if (!set_mac(mac, found->mac.data(), found->mac.size())) return -1;
  if (EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, found->aes.data(), iv) != 1) return -1;
  return found == self->keys_.begin() ? 1 : 2; // 2: issue a new ticket under the current key
}

} // namespace ledgergate::listen
