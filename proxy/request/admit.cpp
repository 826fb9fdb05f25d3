// Whether this caller may come in here, now, and with so much: identity, permissions by head, limits. Nothing of it has been read
// but the head, so a refused caller costs no disk and no turn.
#include "request/admit.h"

#include "client/address_table.h"
#include "client/in_force.h"
#include "request/identify.h"
#include "request/limits.h"
#include "state/services.h"

#include <algorithm>
#include <ctime>

namespace ledgergate {
using settings::Proofs;

Result<void> authorise(const Exchange& x) {
  const settings::Client& client = *x.client;
  const settings::Route& route = *x.facts.route;
  const auto index = static_cast<std::size_t>(&client - x.generation->settings().clients.data());
  if (!route.any_client && !std::binary_search(route.clients.begin(), route.clients.end(), index))
    return Error{Cause::forbidden, "the route does not name this client"};
  if (const auto current = client::in_force(client); !current) return current;
  if (!client.from.empty() &&
      std::none_of(client.from.begin(), client.from.end(), [&](const Cidr& each) { return each.contains(x.facts.client_ip); }))
    return Error{Cause::address_denied};
  const auto required = static_cast<Proofs>(x.facts.listener->require | route.require | (client.all ? client.ways() : 0));
  if ((required & ~x.proven & settings::kCertificate) != 0) return Error{Cause::certificate_required};
  if ((required & ~x.proven & (settings::kApiKey | settings::kPassword)) != 0) return Error{Cause::login_required};
  return {};
}

bool admits_all(const Exchange& x) {
  return x.facts.route->anonymous && !x.facts.route->limits.any() && !x.generation->settings().address_limits.of_requests();
}

io::Task<Result<void>> admit(Exchange& x) {
  const settings::Route& route = *x.facts.route;
  if (!route.anonymous) {
    const auto known = co_await identify(x);
    if (!known) {
      // Whoever is not known is bound by the limits of its address, also while it tries.
      const auto allowed = limit_address(x);
      co_return allowed ? known.error() : allowed.error();
    }
    const auto allowed = authorise(x);
    if (!allowed) co_return allowed.error();
    x.standing->proven(*x.client);
  }
  if (x.client == nullptr) {
    const auto allowed = limit_address(x);
    if (!allowed) co_return allowed.error();
  } else {
    const auto allowed = limit_client(x);
    if (!allowed) co_return allowed.error();
  }
  const auto allowed = limit_route(x);
  if (!allowed) co_return allowed.error();
  co_return Result<void>{};
}

} // namespace ledgergate
