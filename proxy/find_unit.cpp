// The accounting unit that a request is for, and with it the server, where a route sends units to servers of their own.
#include "base/uuid.h"
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

// ApiComPrem's callers say it in the head: ID-UJ (vendor document 004). No unit, or one that can't be read, leaves `unit` empty: it
// stands in the line of all that are not listed.
Result<void> find_unit(Exchange& x) {
  if (x.facts.server->profile != settings::Profile::apicomprem) return {};
  const http::Field* said = nullptr;
  for (const auto& field : x.request.fields) {
    if (!route::same_variable(field.name, "ID-UJ")) continue;
    // Which of two the server would take is not known.
    if (said != nullptr) return Error{Cause::bad_request, "ID-UJ is repeated"};
    said = &field;
  }
  if (said == nullptr || said->value.empty()) return {};
  const auto unit = normalise_uuid(said->value);
  if (unit) x.unit = *unit;
  return choose_server(x);
}

} // namespace ledgergate
