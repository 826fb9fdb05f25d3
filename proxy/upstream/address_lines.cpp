#include "upstream/address_lines.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace ledgergate::upstream {
namespace {

// Behind all units: a request takes its unit's places at an address before those of all.
const std::string kAll = "\x7f";

// A name service that gives other addresses each time is believed in the end, or nobody would ever be served.
constexpr int kMostRounds = 3;

constexpr std::size_t kMany = 256; // lines; from there on those that nobody is in are looked for

TurnQueue::Bounds bounds_of(std::uint32_t places) noexcept {
  TurnQueue::Bounds bounds;
  bounds.places = places;
  bounds.depth = bounds.depth_per_client = std::numeric_limits<std::uint32_t>::max(); // who waits here has waited in line
  return bounds;
}

// Linux connects to this machine where no address is named.
IpAddress reached_by(IpAddress ip) noexcept {
  if (!ip.unspecified()) return ip;
  ip.bytes[0] = ip.v6 ? 0 : 127;
  ip.bytes[ip.v6 ? 15 : 3] = 1;
  return ip;
}

io::TimeMs left(const io::Wake& wake, io::TimeMs until) { return until - std::min(until, wake.loop().now()); }

} // namespace

std::shared_ptr<Turns> AddressLines::line(const Key& key, std::uint32_t places, const std::shared_ptr<ServerTurns>& name) {
  Entry& entry = lines_[key];
  auto line = entry.line.lock();
  if (line == nullptr) entry.line = line = std::make_shared<Turns>(bounds_of(places));
  const bool first = entry.epoch != epoch_;
  const bool known = std::any_of(entry.names.begin(), entry.names.end(), [&](const auto& each) { return each.lock() == name; });
  if (!known) entry.names.emplace_back(name);
  if (first) entry.names.assign(1, name); // has room for it
  entry.epoch = epoch_;
  if (places < line->places() || (first && places != line->places())) line->set_bounds(bounds_of(places));
  return line;
}

std::vector<std::shared_ptr<Turns>> AddressLines::lines(const Addresses& addresses, std::uint16_t port,
                                                        const std::shared_ptr<ServerTurns>& turns, std::string_view unit) {
  Addresses sorted = addresses;
  std::transform(sorted.begin(), sorted.end(), sorted.begin(), reached_by);
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::vector<std::shared_ptr<Turns>> out;
  out.reserve(2 * sorted.size());
  const std::lock_guard guard(lock_);
  const ServerTurns::Part part = turns->part(unit);
  if (lines_.size() >= kMany) forget();
  for (const IpAddress& ip : sorted) {
    const Endpoint endpoint{ip, port};
    if (part.units) out.push_back(line({endpoint, part.unit}, part.places.each, turns));
    out.push_back(line({endpoint, kAll}, part.places.all, turns));
  }
  return out;
}

void AddressLines::renew() noexcept {
  const std::lock_guard guard(lock_);
  ++epoch_;
  forget();
  for (const auto& [key, entry] : lines_) {
    const auto line = entry.line.lock();
    std::optional<std::uint32_t> fewest;
    for (const auto& each : entry.names) {
      const auto name = each.lock();
      if (name == nullptr) continue;
      const ServerTurns::Places places = name->each_and_all();
      const std::uint32_t brings = key.second == kAll ? places.all : places.each;
      fewest = std::min(brings, fewest.value_or(brings));
    }
    if (line != nullptr && fewest && *fewest != line->places()) line->set_bounds(bounds_of(*fewest));
  }
}

void AddressLines::forget() noexcept {
  std::erase_if(lines_, [](const auto& each) { return each.second.line.expired(); });
}

std::size_t AddressLines::size() const {
  const std::lock_guard guard(lock_);
  return lines_.size();
}

io::Task<Result<Addresses>> take_addresses(io::Wake& wake, Resolver& resolver, AddressLines& lines, const Destination& destination,
                                           const Applicant& applicant, io::TimeMs until, Turns::Watch& watch, Turn& turn) {
  const settings::Server& server = destination.server;
  const auto fresh_for = static_cast<io::TimeMs>(server.resolve_every.count());
  const auto connecting = static_cast<io::TimeMs>(server.timeouts.connect.count());
  wake.deadline_in(connecting);
  auto addresses = co_await resolver.resolve(wake, server.host, fresh_for);
  for (int round = 1; addresses; ++round) {
    const auto taken = std::make_shared<std::vector<Turn>>();
    const auto places = lines.lines(*addresses, server.port, destination.turns, destination.unit);
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
