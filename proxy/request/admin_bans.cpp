// The bans at the administrator's door: GET /bans tells them and the accounts that are slowed down, DELETE /bans/ADDRESS lifts
// those of an address, DELETE /bans?account=NAME lets an account be tried at any pace again.
//
// Besides what the whole door asks of its callers (admin.cpp), these ask for a header that no page of another origin may send
// (Fetch standard, CORS-safelisted request headers).
#include "http/query.h"
#include "observe/escape.h"
#include "observe/log_ring.h"
#include "request/admin.h"
#include "request/failed_logins.h"
#include "request/refuse.h"
#include "state/services.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ledgergate {
namespace {

using client::Lockout;

constexpr std::string_view kPath = "/bans";
constexpr std::string_view kAccount = "account=";

client::Nanos now_nanos() { return static_cast<client::Nanos>(uv_hrtime()); }

bool has(const http::RequestHead& request, std::string_view name) {
  return std::any_of(request.fields.begin(), request.fields.end(),
                     [&](const http::Field& field) { return http::iequals(field.name, name); });
}

std::int64_t seconds(client::Nanos left) { return left / 1'000'000'000 + 1; }

void append_account(const std::string& account, std::string& out) {
  out += "\"account\":\"";
  observe::append_json(account, out);
  out += '"';
}

void append_json(const std::vector<Lockout::Ban>& bans, const std::vector<Lockout::Slowed>& slowed, std::string& out) {
  std::string_view before = "\n {";
  out += '[';
  for (const Lockout::Ban& ban : bans) {
    out.append(std::exchange(before, ",\n {")).append("\"address\":\"").append(ban.ip.text()).append("\",");
    if (!ban.client.empty()) {
      out += "\"client\":\"";
      observe::append_json(ban.client, out);
      out += "\",";
    }
    if (ban.every_account)
      out += "\"all_accounts\":true";
    else
      append_account(ban.account, out);
    fmt::format_to(std::back_inserter(out), ",\"seconds\":{},\"times\":{}}}", seconds(ban.left), ban.times);
  }
  for (const Lockout::Slowed& each : slowed) {
    out += std::exchange(before, ",\n {");
    append_account(each.account, out);
    fmt::format_to(std::back_inserter(out), ",\"slowed\":true,\"seconds\":{},\"failures\":{}}}", seconds(each.left), each.failures);
  }
  out += bans.empty() && slowed.empty() ? "]\n" : "\n]\n";
}

// Nothing where there are none.
void append_names(std::string_view key, const std::vector<std::string>& names, std::string& out) {
  std::string_view before = "[";
  if (!names.empty()) out += key;
  for (const std::string& name : names) {
    out.append(std::exchange(before, ",")).append("\"");
    observe::append_json(name, out);
    out += '"';
  }
  if (!names.empty()) out += ']';
}

Result<void> lift_account(Exchange& x) {
  const std::string_view query = x.target.query;
  const auto account = query.starts_with(kAccount) ? http::percent_decoded(query.substr(kAccount.size())) : std::nullopt;
  if (!account || account->empty()) return Error{Cause::bad_target, "no account to lift what slows it down"};
  x.note = forget_failed_logins(x, *account) ? "{\"lifted\":1}\n" : "{\"lifted\":0}\n";
  answer(x, 200, "application/json", x.note);
  return {};
}

Result<void> lift(Exchange& x, std::string_view address) {
  const auto ip = IpAddress::parse(address);
  if (!ip) return Error{Cause::bad_target, "no address to lift the bans of"};
  const Lockout::Lifted lifted = lift_bans(x, *ip);
  x.note = "{\"lifted\":" + std::to_string(lifted.bans);
  append_names(",\"freed\":", lifted.freed, x.note);
  append_names(",\"slowed\":", lifted.slowed, x.note);
  x.note += "}\n";
  answer(x, 200, "application/json", x.note);
  return {};
}

} // namespace

bool asks_bans(const Exchange& x) {
  const std::string_view path = x.target.decoded;
  return path == kPath || (path.starts_with(kPath) && path[kPath.size()] == '/');
}

Result<void> answer_bans(Exchange& x) {
  if (!has(x.request, "X-Ledgergate-Admin"))
    return Error{Cause::forbidden, "the bans are for programs (X-Ledgergate-Admin), not for browsers"};
  const std::string_view path = x.target.decoded;
  x.answer.clear();
  if (path != kPath) {
    if (x.request.method != http::Method::delete_) return Error{Cause::method_not_allowed, "DELETE"};
    return lift(x, path.substr(kPath.size() + 1));
  }
  if (x.request.method == http::Method::delete_ && x.target.has_query) return lift_account(x);
  if (x.request.method != http::Method::get && x.request.method != http::Method::head)
    return Error{Cause::method_not_allowed, "GET, HEAD"};
  const Lockout& lockout = x.services->shared().lockout;
  x.note.clear();
  append_json(lockout.bans(now_nanos()), lockout.slowed(x.generation->settings().lockout, now_nanos()), x.note);
  answer(x, 200, "application/json", x.note);
  return {};
}

} // namespace ledgergate
