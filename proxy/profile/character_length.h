// ApiComPrem builds that count Content-Length in characters: a reply with a letter outside ASCII is longer than it says, and cut
// short by whoever believes the number (PROTOCOLS). Such a reply can be believed only as a whole, behind the server's FIN.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string_view>

namespace ledgergate::profile {

// Whether `body`, all that came up to the server's FIN, is what `stated` announced: so many bytes; or, of one JSON value in UTF-8,
// so many UTF-16 units or code points. Errors: reply_truncated when it is too short for that, reply_bad_length when it is anything
// else. Takes some 10 ms a MiB.
[[nodiscard]] Result<void> check_character_length(std::string_view body, std::uint64_t stated);

} // namespace ledgergate::profile
