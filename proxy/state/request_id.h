// Request ids: 16 hexadecimal digits of a per-thread counter mixed with a random seed. Unique within the process's life, not
// guessable from outside, and no system call each.
#pragma once

#include <string>

namespace ledgergate {

void make_request_id(std::string& out);

} // namespace ledgergate
