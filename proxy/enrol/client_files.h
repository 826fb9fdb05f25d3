// Clients with API keys, one file each in the directory that the settings call `clients_dir`. The settings themselves are people's:
// no program writes into them.
//
// Invariants: one process at a time changes anything (`lock` in the directory); a file is replaced as a whole; of a key only its
// SHA-256 is written. A change touches the lines it means and leaves all others, comments too, as they are.
#pragma once

#include "enrol/files.h"
#include "enrol/openssl.h"

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

// What a file says; words as they stand in it.
struct ClientFile {
  std::string name;
  std::size_t keys = 0;
  bool disabled = false;
  std::string from, turn_class, valid_until;
  std::string mistake; // it can't be read, and why: "till.yaml:3:5: error: …"
};

enum class Rotation : std::uint8_t {
  begin,  // a new key beside the one in use
  finish, // the old one goes
  undo,   // the new one goes
};

class ClientFiles {
public:
  // Takes the lock. `make`: the directory too, when it is missing.
  static std::optional<ClientFiles> open(const std::filesystem::path& directory, bool make, std::string& why);
  // By name; needs no lock.
  static std::optional<std::vector<ClientFile>> list(const std::filesystem::path& directory, std::string& why);

  // The key, which is nowhere else from then on. Refuses a name that has a file.
  std::optional<Secret> add(const NewClient& client, std::int64_t now, std::string& why);
  // True as well when nothing had to be changed.
  bool set_disabled(const std::string& name, bool disabled, std::int64_t now, std::string& why);
  // The new key when one begins; no text otherwise.
  std::optional<Secret> rotate(const std::string& name, Rotation rotation, std::int64_t now, std::string& why);

private:
  ClientFiles(Folder folder, Lock lock) : folder_(std::move(folder)), lock_(std::move(lock)) {}
  bool write(const std::string& name, const std::string& text, std::string& why) const;
  std::optional<std::string> read(const std::string& name, std::string& why) const;

  Folder folder_;
  Lock lock_;
};

// "lg_" and 256 bits in base64url (RFC 4648 section 5); no text when there is no randomness.
[[nodiscard]] Secret random_key();

} // namespace ledgergate::enrol
