// What address, client and route may ask in a time and at once (client/meter.h).
#include "request/limits.h"

#include "client/address_table.h"
#include "state/services.h"

#include <algorithm>

namespace ledgergate {

namespace {

using client::Meter;
using client::Nanos;
using settings::RateLimits;

Nanos now_nanos() { return static_cast<Nanos>(uv_hrtime()); }

std::uint32_t seconds(Nanos wait) { return static_cast<std::uint32_t>(std::min<Nanos>(wait / 1'000'000'000 + 1, 86'400)); }

// One bucket and one count of `whose`; what is refused holds nothing. The names are those in RateLimit
// (draft-ietf-httpapi-ratelimit-headers-11).
Result<void> within(Exchange& x, Meter& meter, const RateLimits& limits, client::Share& share, std::string_view whose) {
  const Nanos now = now_nanos();
  const Nanos debt = std::max(meter.bytes_in.wait(limits.bytes_in, now), meter.bytes_out.wait(limits.bytes_out, now));
  if (debt > 0) {
    x.retry_after = seconds(debt);
    return Error{Cause::rate_limited, "bytes"};
  }
  share = client::Share(meter.concurrent, limits.concurrent);
  if (!share.taken()) {
    x.retry_after = 1;
    return Error{Cause::rate_limited, "requests at once"};
  }
  const Nanos wait = meter.requests.take(limits.requests, 1, now);
  if (limits.requests.amount != 0) {
    const std::uint64_t burst = limits.requests.burst != 0 ? limits.requests.burst : limits.requests.amount;
    const auto separate = [](std::string& list) { list += list.empty() ? "\"" : ", \""; };
    separate(x.rate_policy);
    x.rate_policy.append(whose).append("\";q=").append(std::to_string(burst));
    x.rate_policy.append(";w=").append(
        std::to_string(std::max<std::int64_t>(1, static_cast<std::int64_t>(burst) * limits.requests.per.count() /
                                                     static_cast<std::int64_t>(limits.requests.amount) / 1000)));
    separate(x.rate_left);
    x.rate_left.append(whose).append("\";r=").append(std::to_string(meter.requests.left(limits.requests, now)));
    x.rate_left.append(";t=").append(std::to_string(seconds(wait > 0 ? wait : meter.requests.until_full(now))));
    x.facts.rate_policy = x.rate_policy;
    x.facts.rate_left = x.rate_left;
  }
  if (wait == 0) return {};
  share.leave();
  x.retry_after = seconds(wait);
  return Error{Cause::rate_limited, whose};
}

} // namespace

Result<void> limit_address(Exchange& x) {
  const RateLimits& limits = x.generation->settings().address_limits;
  if (!limits.of_requests() || x.address_limited) return {};
  x.address_limited = true;
  x.address = x.services->shared().addresses.hold(x.facts.client_ip);
  return within(x, *x.address.meter(), limits, x.shares[0], "address");
}

void release_address(Exchange& x) noexcept {
  x.shares[0].leave();
  x.address = {};
  x.rate_policy.clear();
  x.rate_left.clear();
  x.facts.rate_policy = x.facts.rate_left = {};
}

Result<void> limit_client(Exchange& x) {
  if (!x.client->limits.any()) return {};
  Meter& meter = x.generation->client_meter(*x.client);
  if (x.client->limits.connections != 0 && *x.connection_client != x.client->name) {
    *x.connection_share = client::Share(meter.connections, x.client->limits.connections);
    if (!x.connection_share->taken()) {
      x.retry_after = 1;
      x.connection_client->clear();
      return Error{Cause::rate_limited, "connections at once"};
    }
    *x.connection_client = x.client->name;
  }
  return within(x, meter, x.client->limits, x.shares[1], "client");
}

Result<void> limit_route(Exchange& x) {
  const settings::Route& route = *x.facts.route;
  if (!route.limits.any()) return {};
  return within(x, x.generation->route_meter(route), route.limits, x.shares[2], "route");
}

// Who was let in pays for what passed; a refusal costs nothing, or a caller that asks again and again would never get out of debt.
void account(Exchange& x) noexcept {
  const Nanos now = now_nanos();
  const auto charge = [&](client::Share& share, Meter& meter, const RateLimits& limits) {
    meter.bytes_in.charge(limits.bytes_in, x.record.bytes_in, now);
    meter.bytes_out.charge(limits.bytes_out, x.record.bytes_out, now);
    share.leave();
  };
  if (x.shares[0].taken()) charge(x.shares[0], *x.address.meter(), x.generation->settings().address_limits);
  if (x.shares[1].taken()) charge(x.shares[1], x.generation->client_meter(*x.client), x.client->limits);
  if (x.shares[2].taken()) charge(x.shares[2], x.generation->route_meter(*x.facts.route), x.facts.route->limits);
  x.address = {};
}

} // namespace ledgergate
