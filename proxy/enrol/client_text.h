// The text of a file of clients, and changes in it: of one client by its name, whatever other clients stand there. Pure.
//
// Invariant: a change is made where the client's lines are as these functions write them, and only if the file, read again, says of
// that client what was meant and of all others what it said before; else it is refused.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace ledgergate::enrol {

// What a file says of a client; words as they stand in it.
struct ClientFile {
  std::string name;
  std::size_t keys = 0;
  bool disabled = false;
  std::string from, turn_class, valid_until;
  std::string mistake = {}; // it can't be read, and why: "till.yaml:3:5: error: …"
};

// All clients in `text`, the content of `file`, in its order; one with a `mistake` when it can't be read, or holds none.
[[nodiscard]] std::vector<ClientFile> clients_in(const std::string& file, const std::string& text);

// What the edge's settings say of clients; nothing, when they can't be read.
struct SettingsClients {
  std::string directory; // `clients_dir`, as it stands there
  std::vector<std::string> names;
};
[[nodiscard]] SettingsClients clients_of_settings(const std::string& text);

// Digests as they stand in `api_key_sha256: [HERE]` of that client: `"…"` or, the newer first, `"…", "…"`. None when they are
// written in another way.
[[nodiscard]] std::optional<std::string> keys_of(const std::string& text, const std::string& client);
// The text with others in their place. None as above.
[[nodiscard]] std::optional<std::string> with_keys(const std::string& text, const std::string& client, const std::string& keys);
// The text with that client, which is not so yet, disabled or enabled.
[[nodiscard]] std::optional<std::string> with_disabled(const std::string& text, const std::string& client, bool disabled);

} // namespace ledgergate::enrol
