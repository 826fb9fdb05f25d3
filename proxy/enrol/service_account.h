// Who the edge is on this machine, where it is a service, and what it can read: its files are made by root.
#pragma once

#include "enrol/files.h"

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

namespace ledgergate::enrol {

// By name or number; by systemd/ledgergate.sysusers when nothing else is said.
struct ServiceAccount {
  std::string user = "ledgergate";
  std::string group = {}; // none: the user's own
};

// systemd.exec(5): User= and Group= are names or numbers. Nothing: it is no number that an account can have.
[[nodiscard]] std::optional<id_t> account_number(const std::string& text);

// What this machine knows of the account. Without a group nobody knows who the edge is here.
struct Edge {
  std::optional<uid_t> user;
  std::optional<gid_t> group;
  std::string group_name;
};
[[nodiscard]] Edge look_up(const ServiceAccount& account);

// Whether these permissions (4: read, 1: pass) are the edge's.
[[nodiscard]] bool lets(const Edge& edge, const FileFacts& file, mode_t bits) noexcept;

// Which directory on the way the edge can't pass, or that it can't read the file, and what to do; "" when it can, or nobody knows
// who it is.
[[nodiscard]] std::string reach_doubt(const Edge& edge, const std::filesystem::path& file);

} // namespace ledgergate::enrol
