// Session ticket keys, shared by all workers and by every listener, kept across reloads: a caller resumes its session wherever the
// kernel puts its next connection.
//
// Invariants: keys_ holds the current key first and at most kKeep - 1 older ones; guarded by lock_ (taken once a handshake).
#pragma once

#include <openssl/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

namespace ledgergate::listen {

class TicketKeys {
public:
  static constexpr std::chrono::hours kRotateEvery{4};
  static constexpr std::size_t kKeep = 3;

  TicketKeys();
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  // Makes `context` use these keys; the keys must outlive it.
  [[nodiscard]] bool install(SSL_CTX* context); // false: out of memory
  // A new current key when the old one's time is over. Any thread; called from the main thread's timer.
  void rotate_if_due(std::chrono::steady_clock::time_point now);
  void rotate();

private:
  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> aes;
    std::array<unsigned char, 32> mac;
  };
  std::mutex lock_;
  std::vector<Key> keys_;
  std::chrono::steady_clock::time_point made_;
  static int callback(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int encrypt);
};

} // namespace ledgergate::listen
