// What the installed unit says of the service, as far as `ledgergate check` has to know it: systemd.unit(5), systemd.service(5).
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate {

inline constexpr std::chrono::seconds kShippedTimeoutStop{90}; // of systemd/ledgergate.service, and systemd's own

struct ServiceUnit {
  std::string file;                              // "" when none is installed: what follows is then what the shipped one says
  std::string user = "ledgergate", group;        // no group: the user's own
  std::vector<std::string> supplementary_groups; // SupplementaryGroups=
  std::optional<std::chrono::microseconds> timeout_stop = kShippedTimeoutStop; // none: for ever
  bool all_read_only = false;                                                  // ProtectSystem=strict, but for:
  std::map<std::string, std::vector<std::string>> writable; // absolute paths, by what names them: ReadWritePaths …
};

// Whether the unit lets the service write at `path` (absolute, and perhaps not there yet), as far as can be told: of a unit with
// specifiers ("%") in its paths nothing can.
[[nodiscard]] bool lets_write(const ServiceUnit& unit, const std::filesystem::path& path);

// ledgergate.service and its drop-ins, from where systemd looks for them below `root` ("/").
[[nodiscard]] ServiceUnit read_service_unit(const std::filesystem::path& root);

// "90", "5min 20s", "infinity" (systemd.time(7)). False: it is none of that. `span`: none for ever.
bool read_time_span(std::string_view text, std::optional<std::chrono::microseconds>& span);

} // namespace ledgergate
