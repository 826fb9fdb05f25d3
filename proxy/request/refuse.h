// A failure as a reply, and the edge's own answers.
#pragma once

#include "state/exchange.h"

namespace ledgergate {

// Does nothing but cut when the cause has no status or a head was sent.
void refuse(Exchange& exchange, Error error);
// A reply of the edge's own with a body.
void answer(Exchange& exchange, std::uint16_t status, std::string_view content_type, std::string_view body);

} // namespace ledgergate
