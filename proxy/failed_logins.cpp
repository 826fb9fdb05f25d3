// What failed logins lead to: a line that fail2ban and CrowdSec read (config/fail2ban/), and the lock-out.
#include "observe/log_ring.h"
#include "story.h"
#include "worker.h"

#include <algorithm>
#include <string>

namespace ledgergate {
namespace {

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

} // namespace

Result<bool> may_log_in(Exchange& x, std::string_view account) {
  const auto decision =
      x.worker->shared().lockout.may_try(x.generation->settings().lockout, x.facts.client_ip, account, now_nanos());
  if (decision.verdict == client::Lockout::Verdict::go_on) return decision.trusted;
  x.retry_after = static_cast<std::uint32_t>(decision.wait / 1'000'000'000 + 1);
  return Error{Cause::locked_out, decision.verdict == client::Lockout::Verdict::banned ? "banned" : "slowed down"};
}

bool is_banned(const Exchange& x, std::string_view account) {
  return x.worker->shared().lockout.is_banned(x.generation->settings().lockout, x.facts.client_ip, account, now_nanos());
}

void count_failed_login(Exchange& x, std::string_view account, std::string_view way) {
  const settings::Lockout& rules = x.generation->settings().lockout;
  const client::Nanos ban = x.worker->shared().lockout.failed(rules, x.facts.client_ip, account, now_nanos());
  const std::string where = " address=" + std::string(x.client_ip_text) + " account=" + plain(account);
  observe::event(settings::LogLevel::warning, "login failed:" + where + " way=" + std::string(way) +
                                                  " listener=" + x.facts.listener->name + " request=" + x.request_id);
  if (ban > 0)
    observe::event(settings::LogLevel::warning, "login banned:" + where + " seconds=" + std::to_string(ban / 1'000'000'000));
}

bool forget_failed_logins(Exchange& x, std::string_view account) {
  const bool was = x.worker->shared().lockout.lift(x.generation->settings().lockout, account, now_nanos());
  observe::event(settings::LogLevel::warning, "login slowed no more: account=" + plain(account) +
                                                  " was=" + (was ? "slowed" : "free") + " by=" + std::string(x.peer_ip_text) +
                                                  " request=" + x.request_id);
  return was;
}

} // namespace ledgergate
