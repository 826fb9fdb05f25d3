// The process: settings, workers, signals, reload, drain. All of it on the main thread.
#pragma once

#include "settings/load.h"

#include <functional>
#include <string>

namespace ledgergate {

// Exit codes: 0 fine, 1 it could not run, 2 the settings are wrong.
inline constexpr int kExitFine = 0;
inline constexpr int kExitRuntime = 1;
inline constexpr int kExitSettings = 2;

using Loader = std::function<settings::Loaded()>;

// Serves until SIGTERM or SIGINT. SIGHUP loads again: new requests see the new settings, a broken file changes nothing.
// SIGUSR1 opens the access log again.
int run(const Loader& load);

} // namespace ledgergate
