#include "serve/door.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <new>
#include <utility>

namespace ledgergate {
namespace {

constexpr int kAtOnce = 64;          // accepted in one go, so that a flood of callers does not starve those inside
constexpr int kLastCall = 4096;      // taken in before a door closes: as many as its queue holds; a flood must not keep it open
constexpr io::TimeMs kPauseMs = 100; // out of descriptors: looked at again then
constexpr io::TimeMs kRoomMs = 10;   // other workers were asked to make room

Endpoint endpoint_of(const sockaddr_storage& address) {
  const auto ip = IpAddress::from(reinterpret_cast<const sockaddr*>(&address));
  if (!ip) return {};
  const in_port_t port = address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                                       : reinterpret_cast<const sockaddr_in&>(address).sin_port;
  return {*ip, ntohs(port)};
}

// libuv leaves the handle of a door that it can't watch as it was.
bool is_watched(const Door& door) noexcept { return door.handle.loop != nullptr; }

} // namespace

Door::~Door() {
  if (descriptor >= 0) ::close(descriptor);
}

Doors::Doors(io::Loop& loop, Welcome welcome, MakeRoom make_room)
    : loop_(loop), welcome_(std::move(welcome)), make_room_(std::move(make_room)),
      spare_(::open("/dev/null", O_RDONLY | O_CLOEXEC)) {}

Doors::~Doors() {
  if (spare_ >= 0) ::close(spare_);
  if (held_.descriptor >= 0) ::close(held_.descriptor);
}

void Doors::take_room(std::vector<Door*>& room) noexcept {
  if (room.capacity() <= doors_.capacity()) return;
  room.assign(doors_.begin(), doors_.end());
  room.swap(doors_);
}

bool Doors::open(std::unique_ptr<Door> made) noexcept {
  Door* const door = made.release();
  door->owner = this;
  doors_.push_back(door);
  const bool now = begin_to_watch(*door);
  if (!paused_) watch(*door);
  return now;
}

bool Doors::begin_to_watch(Door& door) noexcept {
  if (is_watched(door)) return true;
  if (uv_poll_init(loop_.uv(), &door.handle, door.descriptor) != 0) return false;
  door.handle.data = &door;
  return true;
}

void Doors::watch(Door& door) {
  if (!begin_to_watch(door)) return loop_.set_deadline(*this, loop_.now() + kPauseMs);
  uv_poll_start(&door.handle, UV_READABLE, [](uv_poll_t* handle, int, int) {
    const auto* ready = static_cast<const Door*>(handle->data);
    ready->owner->take(*ready);
  });
}

Doors::Took Doors::take_one(const Door& door) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  const int caller = ::accept4(door.descriptor, reinterpret_cast<sockaddr*>(&address), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (caller >= 0) {
    if (caller >= loop_.descriptors().sockets) return take_last(door, caller, endpoint_of(address));
    welcome_(door, caller, endpoint_of(address));
    return Took::one;
  }
  switch (errno) {
  case EMFILE:
  case ENFILE:
  case ENOBUFS:
  case ENOMEM: return Took::no_room;
  case ECONNABORTED: // it left before it was let in
  case EINTR: return Took::one;
  default: return Took::none;
  }
}

// One of the last descriptors, which are kept for files and logs. Other workers may be about to give some back: so the first few
// come in on the files' account, and the one after them waits for the answer.
Doors::Took Doors::take_last(const Door& door, int caller, const Endpoint& peer) {
  const Room room = make_room_(false);
  if (room == Room::made || caller < loop_.descriptors().files) {
    welcome_(door, caller, peer);
    return Took::one;
  }
  if (room == Room::soon && held_.descriptor < 0) {
    held_ = {&door, caller, peer};
    return Took::held;
  }
  ::close(caller);
  return Took::one;
}

// With a number that tells how many are in use now.
void Doors::let_held_in() {
  const Held held = std::exchange(held_, {});
  const int caller = ::fcntl(held.descriptor, F_DUPFD_CLOEXEC, 0);
  ::close(held.descriptor);
  if (caller < 0) return;
  if (caller < loop_.descriptors().files)
    welcome_(*held.door, caller, held.peer);
  else
    ::close(caller);
}

void Doors::take(const Door& door) {
  for (int i = 0; i < kAtOnce; ++i) {
    Took took = take_one(door);
    if (took == Took::held) return pause(kRoomMs);
    if (took == Took::no_room) {
      const bool again = std::exchange(short_, true);
      const Room room = make_room_(again);
      if (room == Room::made) took = take_one(door);
      if (took == Took::no_room) {
        if (!again || room == Room::soon) return pause(kRoomMs);
        turn_away(door);
        short_ = false;
        return pause(kPauseMs);
      }
      if (took == Took::held) return pause(kRoomMs);
    }
    short_ = false; // also when another worker took the caller
    if (took == Took::none) return;
  }
}

void Doors::turn_away(const Door& door) {
  if (spare_ >= 0) ::close(spare_);
  const int caller = ::accept4(door.descriptor, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (caller >= 0) ::close(caller);
  spare_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void Doors::pause(io::TimeMs wait) {
  paused_ = true;
  for (Door* door : doors_)
    if (is_watched(*door)) uv_poll_stop(&door->handle);
  loop_.set_deadline(*this, loop_.now() + wait);
}

void Doors::expired() noexcept {
  if (held_.descriptor >= 0) {
    if (make_room_(true) == Room::soon) return pause(kRoomMs);
    let_held_in();
  }
  paused_ = false;
  for (Door* door : doors_) watch(*door);
}

void Doors::close(Door& door) noexcept {
  std::erase(doors_, &door);
  if (held_.door == &door) let_held_in();
  for (int i = 0; i < kLastCall; ++i) {
    const Took took = take_one(door);
    if (took == Took::held) let_held_in();
    if (took == Took::none || took == Took::no_room) break;
  }
  if (!is_watched(door)) {
    delete &door;
    return;
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&door.handle), [](uv_handle_t* handle) { delete static_cast<Door*>(handle->data); });
  ::close(std::exchange(door.descriptor, -1)); // at once, no longer watched: the port is free for whoever wants it next
}

void Doors::close_all() noexcept {
  while (!doors_.empty()) close(*doors_.back());
}

} // namespace ledgergate
