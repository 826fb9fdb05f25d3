// A listening socket on one worker's loop. Accepting is ours, not libuv's: out of descriptors, libuv 1.44 spins when several
// threads share the descriptor table.
#pragma once

#include "base/address.h"
#include "io/deadline.h"
#include "io/loop.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ledgergate {

class Doors;

// Made anywhere; from its opening on the loop's, and freed in its close callback. Its descriptor (listening, non-blocking) is
// closed with it.
struct Door {
  Door(std::string its_key, std::size_t its_listener, int its_descriptor) noexcept
      : descriptor(its_descriptor), key(std::move(its_key)), listener(its_listener) {}
  ~Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  uv_poll_t handle{};
  Doors* owner = nullptr;
  int descriptor;
  std::string key;      // what makes it the same door across reloads, see door_key()
  std::size_t listener; // index in the current snapshot
};

// All doors of one worker. Loop thread only.
class Doors final : private io::Deadline {
public:
  // Takes the accepted descriptor over.
  using Welcome = std::function<void(const Door& door, int descriptor, const Endpoint& peer)>;

  // Asked when there is no descriptor for a caller, `again` when it was asked for this one before: others are not asked twice then.
  enum class Room : std::uint8_t { made, soon, none }; // one is free now; others were asked and have not answered; nobody has any
  using MakeRoom = std::function<Room(bool again)>;

  Doors(io::Loop& loop, Welcome welcome, MakeRoom make_room);
  ~Doors() override;
  Doors(const Doors&) = delete;
  Doors& operator=(const Doors&) = delete;

  // Gives the list of doors the room of `room`, so that open() needs no memory for as many doors in all.
  void take_room(std::vector<Door*>& room) noexcept;
  // There is room for it. False: the loop can't watch it yet, and tries again; who comes waits in the kernel's queue.
  bool open(std::unique_ptr<Door> made) noexcept;
  // What the kernel has already accepted for us would be reset by the close: it is taken in first.
  void close(Door& door) noexcept;
  void close_all() noexcept;
  [[nodiscard]] const std::vector<Door*>& all() const noexcept { return doors_; }

private:
  io::Loop& loop_;
  Welcome welcome_;
  MakeRoom make_room_;
  std::vector<Door*> doors_;
  int spare_ = -1; // given up for a moment to take in, and turn away, a caller there is no descriptor for
  bool paused_ = false;
  bool short_ = false; // there was no descriptor for the caller before
  // One who has the last descriptor and waits for what others give back; the doors are paused meanwhile.
  struct Held {
    const Door* door = nullptr;
    int descriptor = -1;
    Endpoint peer;
  } held_;

  enum class Took : std::uint8_t { one, none, held, no_room };
  Took take_one(const Door& door);
  void take(const Door& door);
  Took take_last(const Door& door, int caller, const Endpoint& peer);
  void let_held_in();
  void turn_away(const Door& door);
  void watch(Door& door);
  bool begin_to_watch(Door& door) noexcept;
  void pause(io::TimeMs wait);
  void expired() noexcept override;
};

} // namespace ledgergate
