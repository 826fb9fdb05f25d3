// What is wrong with settings and certificates, for people: `ledgergate check`, and the start's own words.
#pragma once

#include "settings/load.h"
#include "snapshot.h"

namespace ledgergate {

// On stderr, a problem a line.
void print(const settings::Loaded& loaded);
void print(const SnapshotProblems& problems);

} // namespace ledgergate
