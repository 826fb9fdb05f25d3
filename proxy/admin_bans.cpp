// The bans at the administrator's door: GET /bans tells them, DELETE /bans/ADDRESS lifts those of an address.
//
// The door has no password: whoever reaches it is the administrator, and so would be any page that the administrator's browser
// shows. So these ask for a header that no page of another origin may send (Fetch standard, CORS-safelisted request headers), take
// no request that says where it comes from (Origin), and none under a name that somebody else's DNS may have pointed here.
#include "observe/escape.h"
#include "observe/log_ring.h"
#include "story.h"
#include "worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

namespace ledgergate {
namespace {

using client::Lockout;

constexpr std::string_view kPath = "/bans";

client::Nanos now_nanos() { return static_cast<client::Nanos>(uv_hrtime()); }

bool has(const http::RequestHead& request, std::string_view name) {
  return std::any_of(request.fields.begin(), request.fields.end(),
                     [&](const http::Field& field) { return http::iequals(field.name, name); });
}

bool from_a_browser(const Exchange& x) {
  if (!has(x.request, "X-Ledgergate-Admin") || has(x.request, "Origin")) return true;
  return x.target.host != "localhost" && !IpAddress::parse(x.target.host);
}

std::int64_t seconds(client::Nanos left) { return left / 1'000'000'000 + 1; }

void append_json(const std::vector<Lockout::Ban>& bans, std::string& out) {
  out += '[';
  for (const Lockout::Ban& ban : bans) {
    if (out.size() > 1) out += ",";
    out += "\n {\"address\":\"" + ban.ip.text() + "\",\"account\":\"";
    observe::append_json(ban.account, out);
    fmt::format_to(std::back_inserter(out), "\",\"seconds\":{},\"times\":{}}}", seconds(ban.left), ban.times);
  }
  out += out.size() > 1 ? "\n]\n" : "]\n";
}

Result<void> lift(Exchange& x, std::string_view address) {
  const auto ip = IpAddress::parse(address);
  if (!ip) return Error{Cause::bad_target, "no address to lift the bans of"};
  const std::size_t lifted = x.worker->shared().lockout.lift(*ip, now_nanos());
  observe::event(settings::LogLevel::warning, "login unbanned: address=" + ip->text() + " bans=" + std::to_string(lifted) +
                                                  " by=" + std::string(x.peer_ip_text) + " request=" + x.request_id);
  x.note = "{\"lifted\":" + std::to_string(lifted) + "}\n";
  answer(x, 200, "application/json", x.note);
  return {};
}

} // namespace

bool asks_bans(const Exchange& x) {
  const std::string_view path = x.target.decoded;
  return path == kPath || (path.starts_with(kPath) && path[kPath.size()] == '/');
}

Result<void> answer_bans(Exchange& x) {
  if (from_a_browser(x)) return Error{Cause::forbidden, "the bans are for programs (X-Ledgergate-Admin), not for browsers"};
  const std::string_view path = x.target.decoded;
  x.answer.clear();
  if (path != kPath) {
    if (x.request.method != http::Method::delete_) return Error{Cause::method_not_allowed, "DELETE"};
    return lift(x, path.substr(kPath.size() + 1));
  }
  if (x.request.method != http::Method::get && x.request.method != http::Method::head)
    return Error{Cause::method_not_allowed, "GET, HEAD"};
  const auto bans = x.worker->shared().lockout.bans(now_nanos());
  x.note.clear();
  append_json(bans, x.note);
  answer(x, 200, "application/json", x.note);
  return {};
}

} // namespace ledgergate
