#include "process/notify.h"

#include <systemd/sd-daemon.h>

#include <cstdint>
#include <ctime>
#include <string>

namespace ledgergate::notify {

void ready() { sd_notify(0, "READY=1"); }

void reloading() {
  // Type=notify-reload (systemd 253 on) wants the time at which the reload began.
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto micros = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000;
  const std::string text = "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(micros);
  sd_notify(0, text.c_str());
}

void stopping() { sd_notify(0, "STOPPING=1"); }
void watchdog() { sd_notify(0, "WATCHDOG=1"); }

std::chrono::microseconds watchdog_interval() {
  std::uint64_t micros = 0;
  if (sd_watchdog_enabled(0, &micros) <= 0) return std::chrono::microseconds{0};
  return std::chrono::microseconds(micros / 2);
}

} // namespace ledgergate::notify
