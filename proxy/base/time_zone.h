// The machine's time zone, which an administrator may change while the program runs.
#pragma once

namespace ledgergate {

// Local times are of the zone that the machine has now: /etc/localtime or TZ's file is read again when it is another one, or has
// been written. Costs a look at that file. One thread only, and the same each time; others may use localtime_r(3) meanwhile.
void look_at_time_zone();

} // namespace ledgergate
