#include "upstream/health.h"

#include "observe/log_ring.h"

#include <uv.h>

#include <algorithm>
#include <cstdint>

namespace ledgergate::upstream {
namespace {

Micros now_micros() { return static_cast<Micros>(uv_hrtime() / 1000); }

bool same_company(const settings::Health& a, const settings::Health& b) {
  return a.company == b.company && a.database == b.database && a.year == b.year;
}

} // namespace

bool is_unreached(Cause cause) noexcept {
  switch (cause) {
  case Cause::dns_error:
  case Cause::dns_timeout:
  case Cause::connect_refused:
  case Cause::connect_unreachable:
  case Cause::connect_failed:
  case Cause::connect_timeout: return true;
  default: return false;
  }
}

Health::Health(const settings::Server& server) : name_(server.name) { set(server.health); }

void Health::set(settings::Health rules) noexcept {
  const std::lock_guard guard(lock_);
  const bool checks = rules.enabled && rules.checks_company();
  if (!checks)
    company_ = Company::any;
  else if (company_ == Company::any || !same_company(rules, rules_))
    company_ = Company::unknown;
  std::swap(rules_, rules);
  if (!rules_.enabled) count_ = HealthCount{};
  show();
}

void Health::show() noexcept {
  const bool company = company_ == Company::any || company_ == Company::right;
  unavailable_.store(count_.down() || !company, std::memory_order_relaxed);
  suspected_.store(count_.suspected(), std::memory_order_relaxed);
}

Error Health::refusal() const {
  const std::lock_guard guard(lock_);
  if (count_.down()) return {Cause::server_down, count_.why()};
  return {Cause::server_down, company_ == Company::wrong ? "it is open on another company" : "its company is not known yet"};
}

std::uint32_t Health::retry_after() const {
  const std::lock_guard guard(lock_);
  return static_cast<std::uint32_t>(std::max<std::int64_t>(1, (rules_.interval.count() + 999) / 1000));
}

bool Health::down() const {
  const std::lock_guard guard(lock_);
  return count_.down();
}

bool Health::company_unknown() const {
  const std::lock_guard guard(lock_);
  return company_ == Company::unknown;
}

void Health::Watcher::Line::arrive() noexcept {
  if (wake != nullptr) wake->raise(io::kAnswer);
}

void Health::tell_watchers() noexcept {
  for (const auto& line : watchers_) line->loop->send(line);
}

void Health::count_reached() noexcept {
  const std::lock_guard guard(lock_);
  count_.reached(rules_);
  show();
}

void Health::unreached(Cause cause) {
  if (is_unreached(cause)) count_failure(describe(cause).name);
}

void Health::unanswered(std::string_view why) {
  {
    // Where nobody asked for answers, requests alone say whether the server is down.
    const std::lock_guard guard(lock_);
    if (!rules_.active && !count_.down()) return;
  }
  count_failure(why);
}

void Health::count_failure(std::string_view why) {
  {
    const std::lock_guard guard(lock_);
    if (!rules_.enabled) return;
    const auto change = count_.failed(rules_, now_micros(), why);
    show();
    if (change != HealthCount::Change::went_down) return;
    // Whoever starts it again may open another company.
    if (company_ == Company::right) company_ = Company::unknown;
    tell_watchers();
  }
  std::string text = "server " + name_ + " is down: ";
  text += why;
  observe::event(settings::LogLevel::error, text);
}

void Health::answered(std::string_view saying) {
  Micros since = 0;
  {
    const std::lock_guard guard(lock_);
    since = count_.since();
    const auto change = count_.answered(rules_);
    show();
    if (change != HealthCount::Change::came_up) return;
    tell_watchers();
  }
  std::string text =
      "server " + name_ + " is up again after " + std::to_string((now_micros() - since + 500'000) / 1'000'000) + " s";
  if (!saying.empty()) text += ": ";
  text += saying;
  observe::event(settings::LogLevel::warning, text);
}

void Health::company(bool right, const std::string& found) {
  Company before{};
  {
    const std::lock_guard guard(lock_);
    if (company_ == Company::any) return; // a reload asks no more
    before = company_;
    company_ = right ? Company::right : Company::wrong;
    if (company_ == before) return;
    show();
  }
  if (right)
    observe::event(before == Company::wrong ? settings::LogLevel::warning : settings::LogLevel::info,
                   "server " + name_ + " is open on the right company: " + found);
  else
    observe::event(settings::LogLevel::error,
                   "server " + name_ + " is taken for down: it is not open on the company of the settings, but " + found);
}

Health::Watcher::Watcher(Health& health, io::Wake& wake) : health_(health), line_(std::make_shared<Line>()) {
  line_->loop = &wake.loop();
  line_->wake = &wake;
  const std::lock_guard guard(health_.lock_);
  health_.watchers_.push_back(line_);
}

Health::Watcher::~Watcher() {
  line_->wake = nullptr;
  const std::lock_guard guard(health_.lock_);
  std::erase(health_.watchers_, line_);
}

} // namespace ledgergate::upstream
