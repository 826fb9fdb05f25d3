#include "serve/watch_health.h"

#include "http/reply_reader.h"
#include "inspect/status.h"
#include "observe/log_ring.h"
#include "profile/endpoints.h"
#include "profile/questions.h"
#include "request/ask_status.h"
#include "request/place.h"
#include "state/background.h"
#include "upstream/connect.h"
#include "upstream/health.h"
#include "upstream/hours.h"
#include "upstream/probe.h"

#include <algorithm>
#include <ctime>
#include <new>
#include <random>
#include <string>
#include <utility>

namespace ledgergate {
namespace {

using settings::Profile;
using upstream::Micros;

constexpr io::TimeMs kCompanyEveryMs = 60'000;
constexpr io::TimeMs kAgainMs = 1'000;
constexpr io::TimeMs kLongestSleepMs = 3600'000; // the clock on the wall may be set while nobody looks

// Edges that start together must not ask together.
std::uint32_t seed() {
  std::uint32_t out = 1;
  uv_random(nullptr, nullptr, &out, sizeof out, 0, nullptr); // if that fails they do
  return out;
}

// What a story about one server has at hand.
struct Watched {
  Watched(Services& its_services, std::shared_ptr<const Generation> its_generation, std::size_t its_index, HealthWatch& watch)
      : services(its_services), generation(std::move(its_generation)), index(its_index), wake(its_services.loop()),
        counted(its_services, wake), entry(watch, wake), server(generation->settings().servers[index]),
        health(*generation->snapshot->health[index]), pool(generation->pool(index)), chance(seed()) {}

  Services& services;
  std::shared_ptr<const Generation> generation;
  std::size_t index;
  io::Wake wake;
  Background counted;
  HealthWatch::Entry entry;
  const settings::Server& server;
  upstream::Health& health;
  upstream::Pool& pool;
  std::minstd_rand chance;

  // Over: the settings it asks for are not in use any more, or the process ends.
  [[nodiscard]] bool over() const { return entry.retired() || wake.halted(); }
  [[nodiscard]] io::TimeMs now() const { return wake.loop().now(); }
  [[nodiscard]] io::TimeMs in(io::TimeMs wait) {
    return now() + static_cast<io::TimeMs>(upstream::with_jitter(static_cast<Micros>(wait), chance()));
  }
  // When it opens, if it is closed now; nothing is asked of a server that is meant to be away.
  [[nodiscard]] io::TimeMs closed_until() const {
    const auto wait = static_cast<io::TimeMs>(upstream::seconds_until_open(server.hours, std::time(nullptr))) * 1000;
    return wait == 0 ? 0 : now() + std::min(wait, kLongestSleepMs);
  }
  [[nodiscard]] std::string_view credentials() const {
    const auto& own = generation->snapshot->server_credentials[index];
    return own ? own->value() : std::string_view{};
  }
};

// The edge stands in line like a client.
upstream::Applicant applicant() { return {"the edge itself", 0, settings::TurnClass::high}; }

class LeavesWhenRetired final : public upstream::Turns::Watch {
public:
  explicit LeavesWhenRetired(const HealthWatch::Entry& entry) : entry_(entry) {}
  bool gone() override { return entry_.retired(); }

private:
  const HealthWatch::Entry& entry_;
};

// What is asked over HTTP; empty: a connection, with its TLS, is enough.
upstream::Question question_for(const Watched& w) {
  upstream::Question question;
  question.patience = ms(w.server.health.timeout);
  if (w.server.profile == Profile::apicomprem && !w.credentials().empty()) {
    question.bytes = profile::version_question(w.server, w.credentials());
    question.method = http::Method::post;
  } else if (!w.server.health.path.empty()) {
    question.bytes = profile::path_question(w.server);
  }
  return question;
}

// The question's connection and its place, once nothing more is wanted of them.
void leave(Watched& w, io::Stream::Ptr stream, Place& place, bool answered) {
  if (!stream) return;
  if (!place.held()) {
    part_from(w.services, std::move(stream));
  } else if (answered || w.wake.halted()) {
    place.give_on(std::move(stream));
  } else {
    place.hold(std::move(stream), http::ReplyReader(http::Method::get, w.generation->settings().limits.reply_head), false, "");
  }
}

// mServer's own word, which it gives at any time, and which goes to those who wait for it, too (put_question() tells `health`).
io::Task<void> ask_mserver(Watched& w) {
  upstream::StatusBoard::Seat seat(w.wake);
  auto known = ask_status(w.services, *w.generation, w.index, seat, 0);
  w.wake.deadline_in(ms(w.server.health.timeout));
  while (!known) {
    const auto happened = co_await w.wake.wait(io::kAnswer | io::kDrain);
    known = seat.take();
    if (known || w.over()) co_return; // the question is a story of its own
    if ((happened & io::kExpired) == 0) continue;
    w.health.unanswered(describe(Cause::reply_timeout).name);
    co_return;
  }
}

std::string_view unit_to_ask(const Watched& w) { return w.server.units.empty() ? std::string_view{} : w.server.units.front(); }

// The places of a request for the unit that is asked about, if all of them are free and nobody waits for them. `passing`: where
// there is no bound.
bool take_free(Watched& w, upstream::Turn& turn, upstream::Turn& passing) {
  upstream::ServerTurns& turns = *w.generation->snapshot->turns[w.index];
  const std::string_view unit = unit_to_ask(w);
  passing = turns.beside(unit);
  if (passing.held()) return true;
  auto free = turns.take_free(unit, applicant());
  if (free) turn = std::move(*free);
  return free.has_value();
}

// None where there is no bound.
Place place_of(Watched& w, upstream::Turn turn) {
  return turn.held() ? Place(w.services, w.generation, w.index, std::move(turn)) : Place();
}

// In a turn: the places at the server's addresses.
io::Task<Result<void>> take_addresses(Watched& w, upstream::Turn& turn, std::string_view unit, io::TimeMs patience,
                                      upstream::Addresses& addresses) {
  if (!turn.held()) co_return Result<void>{};
  LeavesWhenRetired watch(w.entry);
  const upstream::Applicant edge = applicant();
  const upstream::Destination destination{w.server, w.generation->snapshot->turns[w.index], unit};
  const io::TimeMs until = w.now() + patience;
  auto taken = co_await upstream::take_addresses(w.wake, w.services.resolver(), w.services.shared().addresses_of_servers,
                                                 destination, edge, until, watch, turn);
  if (!taken) co_return taken.error();
  addresses = std::move(*taken);
  co_return Result<void>{};
}

io::Task<void> ask_other(Watched& w) {
  upstream::Turn turn, passing;
  if (!take_free(w, turn, passing)) co_return; // at work, and so it is up; a command would be one too many
  upstream::Question question = question_for(w);
  const std::string_view unit = unit_to_ask(w);
  const auto taken = co_await take_addresses(w, turn, unit, question.patience, question.addresses);
  if (!taken) {
    if (!w.over() && upstream::is_unreached(taken.error().cause)) note_answer(w.health, taken.error());
    co_return;
  }
  Place place = place_of(w, std::move(turn));
  io::Stream::Ptr stream;
  if (question.bytes.empty()) {
    Result<io::Stream::Ptr> connected = Error{Cause::connect_failed};
    if (question.addresses.empty())
      connected = co_await upstream::connect_within(w.wake, w.services.resolver(), w.pool, question.patience);
    else
      connected = co_await upstream::connect_to_one_of(w.wake, question.addresses, w.pool, question.patience);
    if (connected) stream = std::move(*connected);
    leave(w, std::move(stream), place, true);
    if (w.over()) co_return;
    if (connected)
      w.health.answered({});
    else
      note_answer(w.health, connected.error());
    co_return;
  }
  const auto said = co_await upstream::ask(w.wake, w.services.resolver(), w.pool, question, stream);
  leave(w, std::move(stream), place, said.ok()); // before anything that needs memory
  if (!w.over()) note_answer(w.health, said);
}

// A question that there is no memory to begin with is not asked this time: the story goes on.
io::Task<void> begun(Watched& w, io::Task<void> (*ask)(Watched&)) noexcept {
  try {
    return ask(w);
  } catch (const std::bad_alloc&) {
    return io::Task<void>({});
  }
}

io::Detached keep_asking(Services& services, std::shared_ptr<const Generation> generation, std::size_t index, HealthWatch& watch) {
  Watched w(services, std::move(generation), index, watch);
  const upstream::Health::Watcher told(w.health, w.wake);
  const io::TimeMs interval = ms(w.server.health.interval);
  const bool always = w.server.health.active;
  io::TimeMs next = always ? w.now() : io::kNever;
  while (!w.over()) {
    const bool wanted = always || w.health.down();
    if (!wanted) next = io::kNever;
    if (wanted && next == io::kNever) next = w.in(interval);
    w.wake.deadline_at(next);
    co_await w.wake.wait(io::kAnswer | io::kDrain);
    if (w.over() || w.now() < next) continue;
    next = w.closed_until();
    if (next != 0) continue;
    const auto ask = profile::tells_status(w.server.profile) ? ask_mserver : ask_other;
    co_await begun(w, ask);
    next = w.in(interval);
  }
}

// --- the company an mServer is open on
// ---------------------------------------------------------------------------------------------

void append_named(std::string& out, std::string_view what, const std::string& name) {
  if (!out.empty()) out += ", ";
  out += what;
  out += " \"";
  out += name;
  out += '"';
}

void judge_company(Watched& w, const upstream::ProbeReply& reply) {
  if (reply.status != 200) {
    w.health.company(false, "answers " + std::to_string(reply.status) + " to /status?companyDetail");
    return;
  }
  const auto status = inspect::read_status(reply.body, reply.content_type);
  const settings::Health& wanted = w.server.health;
  const auto fits = [](const std::string& want, const std::string& is) { return want.empty() || want == is; };
  const bool right =
      fits(wanted.company, status.company) && fits(wanted.database, status.database) && fits(wanted.year, status.year);
  std::string found;
  append_named(found, "company", status.company);
  append_named(found, "database", status.database);
  append_named(found, "year", status.year);
  w.health.company(right, found);
}

io::Task<void> ask_company(Watched& w) {
  upstream::ServerTurns& turns = *w.generation->snapshot->turns[w.index];
  const upstream::Turn passing = turns.beside({});
  upstream::Turn turn;
  if (!passing.held()) {
    LeavesWhenRetired watch(w.entry);
    const upstream::Applicant edge = applicant();
    const io::TimeMs patience = ms(w.server.queue.wait);
    auto entrance = turns.enter({}, w.wake, edge);
    if (!entrance.first) co_return;
    for (std::size_t i = 0; i < entrance.lines.count; ++i) {
      upstream::Turns& line = *entrance.lines.line[i];
      Result<upstream::Turn> granted = Error{};
      if (i == 0)
        granted = co_await upstream::Turns::wait(*entrance.first, patience, watch);
      else
        granted = co_await line.wait(w.wake, edge, patience, watch);
      if (!granted) co_return;
      turn.join(std::move(*granted));
    }
  }
  upstream::Question question;
  const std::string_view no_unit;
  const auto taken = co_await take_addresses(w, turn, no_unit, ms(w.server.queue.wait), question.addresses);
  if (!taken) {
    if (!w.over()) w.health.unreached(taken.error().cause);
    co_return;
  }
  Place place = place_of(w, std::move(turn));
  question.bytes = profile::company_question(w.server, w.credentials());
  question.patience = ms(w.server.timeouts.connect + w.server.timeouts.reply);
  io::Stream::Ptr stream;
  const auto said = co_await upstream::ask(w.wake, w.services.resolver(), w.pool, question, stream);
  leave(w, std::move(stream), place, said.ok()); // before anything that needs memory
  if (w.over()) co_return;
  if (said)
    judge_company(w, *said);
  else
    w.health.unreached(said.error().cause);
}

// At once, and every minute; sooner while it is not as it should be, and when a server that was down is there again.
io::Detached keep_checking(Services& services, std::shared_ptr<const Generation> generation, std::size_t index,
                           HealthWatch& watch) {
  Watched w(services, std::move(generation), index, watch);
  const upstream::Health::Watcher told(w.health, w.wake);
  while (!w.over()) {
    io::TimeMs next = w.closed_until();
    if (next == 0) {
      if (!w.health.down()) co_await begun(w, ask_company);
      next = w.in(w.health.unavailable() ? std::min(kCompanyEveryMs, ms(w.server.health.interval)) : kCompanyEveryMs);
    }
    bool waits = true;
    while (waits && !w.over()) {
      w.wake.deadline_at(next);
      co_await w.wake.wait(io::kAnswer | io::kDrain);
      waits = w.now() < next && !(w.health.company_unknown() && !w.health.down());
    }
  }
}

} // namespace

void HealthWatch::retire_all() noexcept {
  // From behind: a story that ends at once takes only itself out of the list.
  for (std::size_t i = running_.size(); i-- > 0;) {
    Entry& entry = *running_[i];
    if (std::exchange(entry.retired_, true)) continue;
    entry.wake_.raise(io::kDrain | io::kClientIn);
  }
}

void HealthWatch::begin_all(Services& services, const std::shared_ptr<const Generation>& generation) {
  // A story that there is no memory for in its beginning has ended by itself.
  const auto begun = [this](std::size_t before) {
    if (running_.size() == before) throw std::bad_alloc();
  };
  const auto& servers = generation->settings().servers;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    generation->snapshot->health[i]->set(servers[i].health);
    if (!servers[i].health.enabled) continue;
    std::size_t before = running_.size();
    keep_asking(services, generation, i, *this);
    begun(before);
    if (!servers[i].health.checks_company()) continue;
    before = running_.size();
    keep_checking(services, generation, i, *this);
    begun(before);
  }
}

void HealthWatch::begin(Services& services, std::shared_ptr<const Generation> generation) noexcept {
  services_ = &services;
  again_ = nullptr;
  retire_all();
  try {
    begin_all(services, generation);
  } catch (const std::bad_alloc&) {
    retire_all();
    again_ = std::move(generation);
    services.loop().set_deadline(*this, services.loop().now() + kAgainMs);
    observe::event(settings::LogLevel::error, "out of memory: the questions whether servers are up begin in a second");
  }
}

void HealthWatch::expired() noexcept {
  if (again_ != nullptr) begin(*services_, std::exchange(again_, nullptr));
}

void HealthWatch::end() noexcept {
  again_ = nullptr;
  for (std::size_t i = running_.size(); i-- > 0;) running_[i]->wake_.halt();
}

} // namespace ledgergate
