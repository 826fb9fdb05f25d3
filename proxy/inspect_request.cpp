// What only the body tells, between the spool and the turn: whether the caller may do what it asks, and which accounting unit, and
// so which server, it means.
#include "story.h"

namespace ledgergate {

Result<void> inspect_request(Exchange&) { return {}; }

} // namespace ledgergate
