#include "enrol/client_files.h"

#include "base/directory.h"
#include "enrol/audit.h"
#include "enrol/client_text.h"
#include "enrol/index.h"
#include "http/base64.h"
#include "settings/load.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <system_error>
#include <utility>

#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

namespace ledgergate::enrol {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kLockWait{30'000};
constexpr const char* kSettingsFile = "ledgergate.yaml";
constexpr mode_t kFile = 0640, kFolder = 0750; // the edge's group reads them

std::string digest_of(const Secret& key) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(key.text().data()), key.text().size(), digest.data());
  std::string out;
  for (const unsigned char byte : digest) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
  return out;
}

std::string list_of(const std::vector<std::string>& words) {
  std::string out = "[";
  for (const std::string& word : words) out.append(out.size() > 1 ? ", " : "").append("\"").append(word).append("\"");
  return out + "]";
}

// Words of the user's between quotes: what would end them, or means something else between them, is no network and no pattern.
bool safe(const std::string& word) {
  return !word.empty() &&
         std::none_of(word.begin(), word.end(), [](char c) { return c < ' ' || c > '~' || c == '"' || c == '\\'; });
}

std::string file_name(const std::string& name) { return name + ".yaml"; }

// The clients of a file; for one that can't be read, its name and why.
std::vector<ClientFile> read_one(const Folder& folder, const std::string& file) {
  std::string mistake;
  const auto text = folder.read(file, mistake);
  std::vector<ClientFile> out;
  if (text)
    out = clients_in(file, *text);
  else
    out.emplace_back().mistake = mistake;
  for (ClientFile& each : out)
    if (!each.mistake.empty()) each.name = file.substr(0, file.size() - 5);
  return out;
}

// The names of those that the edge reads.
std::vector<std::string> files_in(const fs::path& directory, std::string& why) {
  int failure = 0;
  std::vector<std::string> out;
  for (const std::string& name : names_in(directory.string(), failure))
    if (!name.starts_with(".") && name.ends_with(".yaml")) out.push_back(name);
  if (failure != 0) why = directory.string() + ": " + std::generic_category().message(failure);
  std::sort(out.begin(), out.end());
  return out;
}

} // namespace

Secret random_key() {
  std::string bytes(32, '\0');
  if (RAND_priv_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) != 1) return Secret();
  const Secret drawn(std::move(bytes));
  std::string out = "lg_";
  out.reserve(64); // so that no copy of it stays behind
  http::append_base64(drawn.text(), out);
  while (out.ends_with('=')) out.pop_back();
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  return Secret(std::move(out));
}

std::optional<ClientFiles> ClientFiles::open(const fs::path& directory, bool make, std::string& why, const ServiceAccount& edge) {
  std::error_code ignored;
  const bool missing = make && !fs::exists(directory, ignored);
  auto folder = make ? Folder::make(directory, kFolder, why) : Folder::open(directory, why);
  if (!folder) return std::nullopt;
  auto lock = Lock::take(*folder, kLockWait, why);
  if (!lock) return std::nullopt;
  folder->sweep();
  Edge known = look_up(edge);
  if (missing && known.group && ::fchown(folder->descriptor(), static_cast<uid_t>(-1), *known.group) == 0)
    static_cast<void>(::fchmod(folder->descriptor(), kFolder)); // fchown clears bits
  ClientFiles files(std::move(*folder), std::move(*lock));
  const auto facts = files.folder_.facts(".");
  if (known.group && ::geteuid() == 0 && facts && !lets(known, *facts, 5))
    files.doubt_ = directory.string() + ": the edge can't read it; run: chgrp -R " + known.group_name + " " + directory.string() +
                   " && chmod g+rX " + directory.string();
  files.edge_ = std::move(known);
  return files;
}

std::optional<std::vector<ClientFile>> ClientFiles::list(const fs::path& directory, std::string& why) {
  const auto folder = Folder::open(directory, why);
  if (!folder) return std::nullopt;
  std::vector<ClientFile> out;
  const auto files = files_in(directory, why);
  if (!why.empty()) return std::nullopt;
  for (const std::string& file : files) {
    auto found = read_one(*folder, file);
    std::move(found.begin(), found.end(), std::back_inserter(out));
  }
  std::stable_sort(out.begin(), out.end(), [](const ClientFile& a, const ClientFile& b) { return a.name < b.name; });
  return out;
}

std::optional<std::string> ClientFiles::file_of(const std::string& client, std::string& why) const {
  std::string holder, broken;
  for (const std::string& file : files_in(folder_.path(), why)) {
    for (const ClientFile& each : read_one(folder_, file)) {
      if (!each.mistake.empty()) broken = each.mistake;
      if (!each.mistake.empty() || each.name != client) continue;
      if (!holder.empty()) why = "there are two clients " + client + ", in " + holder + " and in " + file + ": take one away";
      holder = file;
    }
  }
  if (!why.empty()) return std::nullopt;
  if (holder.empty() && !broken.empty()) why = "no file that can be read has a client " + client + "; one can't be: " + broken;
  return why.empty() ? std::optional(holder) : std::nullopt;
}

std::optional<ClientFiles::Held> ClientFiles::read(const std::string& name, std::string& why) const {
  if (why = name_mistake(name); !why.empty()) return std::nullopt;
  Held held;
  auto file = file_of(name, why);
  if (file && file->empty()) why = "there is no client " + name + " in " + folder_.path().string();
  if (!why.empty()) return std::nullopt;
  held.file = std::move(*file);
  auto text = folder_.read(held.file, why);
  if (!text) return std::nullopt;
  held.text = std::move(*text);
  if (!held.text.ends_with('\n')) held.text += '\n';
  for (ClientFile& each : clients_in(held.file, held.text))
    if (each.name == name) held.disabled = each.disabled;
  return held;
}

// Never what the edge would refuse: it would keep its old settings, and a key that was taken away would go on.
bool ClientFiles::write(const std::string& file, const std::string& text, std::string& why) {
  for (const auto& problem : settings::check_clients(text, file)) {
    if (problem.warning) continue;
    why = problem.format();
    return false;
  }
  const bool root = ::geteuid() == 0;
  FileFacts wanted{::geteuid(), root && edge_.group ? *edge_.group : folder_.group(), kFile};
  if (const auto old = folder_.facts(file)) wanted = *old;
  const Owner owner{root ? std::optional(wanted.user) : std::nullopt, wanted.group};
  if (!folder_.write(file, text, wanted.mode, why, owner)) return false;
  if (const std::string path = (folder_.path() / file).string(); root && edge_.group && doubt_.empty() && !lets(edge_, wanted, 4))
    doubt_ = path + ": the edge can't read it, and refuses the next reload; run: chgrp " + edge_.group_name + " " + path +
             " && chmod g+r " + path;
  return true;
}

std::string ClientFiles::taken_by_settings(const std::string& name) const {
  std::error_code failure;
  const fs::path here = fs::weakly_canonical(folder_.path(), failure), beside = here.parent_path();
  std::string ignored;
  const auto folder = Folder::open(beside, ignored);
  const auto text = folder ? folder->read(kSettingsFile, ignored) : std::nullopt;
  const SettingsClients said = text ? clients_of_settings(*text) : SettingsClients();
  if (said.directory.empty() || fs::weakly_canonical(beside / said.directory, failure) != here) return "";
  if (std::find(said.names.begin(), said.names.end(), name) == said.names.end()) return "";
  return "there is a client " + name + " already, in " + (beside / kSettingsFile).string() + ": choose another name";
}

std::optional<Secret> ClientFiles::add(const NewClient& client, std::int64_t now, std::string& why) {
  if (why = audit_.trouble(); !why.empty()) return std::nullopt;
  if (why = name_mistake(client.name); !why.empty()) return std::nullopt;
  if (why = taken_by_settings(client.name); !why.empty()) return std::nullopt;
  const auto file = file_of(client.name, why);
  if (file && !file->empty())
    why = "there is a client " + client.name + " already, in " + *file + ": `rotate` gives it a new key";
  else if (file && folder_.has(file_name(client.name)))
    why = file_name(client.name) + " is there already, with other clients in it or none: this one would take its place";
  if (!why.empty()) return std::nullopt;
  Secret key = random_key();
  if (key.text().empty()) {
    why = "there is no randomness: " + openssl_words();
    return std::nullopt;
  }
  std::string text =
      "# Kept by `ledgergate client`, which changes the lines api_key_sha256 and disabled only.\n\"" + client.name + "\":\n";
  text.append("  api_key_sha256: [\"").append(digest_of(key)).append("\"]\n");
  for (const auto& [words, label] : {std::pair(&client.from, "from"), std::pair(&client.operations, "operations")}) {
    if (!std::all_of(words->begin(), words->end(), safe)) {
      why = std::string("--") + label + ": there are characters in it that can't be meant";
      return std::nullopt;
    }
    if (!words->empty()) text.append("  ").append(label).append(": ").append(list_of(*words)).append("\n");
  }
  for (const auto& [word, label] : {std::pair(&client.turn_class, "class"), std::pair(&client.valid_until, "valid_until")}) {
    if (word->empty()) continue;
    if (!safe(*word)) {
      why = std::string("--") + label + ": there are characters in it that can't be meant";
      return std::nullopt;
    }
    text.append("  ").append(label).append(": \"").append(*word).append("\"\n");
  }
  if (!write(file_name(client.name), text, why)) return std::nullopt;
  audit_.note("added client=" + client.name, now);
  return key;
}

bool ClientFiles::set_disabled(const std::string& name, bool disabled, std::int64_t now, std::string& why) {
  const auto held = read(name, why);
  if (!held) return false;
  if (held->disabled == disabled) return true;
  if (!disabled && !unaudited().empty()) {
    why = unaudited();
    return false;
  }
  const auto text = with_disabled(held->text, name, disabled);
  if (!text) {
    why = held->file + ": was written in another way by hand: change `disabled` of " + name + " there yourself";
    return false;
  }
  if (!write(held->file, *text, why)) return false;
  audit_.note((disabled ? "disabled client=" : "enabled client=") + name, now);
  return true;
}

std::optional<Secret> ClientFiles::rotate(const std::string& name, Rotation rotation, std::int64_t now, std::string& why) {
  const auto held = read(name, why);
  if (!held) return std::nullopt;
  const std::string keys = keys_of(held->text, name).value_or("");
  const std::size_t comma = keys.find(", "); // the newer one stands first
  const std::string by_hand = held->file + ": the keys of " + name + " were written in another way by hand: change them there";
  if (keys.size() != (comma == std::string::npos ? 66 : 134)) {
    why = by_hand;
    return std::nullopt;
  }
  if ((rotation == Rotation::begin) != (comma == std::string::npos)) {
    why = rotation == Rotation::begin ? name + " has an old and a new key already: `rotate --finish` takes the old one away"
                                      : name + " has one key: no change of it has begun";
    return std::nullopt;
  }
  Secret key;
  std::string after =
      rotation == Rotation::finish ? keys.substr(0, comma) : keys.substr(comma == std::string::npos ? 0 : comma + 2);
  if (rotation == Rotation::begin) {
    if (why = audit_.trouble(); !why.empty()) return std::nullopt;
    key = random_key();
    if (key.text().empty()) {
      why = "there is no randomness: " + openssl_words();
      return std::nullopt;
    }
    after = '"' + digest_of(key) + "\", " + keys;
  }
  const auto text = with_keys(held->text, name, after);
  if (!text) {
    why = by_hand;
    return std::nullopt;
  }
  const char* const deed = rotation == Rotation::begin    ? "new key beside the old client="
                           : rotation == Rotation::finish ? "old key gone client="
                                                          : "new key taken back client=";
  if (!write(held->file, *text, why)) return std::nullopt;
  audit_.note(deed + name, now);
  return key;
}

} // namespace ledgergate::enrol
