#include "upstream/address_lines.h"

#include <algorithm>
#include <limits>

namespace ledgergate::upstream {
namespace {

// Behind all units: a request takes its unit's places at an address before those of all.
const std::string kAll = "\x7f";

// A name service that gives other addresses each time is believed in the end, or nobody would ever be served.
constexpr int kMostRounds = 3;

constexpr std::size_t kMany = 256; // lines; from there on those that nobody is in are looked for

io::TimeMs left(const io::Wake& wake, io::TimeMs until) { return until - std::min(until, wake.loop().now()); }

} // namespace

std::shared_ptr<Turns> AddressLines::line(const Key& key, std::uint32_t places) {
  Entry& entry = lines_[key];
  auto line = entry.line.lock();
  TurnQueue::Bounds bounds;
  bounds.places = places;
  bounds.depth = bounds.depth_per_client = std::numeric_limits<std::uint32_t>::max(); // who waits here has waited in line
  if (line == nullptr) {
    line = std::make_shared<Turns>(bounds);
    entry.line = line;
  } else if (places < line->places() || (entry.epoch != epoch_ && places != line->places())) {
    line->set_bounds(bounds);
  }
  entry.epoch = epoch_;
  return line;
}

std::vector<std::shared_ptr<Turns>> AddressLines::lines(const Addresses& addresses, std::uint16_t port, const Part& part) {
  Addresses sorted = addresses;
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::shared_ptr<Turns>> out;
  out.reserve(2 * sorted.size());
  const std::lock_guard guard(lock_);
  if (lines_.size() >= kMany) forget();
  for (const IpAddress& ip : sorted) {
    const Endpoint endpoint{ip, port};
    if (part.units) out.push_back(line({endpoint, part.unit}, part.places));
    out.push_back(line({endpoint, kAll}, part.all));
  }
  return out;
}

void AddressLines::renew() noexcept {
  const std::lock_guard guard(lock_);
  ++epoch_;
  forget();
}

void AddressLines::forget() noexcept {
  std::erase_if(lines_, [](const auto& each) { return each.second.line.expired(); });
}

std::size_t AddressLines::size() const {
  const std::lock_guard guard(lock_);
  return lines_.size();
}

io::Task<Result<Addresses>> take_addresses(io::Wake& wake, Resolver& resolver, AddressLines& lines, const settings::Server& server,
                                           const AddressLines::Part& part, const Applicant& applicant, io::TimeMs until,
                                           Turns::Watch& watch, Turn& turn) {
  const auto fresh_for = static_cast<io::TimeMs>(server.resolve_every.count());
  const auto connecting = static_cast<io::TimeMs>(server.timeouts.connect.count());
  wake.deadline_in(connecting);
  auto addresses = co_await resolver.resolve(wake, server.host, fresh_for);
  for (int round = 1; addresses; ++round) {
    const auto taken = std::make_shared<std::vector<Turn>>();
    const auto places = lines.lines(*addresses, server.port, part);
    taken->reserve(places.size());
    for (const auto& line : places) {
      const io::TimeMs patience = left(wake, until);
      auto granted = co_await line->wait(wake, applicant, patience, watch);
      if (!granted) co_return granted.error();
      taken->push_back(std::move(*granted));
    }
    // Who has waited long goes where the name leads by now.
    wake.deadline_in(connecting);
    auto now = co_await resolver.resolve(wake, server.host, fresh_for);
    const bool moved = now && !std::is_permutation(now->begin(), now->end(), addresses->begin(), addresses->end());
    if (!moved || round == kMostRounds) {
      turn.keep(taken);
      co_return std::move(addresses);
    }
    addresses = std::move(now);
  }
  co_return addresses.error();
}

} // namespace ledgergate::upstream
