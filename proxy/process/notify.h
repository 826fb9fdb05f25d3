// What systemd is told (sd_notify(3)): nothing happens when no service manager listens.
#pragma once

#include <chrono>

namespace ledgergate::notify {

void ready();
void reloading();
void stopping();
void watchdog();
// How often watchdog() is expected; zero when it is not.
[[nodiscard]] std::chrono::microseconds watchdog_interval();

} // namespace ledgergate::notify
