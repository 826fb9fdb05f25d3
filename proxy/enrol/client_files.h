// Clients with API keys, in files of the directory that the settings call `clients_dir`. The settings themselves are people's:
// no program writes into them.
//
// Invariants: one process at a time changes anything (`lock` in the directory); a file is replaced as a whole; of a key only its
// SHA-256 is written. A new client gets a file of its own; people may put several into one. A change touches the lines of the
// client it means and leaves all others, comments too, as they are.
#pragma once

#include "enrol/audit.h"
#include "enrol/client_text.h"
#include "enrol/files.h"
#include "enrol/openssl.h"
#include "enrol/service_account.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ledgergate::enrol {

inline constexpr const char* kClientsDirectory = "/etc/ledgergate/clients.d";

struct NewClient {
  std::string name;
  std::vector<std::string> from;       // networks; empty: anywhere
  std::string turn_class;              // empty: the route's
  std::vector<std::string> operations; // empty: what the route allows
  std::string valid_until;             // "2027-01-01"; empty: for ever
};

enum class Rotation : std::uint8_t {
  begin,  // a new key beside the one in use
  finish, // the old one goes
  undo,   // the new one goes
};

class ClientFiles {
public:
  // Takes the lock. `make`: the directory too, when it is missing, for the edge's group to read (where there is such a group).
  static std::optional<ClientFiles> open(const std::filesystem::path& directory, bool make, std::string& why,
                                         const ServiceAccount& edge = {});
  // Why the edge can't read the directory, or what was written, and what to do; "" when it can, or nobody knows who the edge is
  // here.
  [[nodiscard]] const std::string& doubt() const noexcept { return doubt_; }
  // By name; needs no lock.
  static std::optional<std::vector<ClientFile>> list(const std::filesystem::path& directory, std::string& why);

  // The key, which is nowhere else from then on. Refuses a name that any file has, or ledgergate.yaml beside the directory that
  // reads it.
  std::optional<Secret> add(const NewClient& client, std::int64_t now, std::string& why);
  // True as well when nothing had to be changed.
  bool set_disabled(const std::string& name, bool disabled, std::int64_t now, std::string& why);
  // The new key when one begins; no text otherwise.
  std::optional<Secret> rotate(const std::string& name, Rotation rotation, std::int64_t now, std::string& why);

  // Why audit.log has not all of it; see Audit.
  [[nodiscard]] const std::string& unaudited() const noexcept { return audit_.trouble(); }

private:
  ClientFiles(Folder folder, Lock lock) : folder_(std::move(folder)), lock_(std::move(lock)), audit_(folder_) {}
  struct Held {
    std::string file, text;
    bool disabled = false;
  };
  // A file keeps its owner and mode; a new one is for the edge's group to read.
  bool write(const std::string& file, const std::string& text, std::string& why);
  // Why the settings that read this directory have a client of that name already; "" when they have not.
  [[nodiscard]] std::string taken_by_settings(const std::string& name) const;
  // The file that this client stands in; empty: none. No answer when it stands in two, or may stand in one that can't be read.
  std::optional<std::string> file_of(const std::string& client, std::string& why) const;
  std::optional<Held> read(const std::string& name, std::string& why) const;

  Folder folder_;
  Lock lock_;
  Audit audit_; // of folder_
  Edge edge_;
  std::string doubt_;
};

// "lg_" and 256 bits in base64url (RFC 4648 section 5); no text when there is no randomness.
[[nodiscard]] Secret random_key();

} // namespace ledgergate::enrol
