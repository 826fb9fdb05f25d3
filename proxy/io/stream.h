// One TCP connection, plain or TLS, seen by one story.
//
// Shape: nothing here waits. A step does what can be done now and says `blocked` when the kernel or the peer has to act first; the
// story then waits on its Wake for the stream's event and tries again. Four system calls a proxied request follow from that: one
// read and one write a side.
//
// Invariants
//  * Loop thread only. Freed in libuv's close callback only, so a story may end (and let go of its streams) inside their callbacks.
//  * Bytes arrive in the loop's shared read buffer. What the story leaves there when it suspends is moved to a block of the
//    stream's own; reading pauses while bytes lie there that nobody waits for (that is the backpressure).
//  * Output is gathered (TLS records too) and handed to the kernel by flush(); what it does not take goes to one uv_write, whose
//    request and bytes the stream owns.
#pragma once

#include "base/address.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/wake.h"

#include <openssl/types.h>
#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace ledgergate::io {

enum class Step : std::uint8_t {
  done,    // happened (fill: there are new bytes)
  blocked, // not yet: wait for the stream's event
  ended,   // fill only: the peer ended its side
  failed,  // reset or broken; failure() says more
};

class Stream;

// Told of a stream's events while no story holds it (an idle connection in a pool).
class StreamWatcher {
public:
  virtual void stream_woke(Stream& stream) = 0;

protected:
  ~StreamWatcher() = default;
};

class Stream {
public:
  struct Release {
    void operator()(Stream* stream) const noexcept { stream->release(); }
  };
  using Ptr = std::unique_ptr<Stream, Release>;

  // Begins to connect; the out event says when it is through (then connected() or failure()).
  static Ptr connect(Loop& loop, const Endpoint& to);
  // Takes over a connected, non-blocking descriptor. Null (and it is closed) when that fails.
  static Ptr adopt(Loop& loop, int descriptor) noexcept;

  // Whom events go to: a story (`in` when bytes, end or failure arrive, `out` when output was taken), or a watcher, or nobody.
  void attach(Wake* wake, Events in, Events out) noexcept;
  void attach(StreamWatcher* watcher) noexcept;

  // --- TLS ---------------------------------------------------------------------------------------------------------------
  // Takes ownership of `ssl`, whose state (accept/connect) is set. Bytes already received are read through it.
  void start_tls(SSL* ssl) noexcept;
  [[nodiscard]] SSL* tls() const noexcept { return ssl_; }
  // done: finished; its output has been flushed as far as the kernel took it.
  Step handshake() noexcept;
  // TLS is broken, but the connection lives: an alert may be on its way to the peer.
  [[nodiscard]] bool broken_in_tls() const noexcept { return tls_failed_ && error_ == 0 && write_error_ == 0; }
  // Of such a stream: from here on it is a plain one, of which nothing is worth more than to be discarded. tls() is gone.
  void leave_tls() noexcept;

  // --- input -------------------------------------------------------------------------------------------------------------
  // Decrypted bytes not yet consumed. Good until the next consume(), fill() or suspension that leaves none... see consume().
  [[nodiscard]] std::string_view input() const noexcept { return in_.view(); }
  void consume(std::size_t bytes) noexcept { in_.begin += bytes; }
  // Adds to input(), at least a byte with `done`. `room` is how much plaintext the caller has use for at once (TLS).
  Step fill(std::size_t room = 16 * 1024) noexcept;
  // Before waiting for the in event: reading goes on, and there is room for more.
  void want_input() noexcept;
  // Gives buffers back when nothing is in them: before an idle wait.
  void trim() noexcept;
  // The same while somebody else is waited for: nothing is read until the next want_input().
  void rest() noexcept;
  // How much one read brings, at most Loop::kReadSize: what the peer sends while nobody waits for it is held (bytes).
  void read_at_most(std::size_t bytes) noexcept { read_most_ = bytes; }
  // Whether the peer ended its side with all the ceremony its protocol has (TLS: close_notify).
  [[nodiscard]] bool ended_cleanly() const noexcept { return ssl_ == nullptr ? eof_ : close_notify_; }
  // The peer is known to have ended or broken the connection (reading may be paused, so false is not a promise).
  [[nodiscard]] bool gone() const noexcept { return eof_ || close_notify_ || error_ != 0; }

  // --- output ------------------------------------------------------------------------------------------------------------
  // Gathers (and encrypts) bytes. False: the stream has failed.
  bool write(std::string_view bytes) noexcept;
  Step flush() noexcept;
  [[nodiscard]] bool sending() const noexcept { return sending_.block.data != nullptr; }
  // Bytes accepted by write() that the kernel has not taken yet (as they go on the wire).
  [[nodiscard]] std::size_t unsent() const noexcept {
    return out_.size() + uv_stream_get_write_queue_size(reinterpret_cast<const uv_stream_t*>(&handle_));
  }
  // unsent(), and what the peer's machine has not confirmed of what the kernel took. A system call.
  [[nodiscard]] std::size_t undelivered() const noexcept;
  // Memory, in bytes, that the stream holds: about what its end gives back.
  [[nodiscard]] std::size_t held() const noexcept;
  // Bytes the kernel has taken: whether "not one byte of it has left" (docs/invariants.md, "Nothing is sent twice").
  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }
  // close_notify (TLS) and FIN, behind what is still to be sent. Reading goes on.
  void end_output() noexcept;

  // --- state -------------------------------------------------------------------------------------------------------------
  [[nodiscard]] bool connecting() const noexcept { return connecting_; }
  // Reading is over: nothing more will come, and not because the peer ended its side.
  [[nodiscard]] bool failed() const noexcept { return error_ != 0 || tls_failed_; }
  // Writing is over; there may still be something to read (a server that refused a body and closed).
  [[nodiscard]] bool write_failed() const noexcept { return write_error_ != 0 || failed(); }
  // errno-like libuv code of the failure, 0 when none; a TLS failure is UV_EPROTO.
  [[nodiscard]] int failure() const noexcept {
    return tls_failed_ ? static_cast<int>(UV_EPROTO) : error_ != 0 ? error_ : write_error_;
  }
  // OpenSSL's error code of a failed handshake or record (ERR_get_error), 0 when the peer just went away.
  [[nodiscard]] unsigned long tls_error() const noexcept { return tls_error_; }
  [[nodiscard]] Endpoint peer() const noexcept;
  [[nodiscard]] std::uint16_t local_port() const noexcept;
  [[nodiscard]] int descriptor() const noexcept;
  [[nodiscard]] Loop& loop() const noexcept { return loop_; }

  // Closes; with reset the peer sees a broken connection, and what the kernel still holds is thrown away (docs/invariants.md, "A
  // broken reply is seen as broken"). A server that was sent an alert reads it first (farewell.h).
  void release() noexcept;
  void reset() noexcept;

private:
  static constexpr std::int64_t kTlsCredit = 256 * 1024; // bytes

  explicit Stream(Loop& loop) noexcept;
  ~Stream();

  Loop& loop_;
  Wake* wake_ = nullptr;
  StreamWatcher* watcher_ = nullptr;
  SSL* ssl_ = nullptr;
  Bytes in_;      // plaintext; on a plain stream also where bytes land
  Bytes raw_;     // TLS: records as they came
  Bytes out_;     // gathered, not yet offered to the kernel
  Bytes sending_; // owned by libuv's write
  std::uint64_t sent_ = 0;
  unsigned long tls_error_ = 0;
  std::size_t read_most_ = Loop::kReadSize;
  std::int64_t tls_credit_ = kTlsCredit; // see fill_tls
  int error_ = 0;                        // of reading, connecting, memory: the stream is of no more use
  int write_error_ = 0;                  // the kernel takes no more output
  Events in_event_ = 0, out_event_ = 0;
  bool land_borrowed_ = false; // the landing window lies in the loop's read buffer
  bool out_borrowed_ = false;  // out_ is the loop's write buffer
  bool reading_ = false;
  bool wanted_ = false; // a story waits for more input
  bool fresh_ = false;  // plain: bytes arrived since the last fill()
  bool eof_ = false;
  bool close_notify_ = false;
  bool tls_failed_ = false;
  bool connecting_ = false;
  bool end_requested_ = false; // FIN goes out behind sending_
  bool fin_sent_ = false;
  uv_tcp_t handle_{};
  // libuv's, made when first needed: most connections of callers idle, and never need one.
  std::unique_ptr<uv_write_t> write_request_;
  std::unique_ptr<uv_connect_t> connect_request_;

  [[nodiscard]] uv_handle_t* handle() noexcept { return reinterpret_cast<uv_handle_t*>(&handle_); }
  [[nodiscard]] uv_stream_t* stream() noexcept { return reinterpret_cast<uv_stream_t*>(&handle_); }
  [[nodiscard]] Bytes& landing() noexcept { return ssl_ != nullptr ? raw_ : in_; }
  [[nodiscard]] int open_socket(int family) noexcept;
  [[nodiscard]] int socket_error() const noexcept;
  [[nodiscard]] bool owes_farewell() const noexcept;
  void notify_in();
  void notify_out();
  void start_reading() noexcept;
  void stop_reading() noexcept;
  void settle() noexcept;
  void make_room(Bytes& window, std::size_t room);
  void give(Bytes& window) noexcept;
  void return_out() noexcept;
  Step fill_tls(std::size_t room) noexcept;
  bool append_out(const char* bytes, std::size_t size);
  void tls_broke() noexcept;
  void send_fin() noexcept;
  void on_read(ssize_t size, const uv_buf_t* buffer) noexcept;
  void on_written(int status) noexcept;
  void closed() noexcept;

  friend struct StreamBio; // tls.cpp: OpenSSL reads raw_ and writes out_ through it
};

} // namespace ledgergate::io
