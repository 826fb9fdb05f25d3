// A caller's side of TLS in a story: the far end's words sealed and opened, over buffers in memory.
#include "require.h"
#include "story_world.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>

namespace ledgergate::fuzz {

void FreeSsl::operator()(SSL* ssl) const { SSL_free(ssl); }

SslPtr make_caller_tls() {
  static const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  SslPtr made(SSL_new(context.get()));
  require(made != nullptr, "there is memory for a caller");
  BIO* arriving = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(arriving, -1);
  SSL_set_bio(made.get(), arriving, BIO_new(BIO_s_mem()));
  SSL_set_connect_state(made.get());
  return made;
}

// What can be said by now goes to `waiting_` as records; behind the last word, if it was that, the goodbye.
void FarEnd::seal() {
  SSL* ssl = tls_.get();
  const bool through = SSL_do_handshake(ssl) == 1;
  if (through && !unsealed_.empty() && SSL_write(ssl, unsealed_.data(), static_cast<int>(unsealed_.size())) > 0) {
    said_ += unsealed_;
    unsealed_.clear();
  }
  if (through && ending_ && (SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN) == 0) SSL_shutdown(ssl);
  char* records = nullptr;
  const long size = BIO_get_mem_data(SSL_get_wbio(ssl), &records);
  waiting_.append(records, static_cast<std::size_t>(size));
  static_cast<void>(BIO_reset(SSL_get_wbio(ssl)));
  ERR_clear_error();
}

void FarEnd::receive(std::string_view bytes) {
  if (!tls_) {
    received_ += bytes;
    return;
  }
  BIO_write(SSL_get_rbio(tls_.get()), bytes.data(), static_cast<int>(bytes.size()));
  std::array<char, 16 * 1024> block{};
  if (SSL_do_handshake(tls_.get()) == 1)
    for (int got = 0; (got = SSL_read(tls_.get(), block.data(), static_cast<int>(block.size()))) > 0;)
      received_.append(block.data(), static_cast<std::size_t>(got));
  ERR_clear_error();
}

} // namespace ledgergate::fuzz
