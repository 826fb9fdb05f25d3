#include "upstream/resolver.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace ledgergate::upstream {
namespace {
// A name that could not be resolved is not asked for again at once: a dead name server is slow, and needs no flood.
constexpr io::TimeMs kFailureMs = 2000;
} // namespace

Resolver::~Resolver() {
  for (const auto& lookup : lookups_) lookup->forget();
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
    std::erase(entry.waiting, &wake); // it may have been another answer
    if ((happened & io::kExpired) != 0) co_return Error{Cause::dns_timeout};
  }
  if (entry.addresses.empty()) co_return Error{Cause::dns_error};
  co_return entry.addresses;
}

const Addresses* Resolver::known(const std::string& host) const {
  const auto entry = entries_.find(host);
  return entry == entries_.end() ? nullptr : &entry->second.addresses;
}

void Resolver::ask(const std::string& host, Entry& entry) {
  auto lookup = std::make_shared<Lookup>(loop_, host, [this](Lookup& done) { answered(done); });
  lookups_.push_back(lookup);
  if (!Lookup::begin(lookup)) {
    lookups_.pop_back();
    entry.failed = true;
    entry.answered_at = loop_.now();
    return;
  }
  entry.asking = true;
}

void Resolver::answered(Lookup& lookup) {
  std::erase_if(lookups_, [&](const auto& each) { return each.get() == &lookup; });
  Entry& entry = entries_[lookup.host()]; // made by whoever asked
  entry.asking = false;
  entry.failed = !lookup.good();
  // Asked again after the same time, also when it failed: a name server that is down is not flooded.
  entry.answered_at = loop_.now();
  if (!lookup.found().empty()) entry.addresses = std::move(lookup.found());
  std::vector<io::Wake*> waiting;
  waiting.swap(entry.waiting);
  for (io::Wake* wake : waiting) wake->raise(io::kAnswer);
}

} // namespace ledgergate::upstream
