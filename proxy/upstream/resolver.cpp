#include "upstream/resolver.h"

#include <netdb.h>

#include <algorithm>
#include <memory>
#include <new>

namespace ledgergate::upstream {
namespace {
// A name that could not be resolved is not asked for again at once: the thread pool is small, and a dead name server slow.
constexpr io::TimeMs kFailureMs = 2000;
} // namespace

struct Resolver::Query {
  uv_getaddrinfo_t request{};
  Resolver* owner = nullptr; // null: the resolver is gone
  std::string host;
};

Resolver::~Resolver() {
  for (Query* query : queries_) {
    query->owner = nullptr;
    uv_cancel(reinterpret_cast<uv_req_t*>(&query->request));
  }
}

io::Task<Result<Addresses>> Resolver::resolve(io::Wake& wake, const std::string& host, io::TimeMs fresh_for) {
  if (const auto literal = IpAddress::parse(host)) co_return Addresses{*literal};

  Entry& entry = entries_[host]; // references into an unordered_map stay good
  const bool fresh = !entry.addresses.empty() && loop_.now() - entry.answered_at < fresh_for;
  const bool failed_lately = entry.failed && loop_.now() - entry.answered_at < kFailureMs;
  if (!fresh && !entry.asking && !failed_lately) ask(host, entry);
  if (!entry.addresses.empty()) co_return entry.addresses;

  while (entry.asking) {
    entry.waiting.push_back(&wake);
    const auto happened = co_await wake.wait(io::kAnswer);
    if ((happened & io::kExpired) != 0) {
      std::erase(entry.waiting, &wake);
      co_return Error{Cause::dns_timeout};
    }
  }
  if (entry.addresses.empty()) co_return Error{Cause::dns_error};
  co_return entry.addresses;
}

void Resolver::ask(const std::string& host, Entry& entry) {
  queries_.reserve(queries_.size() + 1); // what libuv has begun must be known
  auto query = std::make_unique<Query>();
  query->owner = this;
  query->host = host;
  query->request.data = query.get();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  const int status = uv_getaddrinfo(
      loop_.uv(), &query->request,
      [](uv_getaddrinfo_t* request, int result, addrinfo* list) {
        const std::unique_ptr<Query> done(static_cast<Query*>(request->data));
        if (done->owner != nullptr) done->owner->answered(*done, result, list);
        uv_freeaddrinfo(list);
      },
      query->host.c_str(), nullptr, &hints);
  if (status != 0) {
    entry.failed = true;
    entry.answered_at = loop_.now();
    return;
  }
  queries_.push_back(query.release());
  entry.asking = true;
}

void Resolver::answered(Query& query, int status, const addrinfo* list) {
  std::erase(queries_, &query);
  Entry& entry = entries_[query.host];
  entry.asking = false;
  entry.failed = status != 0;
  Addresses found;
  try {
    for (; status == 0 && list != nullptr; list = list->ai_next) {
      const auto ip = IpAddress::from(list->ai_addr);
      if (ip && std::find(found.begin(), found.end(), *ip) == found.end()) found.push_back(*ip);
    }
  } catch (const std::bad_alloc&) {
    found.clear(); // this is libuv's callback: nothing may be thrown through it
  }
  // Asked again after the same time, also when it failed: a name server that is down is not flooded.
  entry.answered_at = loop_.now();
  if (!found.empty()) entry.addresses = std::move(found);
  std::vector<io::Wake*> waiting;
  waiting.swap(entry.waiting);
  for (io::Wake* wake : waiting) wake->raise(io::kAnswer);
}

} // namespace ledgergate::upstream
