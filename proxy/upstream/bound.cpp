#include "upstream/bound.h"

#include <algorithm>
#include <new>
#include <utility>

namespace ledgergate::upstream {
namespace {

settings::Server of_one(settings::Server server) {
  server.keep_idle = 1; // what the settings say is about pools: without its connection a login is lost
  return server;
}

} // namespace

Bound::Own::Own(io::Loop& loop, const settings::Server& server, Relief* relief, std::string_view name)
    : client(name), pool(loop, of_one(server), nullptr, relief, Pool::Use::by_one_caller) {}

bool Bound::same_place(const settings::Server& a, const settings::Server& b) noexcept {
  return a.https == b.https && a.port == b.port && a.host == b.host && a.tls == b.tls;
}

Bound::Own* Bound::find(const settings::Server& server, std::string_view client) const noexcept {
  const auto found = std::find_if(own_.begin(), own_.end(), [&](const auto& each) {
    return each->client == client && same_place(each->pool.server(), server);
  });
  return found == own_.end() ? nullptr : found->get();
}

io::Stream::Ptr Bound::take(const settings::Server& server, std::string_view client) noexcept {
  Own* const own = find(server, client);
  return own != nullptr ? own->pool.take() : io::Stream::Ptr();
}

void Bound::put(io::Loop& loop, const Pool& pool, std::string_view client, io::Stream::Ptr stream, io::TimeMs until) noexcept {
  try {
    Own* own = find(pool.server(), client);
    if (own == nullptr) {
      std::erase_if(own_, [](const auto& each) { return each->pool.idle() == 0; });
      if (own_.size() >= kMost) own_.erase(own_.begin());
      own = own_.emplace_back(std::make_unique<Own>(loop, pool.server(), pool.relief(), client)).get();
    }
    own->pool.put(std::move(stream), until);
  } catch (const std::bad_alloc&) {
    // The caller logs in anew.
  }
}

} // namespace ledgergate::upstream
