// What failed logins lead to: a line that fail2ban and CrowdSec read (config/fail2ban/), and the lock-out.
#include "request/failed_logins.h"

#include "observe/log_ring.h"
#include "state/services.h"

#include <algorithm>
#include <string>

namespace ledgergate {
namespace {

using client::Lockout;

constexpr io::TimeMs kPatience = 10'000; // for guesses on their way
constexpr io::TimeMs kLook = 50;

client::Nanos now_nanos() { return static_cast<client::Nanos>(uv_hrtime()); }

// A name for the log that whoever wrote it can't forge lines with.
std::string plain(std::string_view account) {
  std::string out;
  for (const char c : account.substr(0, 64)) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                      c == '-' || c == '@' || c == ':';
    out += good ? c : '?';
  }
  return out;
}

std::string by_whom(const Exchange& x) { return " by=" + std::string(x.peer_ip_text) + " request=" + x.request_id; }

void log_ban(const std::string& where, client::Nanos ban, const std::string& whose) {
  if (ban > 0)
    observe::event(settings::LogLevel::warning,
                   "login banned:" + where + " seconds=" + std::to_string(ban / 1'000'000'000) + whose);
}

} // namespace

io::Task<Result<bool>> begin_login(Exchange& x, Lockout::Login login, Lockout::Guess& guess) {
  const io::TimeMs until = x.wake->loop().now() + kPatience;
  for (;;) {
    const auto decision = x.services->shared().lockout.begin(x.generation->settings().lockout, login, now_nanos(), guess);
    if (decision.verdict == Lockout::Verdict::go_on) co_return decision.trusted;
    const bool busy = decision.verdict == Lockout::Verdict::busy;
    if (!busy || x.wake->halted() || x.wake->loop().now() >= until) {
      x.retry_after = static_cast<std::uint32_t>(std::min<client::Nanos>(decision.wait / 1'000'000'000, 365 * 86'400) + 1);
      const bool banned = decision.verdict == Lockout::Verdict::banned;
      co_return Error{Cause::locked_out, busy ? "too many guesses at once" : banned ? "banned" : "slowed down"};
    }
    x.wake->deadline_in(kLook);
    co_await x.wake->wait(0);
    x.wake->deadline_at(io::kNever);
  }
}

bool is_banned(const Exchange& x, std::string_view account) {
  return x.services->shared().lockout.is_banned(x.generation->settings().lockout, x.facts.client_ip, account, now_nanos());
}

bool count_failed_login(Exchange& x, Lockout::Guess& guess, std::string_view account, std::string_view way) {
  const settings::Lockout& rules = x.generation->settings().lockout;
  const Lockout::Failure failure = guess.fail(rules, now_nanos());
  if (rules.enabled && !failure.counted) return failure.banned;
  const std::string address = " address=" + std::string(x.client_ip_text) + " account=", where = address + plain(account);
  // What reads the log bans addresses, and a branch is one: fail2ban's filter passes over a line with this end.
  const std::string whose = guess.client().empty() ? std::string() : " client=" + plain(guess.client());
  observe::event(settings::LogLevel::warning, "login failed:" + where + " way=" + std::string(way) +
                                                  " listener=" + x.facts.listener->name + " request=" + x.request_id + whose);
  log_ban(where, failure.ban, whose);
  log_ban(address + "(all)", failure.address_ban, whose); // no account's name in the log
  return failure.banned;
}

bool forget_failed_logins(Exchange& x, std::string_view account) {
  const bool was = x.services->shared().lockout.lift(x.generation->settings().lockout, account, now_nanos());
  if (was)
    observe::event(settings::LogLevel::warning, "login slowed no more: account=" + plain(account) + " was=slowed" + by_whom(x));
  else
    observe::event(settings::LogLevel::info, "nothing to lift: account=" + plain(account) + by_whom(x));
  return was;
}

Lockout::Lifted lift_bans(Exchange& x, const IpAddress& ip) {
  const settings::Lockout& rules = x.generation->settings().lockout;
  Lockout::Lifted lifted = x.services->shared().lockout.lift(rules, ip, now_nanos());
  const std::string address = " address=" + ip.text();
  if (lifted.bans != 0)
    observe::event(settings::LogLevel::warning, "login unbanned:" + address + " bans=" + std::to_string(lifted.bans) + by_whom(x));
  for (const std::string& account : lifted.freed)
    observe::event(settings::LogLevel::warning, "login slowed no more: account=" + plain(account) + " was=slowed" + by_whom(x));
  if (lifted.bans == 0 && lifted.freed.empty()) observe::event(settings::LogLevel::info, "nothing to lift:" + address + by_whom(x));
  return lifted;
}

} // namespace ledgergate
