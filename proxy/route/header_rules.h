// A route's set / add / remove / pass rules for one direction.
#pragma once

#include "route/outgoing.h"

#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::route {

// Whether a rule sets or removes the field, so that what stands in the head under that name is not written. Names are compared as
// same_variable() does: a caller can't slip X_Shop past a rule that sets X-Shop.
[[nodiscard]] bool replaced(const std::vector<settings::HeaderRule>& rules, std::string_view name) noexcept;

// Whether a rule lets through what the caller sends under this name, although it looks like an identity; in this spelling alone,
// but for case.
[[nodiscard]] bool passes(const std::vector<settings::HeaderRule>& rules, std::string_view name) noexcept;

// Writes what the rules set and add, in their order; a later set or remove of the same name undoes an earlier one.
void append_rules(const std::vector<settings::HeaderRule>& rules, const Facts& facts, std::string& out);

} // namespace ledgergate::route
