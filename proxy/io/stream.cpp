#include "io/stream.h"

#include <linux/sockios.h>
#include <openssl/ssl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace ledgergate::io {
namespace {
// Leftovers up to this size are copied out of the loop's read buffer; for larger ones the buffer itself changes hands.
constexpr std::size_t kCopyLimit = 16 * 1024;

std::uint16_t port_of(const sockaddr_storage& address) {
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}
} // namespace

Stream::Stream(Loop& loop) noexcept : loop_(loop) {
  uv_tcp_init(loop.uv(), &handle_); // no socket yet: can't fail
  handle_.data = this;
}

Stream::~Stream() {
  if (ssl_ == nullptr) return;
  // OpenSSL takes a session out of use whose connection ends without close_notify; RFC 5246 section 7.2.1 no longer asks for that,
  // and kept connections to a server mostly end so.
  SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
}

Stream::Ptr Stream::adopt(Loop& loop, int descriptor) noexcept {
  Ptr self(new (std::nothrow) Stream(loop));
  if (!self || uv_tcp_open(&self->handle_, descriptor) != 0) {
    ::close(descriptor);
    return {};
  }
  uv_tcp_nodelay(&self->handle_, 1);
  self->start_reading();
  return self;
}

void Stream::attach(Wake* wake, Events in, Events out) noexcept {
  wake_ = wake;
  watcher_ = nullptr;
  in_event_ = in;
  out_event_ = out;
  if (wake_ != nullptr) wake_->forget(in | out);
}

void Stream::attach(StreamWatcher* watcher) noexcept {
  wake_ = nullptr;
  watcher_ = watcher;
}

void Stream::notify_in() {
  if (wake_ != nullptr)
    wake_->raise(in_event_);
  else if (watcher_ != nullptr)
    watcher_->stream_woke(*this);
}

void Stream::notify_out() {
  if (wake_ != nullptr)
    wake_->raise(out_event_);
  else if (watcher_ != nullptr)
    watcher_->stream_woke(*this);
}

// --- input --------------------------------------------------------------------------------------------------------------------

void Stream::start_reading() noexcept {
  if (reading_ || eof_ || error_ != 0 || connecting_ || uv_is_closing(handle()) != 0) return;
  const auto allocate = [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
    auto* self = static_cast<Stream*>(handle->data);
    Bytes& land = self->landing();
    try {
      if (land.block) {
        *buffer = uv_buf_init(land.tail(), static_cast<unsigned>(land.room()));
      } else {
        const Block& shared = self->loop_.read_block();
        *buffer = uv_buf_init(shared.data, static_cast<unsigned>(std::min(shared.size, self->read_most_)));
      }
    } catch (const std::bad_alloc&) {
      *buffer = uv_buf_init(nullptr, 0); // libuv reports UV_ENOBUFS to the read callback
    }
  };
  const int status = uv_read_start(stream(), allocate, [](uv_stream_t* handle, ssize_t size, const uv_buf_t* buffer) {
    static_cast<Stream*>(handle->data)->on_read(size, buffer);
  });
  if (status == 0)
    reading_ = true;
  else
    error_ = status;
}

void Stream::stop_reading() noexcept {
  if (!reading_) return;
  reading_ = false;
  uv_read_stop(stream());
}

// libuv says "end" for a reset that arrives together with the last data (EPOLLHUP); a reply that ends with its connection would
// then pass for whole (docs/invariants.md, "A broken reply is seen as broken"). The socket knows better.
int Stream::socket_error() const noexcept {
  int error = 0;
  socklen_t length = sizeof error;
  if (::getsockopt(descriptor(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) return 0;
  return -error;
}

void Stream::on_read(ssize_t size, const uv_buf_t* buffer) noexcept {
  if (size == 0) return; // EAGAIN
  Bytes& land = landing();
  if (size < 0) {
    error_ = size == UV_EOF ? socket_error() : static_cast<int>(size);
    eof_ = error_ == 0;
    stop_reading();
  } else {
    if (!land.block) {
      land = Bytes{{buffer->base, buffer->len}, 0, 0};
      land_borrowed_ = true;
    }
    land.end += static_cast<std::size_t>(size);
    fresh_ = true;
  }
  wanted_ = false;
  notify_in();
  settle();
}

// The story has suspended (or ended): what it left in the loop's buffer becomes the stream's own.
void Stream::settle() noexcept {
  Bytes& land = landing();
  if (land.empty()) {
    give(land);
    return;
  }
  if (uv_is_closing(handle()) != 0) return; // closed() lets go of the window
  if (land_borrowed_) {
    try {
      const std::size_t size = land.size();
      if (size <= kCopyLimit) {
        Bytes own{loop_.buffers().take(wanted_ ? std::max<std::size_t>(size * 2, 4096) : size), 0, size};
        std::memcpy(own.block.data, land.data(), size);
        land = own;
      } else {
        land.block = loop_.steal_read_block();
      }
      land_borrowed_ = false;
    } catch (const std::bad_alloc&) {
      give(land);
      error_ = UV_ENOMEM;
      stop_reading();
      notify_in();
      return;
    }
  }
  if (!wanted_)
    stop_reading();
  else if (land.room() == 0)
    want_input();
}

void Stream::give(Bytes& window) noexcept {
  const bool land = &window == &landing();
  if (land && land_borrowed_)
    land_borrowed_ = false;
  else
    loop_.buffers().give(window.block);
  window = {};
}

// Leaves at least `room` bytes behind what the window holds.
void Stream::make_room(Bytes& window, std::size_t room) {
  if (window.block && window.begin > 0) {
    if (window.empty()) window.begin = window.end = 0;
    if (window.room() >= room) return;
    std::memmove(window.block.data, window.data(), window.size());
    window.end = window.size();
    window.begin = 0;
  }
  if (window.block && window.room() >= room) return;
  Bytes larger{loop_.buffers().take(window.size() + room), 0, window.size()};
  if (!window.empty()) std::memcpy(larger.block.data, window.data(), window.size());
  loop_.buffers().give(window.block);
  window = larger;
}

void Stream::want_input() noexcept {
  wanted_ = true;
  Bytes& land = landing();
  // In the middle of a callback the window may be the loop's: settle() copies it, with room.
  if (!land_borrowed_ && land.empty()) give(land);
  if (!land_borrowed_ && land.block) {
    try {
      make_room(land, std::min<std::size_t>(std::max<std::size_t>(land.size(), 4096), 64 * 1024));
    } catch (const std::bad_alloc&) {
      error_ = UV_ENOMEM;
    }
  }
  start_reading();
  if (error_ != 0) notify_in(); // nothing will come: whoever is about to wait must not
}

Step Stream::fill(std::size_t room) noexcept {
  if (ssl_ != nullptr) return fill_tls(room);
  if (fresh_ && !in_.empty()) {
    fresh_ = false;
    return Step::done;
  }
  if (error_ != 0) return Step::failed;
  return eof_ ? Step::ended : Step::blocked;
}

void Stream::trim() noexcept {
  if (in_.empty()) give(in_);
  if (ssl_ != nullptr && raw_.empty()) give(raw_);
  if (!sending()) write_request_.reset();
}

void Stream::rest() noexcept {
  wanted_ = false;
  stop_reading();
  trim();
}

std::size_t Stream::held() const noexcept {
  // Measured of OpenSSL 3.0: a connection behind its handshake, its session and its keys.
  constexpr std::size_t kTls = 13 * 1024;
  const auto own = [&](const Bytes& window, bool borrowed) { return borrowed ? 0 : window.block.size; };
  const std::size_t landing = ssl_ != nullptr ? own(in_, false) + own(raw_, land_borrowed_) : own(in_, land_borrowed_);
  return sizeof *this + landing + own(out_, out_borrowed_) + sending_.block.size + (ssl_ != nullptr ? kTls : 0);
}

// --- output -------------------------------------------------------------------------------------------------------------------

bool Stream::append_out(const char* bytes, std::size_t size) {
  if (!out_.block) {
    out_.block = loop_.borrow_write_block();
    out_borrowed_ = static_cast<bool>(out_.block);
    if (!out_borrowed_) out_.block = loop_.buffers().take(std::max<std::size_t>(size, 16 * 1024));
  }
  if (out_.room() < size) {
    Bytes larger{loop_.buffers().take(std::max(out_.size() + size, 2 * out_.block.size)), 0, out_.size()};
    std::memcpy(larger.block.data, out_.data(), out_.size());
    return_out();
    out_ = larger;
  }
  std::memcpy(out_.tail(), bytes, size);
  out_.end += size;
  return true;
}

void Stream::return_out() noexcept {
  if (out_borrowed_)
    loop_.return_write_block(out_.block);
  else
    loop_.buffers().give(out_.block);
  out_borrowed_ = false;
  out_ = {};
}

bool Stream::write(std::string_view bytes) noexcept {
  if (write_failed()) return false;
  if (bytes.empty()) return true;
  if (ssl_ != nullptr) {
    std::size_t written = 0;
    if (SSL_write_ex(ssl_, bytes.data(), bytes.size(), &written) == 1) return true;
    tls_broke();
    return false;
  }
  try {
    return append_out(bytes.data(), bytes.size());
  } catch (const std::bad_alloc&) {
    error_ = UV_ENOMEM;
    return false;
  }
}

Step Stream::flush() noexcept {
  if (error_ != 0 || write_error_ != 0) {
    return_out();
    return Step::failed;
  }
  if (sending()) return Step::blocked;
  // Records that OpenSSL failed to make are missing in what was gathered: it goes out (an alert may be in it), but it is not whole.
  const Step whole = tls_failed_ ? Step::failed : Step::done;
  if (out_.empty()) {
    if (out_.block) return_out();
    return whole;
  }
  const uv_buf_t now = uv_buf_init(out_.block.data + out_.begin, static_cast<unsigned>(out_.size()));
  const int taken = uv_try_write(stream(), &now, 1);
  if (taken < 0 && taken != UV_EAGAIN) {
    write_error_ = taken;
    return_out();
    return Step::failed;
  }
  if (taken > 0) {
    sent_ += static_cast<std::uint64_t>(taken);
    out_.begin += static_cast<std::size_t>(taken);
  }
  if (out_.empty()) {
    return_out();
    return whole;
  }
  try {
    if (!write_request_) write_request_ = std::make_unique<uv_write_t>();
    if (out_borrowed_) {
      Bytes own{loop_.buffers().take(out_.size()), 0, out_.size()};
      std::memcpy(own.block.data, out_.data(), out_.size());
      return_out();
      out_ = own;
    }
  } catch (const std::bad_alloc&) {
    error_ = UV_ENOMEM;
    return_out();
    return Step::failed;
  }
  sending_ = std::exchange(out_, {});
  const uv_buf_t rest = uv_buf_init(sending_.block.data + sending_.begin, static_cast<unsigned>(sending_.size()));
  write_request_->data = this;
  const int status = uv_write(write_request_.get(), stream(), &rest, 1,
                              [](uv_write_t* request, int result) { static_cast<Stream*>(request->data)->on_written(result); });
  if (status != 0) {
    write_error_ = status;
    loop_.buffers().give(sending_.block);
    sending_ = {};
    return Step::failed;
  }
  return Step::blocked;
}

void Stream::on_written(int status) noexcept {
  const std::size_t size = sending_.size();
  loop_.buffers().give(sending_.block);
  sending_ = {};
  if (status == UV_ECANCELED) return; // released
  if (status != 0) {
    write_error_ = status;
    sent_ += size; // how much of it had left is not known: all of it may have
  } else {
    sent_ += size;
    if (!out_.empty() && flush() == Step::blocked) return;
    if (end_requested_) send_fin();
  }
  notify_out();
}

std::size_t Stream::undelivered() const noexcept {
  int held = 0;
  if (::ioctl(descriptor(), SIOCOUTQ, &held) != 0 || held < 0) held = 0;
  return unsent() + static_cast<std::size_t>(held);
}

void Stream::send_fin() noexcept {
  if (fin_sent_ || write_failed()) return;
  fin_sent_ = true;
  ::shutdown(descriptor(), SHUT_WR);
}

// --- state and end ------------------------------------------------------------------------------------------------------------

Endpoint Stream::peer() const noexcept {
  sockaddr_storage address{};
  int length = sizeof address;
  if (uv_tcp_getpeername(&handle_, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  const auto ip = IpAddress::from(reinterpret_cast<const sockaddr*>(&address));
  return ip ? Endpoint{*ip, port_of(address)} : Endpoint{};
}

std::uint16_t Stream::local_port() const noexcept {
  sockaddr_storage address{};
  int length = sizeof address;
  if (uv_tcp_getsockname(&handle_, reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
  return port_of(address);
}

int Stream::descriptor() const noexcept {
  uv_os_fd_t descriptor = -1;
  uv_fileno(reinterpret_cast<const uv_handle_t*>(&handle_), &descriptor);
  return descriptor;
}

// Of one that the edge has opened; a caller's is seen to by its story. Behind bytes that the kernel has not taken the alert can't
// leave, either.
bool Stream::owes_farewell() const noexcept {
  return broken_in_tls() && SSL_is_server(ssl_) == 0 && unsent() == 0 && loop_.last_keeper() != nullptr;
}

void Stream::release() noexcept {
  if (owes_farewell()) return loop_.last_keeper()->take(*this);
  wake_ = nullptr;
  watcher_ = nullptr;
  reading_ = false;
  if (uv_is_closing(handle()) == 0) uv_close(handle(), [](uv_handle_t* handle) { static_cast<Stream*>(handle->data)->closed(); });
}

void Stream::reset() noexcept {
  // The alert is a break that the server sees, and it says why.
  if (owes_farewell()) return;
  reading_ = false;
  if (error_ == 0) error_ = UV_ECANCELED; // of no more use to whoever holds it still
  if (uv_is_closing(handle()) != 0) return;
  if (ssl_ != nullptr) SSL_set_quiet_shutdown(ssl_, 1);
  const int status = uv_tcp_close_reset(&handle_, [](uv_handle_t* handle) { static_cast<Stream*>(handle->data)->closed(); });
  if (status != 0) uv_close(handle(), [](uv_handle_t* handle) { static_cast<Stream*>(handle->data)->closed(); });
}

void Stream::closed() noexcept {
  give(landing());
  if (ssl_ != nullptr) give(in_);
  return_out();
  loop_.buffers().give(sending_.block);
  delete this;
}

} // namespace ledgergate::io
