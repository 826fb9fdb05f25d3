// Stream: connecting.
#include "io/stream.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>

namespace ledgergate::io {

// libuv would open it inside uv_tcp_connect(), when it is too late to give it back before the server sees it.
int Stream::open_socket(int family) noexcept {
  const int descriptor = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -errno;
  const int status = descriptor < loop_.descriptors().sockets ? uv_tcp_open(&handle_, descriptor) : static_cast<int>(UV_EMFILE);
  if (status != 0) ::close(descriptor);
  return status;
}

Stream::Ptr Stream::connect(Loop& loop, const Endpoint& to) {
  Ptr self(new Stream(loop));
  sockaddr_storage address{};
  const std::string ip = to.ip.text();
  if (to.ip.v6)
    uv_ip6_addr(ip.c_str(), to.port, reinterpret_cast<sockaddr_in6*>(&address));
  else
    uv_ip4_addr(ip.c_str(), to.port, reinterpret_cast<sockaddr_in*>(&address));
  if (const int failure = self->open_socket(address.ss_family); failure != 0) {
    self->error_ = failure;
    return self;
  }
  self->connect_request_ = std::make_unique<uv_connect_t>();
  self->connect_request_->data = self.get();
  self->connecting_ = true;
  const int status = uv_tcp_connect(self->connect_request_.get(), &self->handle_, reinterpret_cast<const sockaddr*>(&address),
                                    [](uv_connect_t* request, int result) {
                                      auto* stream = static_cast<Stream*>(request->data);
                                      stream->connecting_ = false;
                                      if (result == UV_ECANCELED) return; // released while connecting
                                      if (result == 0) {
                                        uv_tcp_nodelay(&stream->handle_, 1);
                                        stream->start_reading();
                                      } else {
                                        stream->error_ = result;
                                      }
                                      stream->notify_out();
                                    });
  if (status != 0) {
    self->connecting_ = false;
    self->error_ = status;
  }
  return self;
}

} // namespace ledgergate::io
