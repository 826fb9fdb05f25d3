// `ledgergate check`: the settings, their files and certificates judged as a start would, and told to people.
#pragma once

#include "command/explain.h"
#include "process/server.h"

#include <string>

namespace ledgergate {

// Prints every problem of the settings and their certificates to stderr, and "ok" to stdout when there is none. `file`: what `load`
// reads. `user`: see judge_as(). With a question it is answered in place of "ok". Returns the exit code.
int check(const Loader& load, const std::string& file, const std::string& user, const Question& question);

} // namespace ledgergate
