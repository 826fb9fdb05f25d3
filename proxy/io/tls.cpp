// The TLS half of Stream: OpenSSL over a BIO that reads from the stream's landing window and writes to its gathered output. No
// BIO_s_mem pair, no 5-byte record reads from the socket, one write for all records of a step.
#include "base/prepare_thread.h"
#include "io/stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace ledgergate::io {

struct StreamBio {
  static Stream* of(BIO* bio) { return static_cast<Stream*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* out, std::size_t size, std::size_t* taken) {
    Bytes& raw = of(bio)->raw_;
    BIO_clear_retry_flags(bio);
    if (raw.empty()) {
      BIO_set_retry_read(bio);
      *taken = 0;
      return 0;
    }
    *taken = std::min(size, raw.size());
    std::memcpy(out, raw.data(), *taken);
    raw.begin += *taken;
    return 1;
  }

  static int write(BIO* bio, const char* bytes, std::size_t size, std::size_t* taken) {
    BIO_clear_retry_flags(bio);
    try {
      of(bio)->append_out(bytes, size);
    } catch (const std::bad_alloc&) {
      *taken = 0;
      return 0;
    }
    *taken = size;
    return 1;
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  // Made once, for the life of the process, before anybody is served. Null: there was no memory for it.
  static const BIO_METHOD* method() {
    static const BIO_METHOD* const made = [] {
      BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ledgergate stream");
      if (fresh == nullptr) return fresh;
      BIO_meth_set_read_ex(fresh, read);
      BIO_meth_set_write_ex(fresh, write);
      BIO_meth_set_ctrl(fresh, control);
      return fresh;
    }();
    return made;
  }
};

namespace {
const PreparedThread prepared([] { StreamBio::method(); });
}

void Stream::start_tls(SSL* ssl) noexcept {
  // Bytes that came before the handshake was begun are its first records.
  raw_ = in_;
  in_ = {};
  fresh_ = false;
  ssl_ = ssl;
  BIO* bio = StreamBio::method() != nullptr ? BIO_new(StreamBio::method()) : nullptr;
  if (bio == nullptr) {
    tls_failed_ = true;
    return;
  }
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
}

Step Stream::handshake() noexcept {
  if (failed()) return Step::failed;
  const int result = SSL_do_handshake(ssl_);
  if (result != 1) {
    const int why = SSL_get_error(ssl_, result);
    if (why != SSL_ERROR_WANT_READ) tls_broke();
  }
  flush(); // the flight, or the alert
  if (failed()) return Step::failed;
  if (result == 1) {
    ERR_clear_error();
    return Step::done;
  }
  if (eof_ && raw_.empty()) return Step::ended;
  return Step::blocked;
}

// SSL_get_error trusts the thread's error queue, so it is emptied whenever something was put there.
void Stream::tls_broke() noexcept {
  tls_failed_ = true;
  tls_error_ = ERR_peek_error();
  ERR_clear_error();
}

// Records that bring no data (key updates, renegotiation attempts, empty ones) cost work and answers and are bounded by a credit:
// every byte on the wire uses it up, every byte of data earns back more than the smallest record with data in it costs.
Step Stream::fill_tls(std::size_t room) noexcept {
  constexpr std::int64_t kEarnedByData = 32;
  const std::size_t raw_before = raw_.size();
  const std::size_t data_before = in_.size();
  if (failed()) return Step::failed;
  bool got = false;
  if (in_.empty()) in_.begin = in_.end = 0;
  while (!close_notify_) {
    try {
      if (in_.room() == 0 || !in_.block) make_room(in_, std::max<std::size_t>(room, 1024));
    } catch (const std::bad_alloc&) {
      error_ = UV_ENOMEM;
      return Step::failed;
    }
    std::size_t size = 0;
    if (SSL_read_ex(ssl_, in_.tail(), in_.room(), &size) == 1) {
      in_.end += size;
      got = true;
      if (in_.size() >= room) break;
      continue;
    }
    const int why = SSL_get_error(ssl_, 0);
    if (why == SSL_ERROR_ZERO_RETURN)
      close_notify_ = true;
    else if (why != SSL_ERROR_WANT_READ)
      tls_broke();
    break;
  }
  const auto earned = kEarnedByData * static_cast<std::int64_t>(in_.size() - data_before);
  tls_credit_ = std::min(kTlsCredit, tls_credit_ + earned - static_cast<std::int64_t>(raw_before - raw_.size()));
  if (!out_.empty()) flush(); // key updates, alerts
  if (tls_credit_ < 0) {
    // What came with the flood is not served: nobody could be told how that ended.
    tls_failed_ = true;
    in_.end = in_.begin + data_before;
    got = false;
  }
  if (got) return Step::done;
  if (in_.empty()) give(in_);
  if (failed()) return Step::failed;
  return close_notify_ || (eof_ && raw_.empty()) ? Step::ended : Step::blocked;
}

void Stream::leave_tls() noexcept {
  SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
  give(in_);
  ssl_ = nullptr; // bytes land in in_ from here on
  in_ = raw_;
  raw_ = {};
  fresh_ = !in_.empty();
  tls_failed_ = close_notify_ = false;
}

void Stream::end_output() noexcept {
  if (end_requested_ || write_failed()) return;
  end_requested_ = true;
  if (ssl_ != nullptr && SSL_is_init_finished(ssl_) == 1) {
    if (SSL_shutdown(ssl_) < 0) ERR_clear_error();
  }
  if (flush() != Step::blocked) send_fin();
}

} // namespace ledgergate::io
