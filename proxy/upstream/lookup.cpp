#include "upstream/lookup.h"

#include <netdb.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <new>
#include <utility>

namespace ledgergate::upstream {
namespace {
// Address space, of which a lookup touches some tens of KiB; what glibc loads to look names up (nsswitch.conf) may want more.
constexpr std::size_t kStack = std::size_t{1} << 20U;
} // namespace

Lookup::Lookup(io::Loop& loop, std::string host, Told told) : host_(std::move(host)), told_(std::move(told)), loop_(&loop) {}

bool Lookup::begin(const std::shared_ptr<Lookup>& lookup) noexcept {
  pthread_attr_t how{};
  if (pthread_attr_init(&how) != 0) return false;
  pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&how, kStack);
  lookup->asking_ = lookup;
  pthread_t thread{};
  const int failure = pthread_create(&thread, &how, run, lookup.get());
  pthread_attr_destroy(&how);
  if (failure != 0) lookup->asking_.reset();
  return failure == 0;
}

void* Lookup::run(void* raw) noexcept {
  const std::shared_ptr<Lookup> self = std::move(static_cast<Lookup*>(raw)->asking_);
  self->ask();
  const std::lock_guard guard(self->lock_);
  if (self->loop_ != nullptr) self->loop_->send(self);
  return nullptr;
}

void Lookup::ask() noexcept {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host_.c_str(), nullptr, &hints, &list) != 0) return;
  try {
    for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
      const auto ip = IpAddress::from(each->ai_addr);
      if (ip && std::find(found_.begin(), found_.end(), *ip) == found_.end()) found_.push_back(*ip);
    }
    good_ = true;
  } catch (const std::bad_alloc&) {
    found_.clear(); // as if it had failed
  }
  ::freeaddrinfo(list);
}

void Lookup::forget() noexcept {
  told_ = nullptr;
  const std::lock_guard guard(lock_);
  loop_ = nullptr;
}

void Lookup::arrive() noexcept {
  if (told_) told_(*this);
}

} // namespace ledgergate::upstream
