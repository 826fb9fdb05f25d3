// What becomes of the connection to a server that has answered.
#pragma once

#include "state/exchange.h"

namespace ledgergate {

class Place; // place.h

// Its connection goes to the pool, if it is `reusable` as far as the request is concerned, or the place it was in is given on.
void part_with(Exchange& exchange, io::Stream::Ptr& server, Place& place, bool reusable);

} // namespace ledgergate
