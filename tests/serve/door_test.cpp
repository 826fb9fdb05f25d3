#include "serve/door.h"

#include "../loop_world.h"

#include <gtest/gtest.h>

#include <sys/resource.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ledgergate::tests {
namespace {

// Leaves the process without a free descriptor for as long as it lives.
class NoDescriptors {
public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest_free = ::dup(0);
    ::close(lowest_free);
    rlimit now = before_;
    now.rlim_cur = static_cast<rlim_t>(lowest_free);
    ::setrlimit(RLIMIT_NOFILE, &now);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

private:
  rlimit before_{};
};

struct DoorTest : ::testing::Test, LoopWorld {
  struct Guest {
    std::size_t listener;
    Endpoint peer;
    Socket socket;
  };

  ~DoorTest() override {
    doors.close_all();
    settle();
  }

  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
  }
  static std::uint16_t port_of(int descriptor) {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length);
    return ntohs(address.sin_port);
  }
  // A door, and the port that leads to it.
  std::uint16_t open(std::size_t listener) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const sockaddr_in address = loopback(0);
    EXPECT_EQ(::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(descriptor, 256), 0);
    const std::uint16_t port = port_of(descriptor);
    std::vector<Door*> room;
    room.reserve(doors.all().size() + 1);
    doors.take_room(room);
    EXPECT_TRUE(doors.open(std::make_unique<Door>("door " + std::to_string(listener), listener, descriptor)));
    return port;
  }
  // -1 inside when nobody listens there.
  static Socket call(std::uint16_t port) {
    Socket caller(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(port);
    if (::connect(caller.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return Socket();
    return caller;
  }
  std::vector<Socket> call(std::uint16_t port, int count) {
    std::vector<Socket> callers;
    for (int i = 0; i < count; ++i) callers.push_back(call(port));
    return callers;
  }
  bool open_for_callers(std::size_t index) const {
    return uv_is_active(reinterpret_cast<const uv_handle_t*>(&doors.all()[index]->handle)) != 0;
  }

  // One of what was set aside. Who has been asked before is not asked again.
  Doors::Room make_room(bool again) {
    if (!again) ++questions;
    if (aside.empty()) return others_are_asked ? Doors::Room::soon : Doors::Room::none;
    aside.pop_back();
    return Doors::Room::made;
  }

  std::vector<Guest> guests;
  std::vector<Socket> aside;
  bool others_are_asked = false;
  int questions = 0;
  Doors doors{loop,
              [this](const Door& door, int descriptor, const Endpoint& peer) {
                guests.push_back({door.listener, peer, Socket(descriptor)});
              },
              [this](bool again) { return make_room(again); }};
};

// The loop has no memory for it, say; here what it is to watch is nothing that can be watched, until a socket takes its place.
TEST_F(DoorTest, OneThatCanNotBeWatchedIsTriedAgain) {
  const int descriptor = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  std::vector<Door*> room;
  room.reserve(1);
  doors.take_room(room);
  EXPECT_FALSE(doors.open(std::make_unique<Door>("door", 5, descriptor)));
  ASSERT_EQ(doors.all().size(), 1U) << "it is this worker's all the same";
  const Listening listening;
  ::fcntl(listening.get(), F_SETFL, O_NONBLOCK);
  ASSERT_EQ(::dup3(listening.get(), descriptor, O_CLOEXEC), descriptor);
  const Socket caller = call(listening.port());
  EXPECT_TRUE(until([&] { return guests.size() == 1; }));
  EXPECT_EQ(guests.front().listener, 5U);
}

TEST_F(DoorTest, OneThatCanNotBeWatchedMayBeClosed) {
  std::vector<Door*> room;
  room.reserve(1);
  doors.take_room(room);
  EXPECT_FALSE(doors.open(std::make_unique<Door>("door", 5, ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC))));
  doors.close_all();
  EXPECT_TRUE(doors.all().empty());
}

TEST_F(DoorTest, LetsACallerInWithItsAddress) {
  open(3);
  const std::uint16_t port = open(7);
  const Socket caller = call(port);
  ASSERT_TRUE(until([&] { return !guests.empty(); }));
  EXPECT_EQ(guests[0].listener, 7U);
  EXPECT_EQ(guests[0].peer.text(), "127.0.0.1:" + std::to_string(port_of(caller.get())));
  caller.send("hello");
  EXPECT_TRUE(until([&] { return guests[0].socket.receive() == "hello"; }));
}

TEST_F(DoorTest, LetsAllIn) {
  const auto callers = call(open(0), 200);
  EXPECT_TRUE(until([&] { return guests.size() == callers.size(); }));
}

TEST_F(DoorTest, AFloodAtOneDoesNotKeepTheOthersWaiting) {
  const std::uint16_t busy = open(0), quiet = open(1);
  const auto flood = call(busy, 200);
  const Socket caller = call(quiet);
  uv_run(loop.uv(), UV_RUN_NOWAIT);
  EXPECT_LT(guests.size(), flood.size()) << "not all of the flood in one go";
  EXPECT_TRUE(std::any_of(guests.begin(), guests.end(), [](const Guest& guest) { return guest.listener == 1; }));
}

TEST_F(DoorTest, ClosingTakesInThoseWhoWait) {
  const std::uint16_t port = open(5);
  const auto callers = call(port, 100);
  doors.close(*doors.all().front());
  EXPECT_EQ(guests.size(), callers.size());
  for (const Guest& guest : guests) EXPECT_EQ(guest.listener, 5U);
  EXPECT_TRUE(doors.all().empty());
  settle();
  EXPECT_EQ(call(port).get(), -1);
}

TEST_F(DoorTest, ClosingOneLeavesTheOthersOpen) {
  open(0);
  const std::uint16_t other = open(1);
  doors.close(*doors.all().front());
  const Socket caller = call(other);
  ASSERT_TRUE(until([&] { return !guests.empty(); }));
  EXPECT_EQ(guests[0].listener, 1U);
}

// UBSan looks at an object's memory through a pipe, and takes it for broken when it can't open one.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kNeedsDescriptorsItself = true;
#elif defined(__has_feature)
constexpr bool kNeedsDescriptorsItself = __has_feature(address_sanitizer);
#else
constexpr bool kNeedsDescriptorsItself = false;
#endif

struct FullDoorTest : DoorTest {
  void SetUp() override {
    if (kNeedsDescriptorsItself) GTEST_SKIP() << "in this sanitizer's build";
  }
};

TEST_F(FullDoorTest, WithoutADescriptorOneIsTurnedAwayAndTheOthersWaitTheirTurn) {
  const auto callers = call(open(0), 3);
  {
    const NoDescriptors none;
    ASSERT_TRUE(until([&] {
      bool end = false;
      callers[0].receive(&end);
      return end;
    }));
    EXPECT_FALSE(open_for_callers(0)) << "the loop would spin";
    EXPECT_TRUE(guests.empty());
  }
  ASSERT_TRUE(until([&] { return guests.size() == 2; }));
  EXPECT_TRUE(open_for_callers(0));
}

TEST_F(FullDoorTest, ADoorThatIsOpenedMeanwhileWaitsToo) {
  const auto callers = call(open(0), 2);
  {
    const NoDescriptors none;
    ASSERT_TRUE(until([&] { return !open_for_callers(0); }));
  }
  const std::uint16_t port = open(1);
  EXPECT_FALSE(open_for_callers(1));
  const Socket caller = call(port);
  EXPECT_TRUE(until([&] { return guests.size() == 3; })) << "what was given back meanwhile is enough for all";
}

TEST_F(FullDoorTest, LetsInForWhatIsGivenBackForIt) {
  const auto callers = call(open(0), 2);
  for (int i = 0; i < 2; ++i) aside.emplace_back(::dup(0));
  {
    const NoDescriptors none;
    ASSERT_TRUE(until([&] { return guests.size() == 2; }));
  }
  EXPECT_TRUE(aside.empty());
}

// What is beyond the bound is kept for logs and files.
TEST_F(DoorTest, TurnsAwayWhoWouldTakeOneOfTheLastDescriptors) {
  const auto callers = call(open(0), 2);
  aside.emplace_back(::dup(0));
  loop.set_descriptors({0, 0});
  ASSERT_TRUE(until([&] {
    bool end = false;
    callers[1].receive(&end);
    return end;
  }));
  EXPECT_EQ(guests.size(), 1U) << "room was made for the first";
}

TEST_F(DoorTest, WhoHasTheLastDescriptorWaitsForTheAnswerOfOtherWorkers) {
  const std::uint16_t port = open(4);
  const auto callers = call(port, 2);
  others_are_asked = true;
  loop.set_descriptors({0, 0});
  ASSERT_TRUE(until([&] { return questions == 1 && !open_for_callers(0); }));
  settle();
  EXPECT_TRUE(guests.empty());
  EXPECT_EQ(callers[0].read_error(), EAGAIN) << "neither in nor turned away";
  EXPECT_EQ(questions, 1);
  others_are_asked = false;
  loop.set_descriptors({});
  ASSERT_TRUE(until([&] { return guests.size() == 2; }));
  EXPECT_EQ(guests[0].listener, 4U);
  EXPECT_EQ(guests[0].peer.text(), "127.0.0.1:" + std::to_string(port_of(callers[0].get())));
}

TEST_F(DoorTest, WhoWaitedForNothingIsTurnedAway) {
  const Socket caller = call(open(0));
  others_are_asked = true;
  loop.set_descriptors({0, 0});
  ASSERT_TRUE(until([&] { return questions == 1; }));
  others_are_asked = false;
  ASSERT_TRUE(until([&] {
    bool end = false;
    caller.receive(&end);
    return end;
  }));
  EXPECT_TRUE(guests.empty());
}

TEST_F(DoorTest, WhoWaitsForADescriptorIsLetInWhenItsDoorCloses) {
  const auto callers = call(open(0), 2);
  others_are_asked = true;
  loop.set_descriptors({0, 0});
  ASSERT_TRUE(until([&] { return questions == 1; }));
  loop.set_descriptors({});
  doors.close_all();
  EXPECT_EQ(guests.size(), 2U);
}

TEST_F(FullDoorTest, WithoutADescriptorNobodyIsTurnedAwayBeforeOtherWorkersHaveAnswered) {
  const auto callers = call(open(0), 2);
  others_are_asked = true;
  {
    const NoDescriptors none;
    ASSERT_TRUE(until([&] { return questions == 1; }));
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(until([&] { return open_for_callers(0); }));
      ASSERT_TRUE(until([&] { return !open_for_callers(0); }));
    }
    EXPECT_EQ(questions, 1);
  }
  EXPECT_TRUE(until([&] { return guests.size() == 2; }));
}

TEST_F(DoorTest, LetsInOnTheFilesAccountWhileOtherWorkersAreAsked) {
  const Socket caller = call(open(0));
  loop.set_descriptors({0, 10'000});
  ASSERT_TRUE(until([&] { return !guests.empty(); }));
}

TEST_F(FullDoorTest, MayBeClosedWhileItWaitsForDescriptors) {
  const auto callers = call(open(0), 2);
  {
    const NoDescriptors none;
    ASSERT_TRUE(until([&] { return !open_for_callers(0); }));
    doors.close_all();
  }
  EXPECT_TRUE(doors.all().empty());
  EXPECT_TRUE(until([&] { return callers[1].read_error() != EAGAIN; })) << "reset, not left without an answer";
}

} // namespace
} // namespace ledgergate::tests
