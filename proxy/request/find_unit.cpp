// The accounting unit that a request is for, and with it the server, where a route sends units to servers of their own.
#include "request/find_unit.h"

#include "base/uuid.h"
#include "http/chars.h"
#include "http/head.h"
#include "route/field_names.h"
#include "route/outgoing.h"
#include "state/services.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace ledgergate {
namespace {

// The fields that go to the server, as lines: the route's rules may make another unit of the caller's, and the server goes
// by what it is told.
class Outgoing {
public:
  explicit Outgoing(const Exchange& x) { route::append_outgoing_fields(x.facts, text_); }
  ~Outgoing() { OPENSSL_cleanse(text_.data(), text_.size()); }
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  // The next one of ID-UJ, in any spelling. False: there is none.
  bool next(http::Field& field) {
    while (at_ < text_.size()) {
      const std::size_t end = std::min(text_.find("\r\n", at_), text_.size());
      const std::string_view line = std::string_view(text_).substr(at_, end - at_);
      at_ = end + 2;
      const std::size_t colon = std::min(line.find(':'), line.size());
      if (!route::same_variable(line.substr(0, colon), "ID-UJ")) continue;
      field = {line.substr(0, colon), line.substr(std::min(colon + 1, line.size()))};
      return true;
    }
    return false;
  }

private:
  std::string text_;
  std::size_t at_ = 0;
};

} // namespace

Result<void> choose_server(Exchange& x) {
  const auto& units = x.facts.route->units;
  if (units.empty()) return {};
  const auto found = std::find_if(units.begin(), units.end(), [&](const auto& unit) { return unit.first == x.unit; });
  if (found == units.end()) return Error{Cause::unit_unknown};
  x.server = found->second;
  x.facts.server = &x.generation->settings().servers[x.server];
  return {};
}

// ApiComPrem's callers say it in the head: ID-UJ (docs/vendors.md, ApiComPrem). Where units have lines or servers of their own, one
// that can't be read is refused: .NET's Guid.Parse reads more than is read here ("{0x…}", any Unicode blank around it, "+" and "0x"
// before a part), and what it takes for a listed unit must not stand in another line. Elsewhere it leaves `unit` empty, as who
// names none.
Result<void> find_unit(Exchange& x) {
  if (x.facts.server->profile != settings::Profile::apicomprem) return {};
  const bool matters = !x.facts.server->units.empty() || !x.facts.route->units.empty();
  Outgoing outgoing(x);
  http::Field field, said;
  x.unit.clear();
  for (bool found = false; outgoing.next(field); found = true) {
    // Which of two the server would take is not known, nor whether it takes such a one.
    if (found) return Error{Cause::bad_request, "ID-UJ is repeated"};
    if (matters && !http::iequals(field.name, "ID-UJ")) return Error{Cause::bad_request, "ID-UJ in another spelling"};
    said = field;
  }
  const std::string_view value = http::trim(said.value);
  if (value.empty()) return {};
  const auto unit = normalise_uuid(value);
  if (unit)
    x.unit = *unit;
  else if (matters)
    return Error{Cause::unit_unknown, "ID-UJ can't be read as a UUID"};
  return choose_server(x);
}

} // namespace ledgergate
