// The accounting unit that a request is for, and with it the server, where a route sends units to servers of their own.
#include "base/uuid.h"
#include "http/chars.h"
#include "http/head.h"
#include "route/field_names.h"
#include "story.h"
#include "worker.h"

#include <algorithm>

namespace ledgergate {

Result<void> choose_server(Exchange& x) {
  const auto& units = x.facts.route->units;
  if (units.empty()) return {};
  const auto found = std::find_if(units.begin(), units.end(), [&](const auto& unit) { return unit.first == x.unit; });
  if (found == units.end()) return Error{Cause::unit_unknown};
  x.server = found->second;
  x.facts.server = &x.generation->settings().servers[x.server];
  return {};
}

// ApiComPrem's callers say it in the head: ID-UJ (vendor document 004). Where units have lines or servers of their own, one that
// can't be read is refused: .NET's Guid.Parse reads more than is read here ("{0x…}", any Unicode blank around it, "+" and "0x"
// before a part), and what it takes for a listed unit must not stand in another line. Elsewhere it leaves `unit` empty, as who
// names none.
Result<void> find_unit(Exchange& x) {
  if (x.facts.server->profile != settings::Profile::apicomprem) return {};
  const bool matters = !x.facts.server->units.empty() || !x.facts.route->units.empty();
  const http::Field* said = nullptr;
  for (const auto& field : x.request.fields) {
    if (!route::same_variable(field.name, "ID-UJ")) continue;
    // Which of two the server would take is not known, nor whether it takes such a one.
    if (said != nullptr) return Error{Cause::bad_request, "ID-UJ is repeated"};
    if (matters && !http::iequals(field.name, "ID-UJ")) return Error{Cause::bad_request, "ID-UJ in another spelling"};
    said = &field;
  }
  if (said == nullptr || http::trim(said->value).empty()) return {};
  const auto unit = normalise_uuid(said->value);
  if (unit)
    x.unit = *unit;
  else if (matters)
    return Error{Cause::unit_unknown, "ID-UJ can't be read as a UUID"};
  return choose_server(x);
}

} // namespace ledgergate
