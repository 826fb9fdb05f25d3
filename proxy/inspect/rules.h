// Which operations a caller may use: names, patterns with `*`, and the groups `read` and `write`. Pure.
//
// mserver: names of elements, with regard to case, as XML has it. `read` is `list*Request`, the exports (a request that prints or
// liquidates documents is not one of them), `write` is all else.
//
// What the head asks of an mserver has names too, `documents` and `company_detail`: allowed by these words alone, never by a
// pattern or group (settings/known_operations.h).
//
// apicomprem: names of commands, without regard to case: whether ApiComPrem minds it is not documented, and a list of what is
// allowed can only be too narrow by minding it. `read` is what the list of OUT commands has, `write` what that of IN commands has:
// the vendor's own, which are below, and the server's `commands`. A command in neither must be named. `select`, raw SQL, is allowed
// by the word `select` alone, never by a pattern or group.
#pragma once

#include "settings/settings.h"

#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::inspect {

// The first of `operations` that `allowed` does not allow; nullptr when it allows all. An empty list allows all but `select`.
// `commands` counts with apicomprem only.
[[nodiscard]] const std::string* first_denied(settings::Profile profile, const std::vector<std::string>& allowed,
                                              const std::vector<std::string>& operations,
                                              const settings::Commands& commands) noexcept;

} // namespace ledgergate::inspect
