#include "name_service.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>

namespace ledgergate::upstream::tests {
namespace {

struct World {
  std::mutex lock;
  std::condition_variable changed;
  std::map<std::string, std::vector<std::string>> names;
  std::map<std::string, int> asked;
  std::set<std::string> held_names;
  bool held = false;
  int asking = 0;
};
// Never destroyed: a query that was given up may end when the process does.
World& world() {
  static auto* const made = new World;
  return *made;
}

addrinfo* entry(const std::string& text, addrinfo* next) {
  auto* made = static_cast<addrinfo*>(std::calloc(1, sizeof(addrinfo) + sizeof(sockaddr_in6)));
  made->ai_addr = reinterpret_cast<sockaddr*>(made + 1);
  made->ai_next = next;
  made->ai_socktype = SOCK_STREAM;
  auto* four = reinterpret_cast<sockaddr_in*>(made->ai_addr);
  auto* six = reinterpret_cast<sockaddr_in6*>(made->ai_addr);
  if (::inet_pton(AF_INET, text.c_str(), &four->sin_addr) == 1) {
    made->ai_family = made->ai_addr->sa_family = AF_INET;
    made->ai_addrlen = sizeof *four;
  } else {
    ::inet_pton(AF_INET6, text.c_str(), &six->sin6_addr);
    made->ai_family = made->ai_addr->sa_family = AF_INET6;
    made->ai_addrlen = sizeof *six;
  }
  return made;
}

} // namespace

void NameService::says(const std::string& host, std::vector<std::string> addresses) {
  const std::lock_guard guard(world().lock);
  world().names[host] = std::move(addresses);
}
void NameService::hold() {
  const std::lock_guard guard(world().lock);
  world().held = true;
}
void NameService::hold(const std::string& host) {
  const std::lock_guard guard(world().lock);
  world().held_names.insert(host);
}
void NameService::release() {
  const std::lock_guard guard(world().lock);
  world().held = false;
  world().held_names.clear();
  world().changed.notify_all();
}
int NameService::asked(const std::string& host) {
  const std::lock_guard guard(world().lock);
  return world().asked[host];
}
void NameService::forget() {
  release();
  std::unique_lock guard(world().lock);
  world().changed.wait(guard, [] { return world().asking == 0; });
  world().names.clear();
  world().asked.clear();
}

} // namespace ledgergate::upstream::tests

extern "C" int getaddrinfo(const char* host, const char*, const addrinfo*, addrinfo** list) {
  auto& world = ledgergate::upstream::tests::world();
  std::unique_lock guard(world.lock);
  ++world.asked[host];
  ++world.asking;
  world.changed.wait(guard, [&] { return !world.held && !world.held_names.contains(host); });
  --world.asking;
  world.changed.notify_all();
  const auto found = world.names.find(host);
  if (found == world.names.end() || found->second.empty()) return EAI_AGAIN;
  *list = nullptr;
  for (auto each = found->second.rbegin(); each != found->second.rend(); ++each)
    *list = ledgergate::upstream::tests::entry(*each, *list);
  return 0;
}

extern "C" void freeaddrinfo(addrinfo* list) {
  while (list != nullptr) {
    addrinfo* next = list->ai_next;
    std::free(list);
    list = next;
  }
}
