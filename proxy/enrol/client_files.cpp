#include "enrol/client_files.h"

#include "base/directory.h"
#include "enrol/audit.h"
#include "enrol/index.h"
#include "http/base64.h"
#include "settings/document.h"
#include "settings/load.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <system_error>

#include <sys/types.h>

namespace ledgergate::enrol {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kLockWait{30'000};
constexpr mode_t kFile = 0640, kFolder = 0750; // the edge's group reads them
constexpr std::string_view kKeys = "  api_key_sha256: [", kDisabled = "  disabled: true\n";

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

// Where in `text` the keys stand: from the first quote to before the bracket. None when people wrote it in another way.
struct Span {
  std::size_t from = 0, size = 0;
};
std::optional<Span> keys_in(const std::string& text) {
  const std::size_t line = text.find("\n" + std::string(kKeys));
  if (line == std::string::npos || text.find("\n" + std::string(kKeys), line + 1) != std::string::npos) return std::nullopt;
  const std::size_t from = line + 1 + kKeys.size(), end = text.find("]\n", from);
  if (end == std::string::npos) return std::nullopt;
  const bool plain =
      std::all_of(text.begin() + static_cast<std::ptrdiff_t>(from), text.begin() + static_cast<std::ptrdiff_t>(end),
                  [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '"' || c == ',' || c == ' '; });
  return plain ? std::optional(Span{from, end - from}) : std::nullopt;
}

std::string words_of(const settings::NodePointer& value) {
  if (value->kind != settings::Node::Kind::sequence) return value->text;
  std::string out;
  for (const auto& item : value->items) out += (out.empty() ? "" : ",") + item->text;
  return out;
}

ClientFile read_one(const Folder& folder, const std::string& file) {
  ClientFile out;
  out.name = file.substr(0, file.size() - 5);
  const auto text = folder.read(file, out.mistake);
  if (!text) return out;
  settings::Problems problems(file, *text);
  const settings::NodePointer root = settings::check_text(*text, problems) ? settings::parse_document(*text, problems) : nullptr;
  if (root == nullptr || root->entries.size() != 1 || root->entries[0].value->kind != settings::Node::Kind::map) {
    const auto told = problems.take();
    out.mistake = told.empty() ? file + ": is not one client" : told.front().format();
    return out;
  }
  out.name = root->entries[0].key;
  for (const settings::Entry& entry : root->entries[0].value->entries) {
    if (entry.key == "api_key_sha256")
      out.keys = entry.value->kind == settings::Node::Kind::sequence ? entry.value->items.size() : 1;
    if (entry.key == "disabled")
      out.disabled = entry.value->text == "true" || entry.value->text == "yes" || entry.value->text == "on";
    if (entry.key == "from") out.from = words_of(entry.value);
    if (entry.key == "class") out.turn_class = entry.value->text;
    if (entry.key == "valid_until") out.valid_until = entry.value->text;
  }
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

std::optional<ClientFiles> ClientFiles::open(const fs::path& directory, bool make, std::string& why) {
  auto folder = make ? Folder::make(directory, kFolder, why) : Folder::open(directory, why);
  if (!folder) return std::nullopt;
  auto lock = Lock::take(*folder, kLockWait, why);
  if (!lock) return std::nullopt;
  folder->sweep();
  return ClientFiles(std::move(*folder), std::move(*lock));
}

std::optional<std::vector<ClientFile>> ClientFiles::list(const fs::path& directory, std::string& why) {
  const auto folder = Folder::open(directory, why);
  if (!folder) return std::nullopt;
  std::vector<ClientFile> out;
  int failure = 0;
  for (const std::string& name : names_in(directory.string(), failure)) {
    if (!name.starts_with(".") && name.ends_with(".yaml")) out.push_back(read_one(*folder, name));
  }
  if (failure != 0) {
    why = directory.string() + ": " + std::generic_category().message(failure);
    return std::nullopt;
  }
  std::sort(out.begin(), out.end(), [](const ClientFile& a, const ClientFile& b) { return a.name < b.name; });
  return out;
}

std::optional<std::string> ClientFiles::read(const std::string& name, std::string& why) const {
  if (why = name_mistake(name); !why.empty()) return std::nullopt;
  if (folder_.has(file_name(name))) return folder_.read(file_name(name), why);
  why = "there is no client " + name + " in " + folder_.path().string();
  return std::nullopt;
}

// Never what the edge would refuse: it would keep its old settings, and a key that was taken away would go on.
bool ClientFiles::write(const std::string& name, const std::string& text, std::string& why) const {
  for (const auto& problem : settings::check_clients(text, file_name(name))) {
    if (problem.warning) continue;
    why = problem.format();
    return false;
  }
  return folder_.write(file_name(name), text, kFile, why, folder_.group());
}

std::optional<Secret> ClientFiles::add(const NewClient& client, std::int64_t now, std::string& why) {
  if (why = name_mistake(client.name); !why.empty()) return std::nullopt;
  if (folder_.has(file_name(client.name))) {
    why = "there is a client " + client.name + " already: `rotate` gives it a new key";
    return std::nullopt;
  }
  Secret key = random_key();
  if (key.text().empty()) {
    why = "there is no randomness: " + openssl_words();
    return std::nullopt;
  }
  std::string text =
      "# Kept by `ledgergate client`, which changes the lines api_key_sha256 and disabled only.\n\"" + client.name + "\":\n";
  text.append(kKeys).append("\"").append(digest_of(key)).append("\"]\n");
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
  if (!write(client.name, text, why) || !audit(folder_, "added client=" + client.name, now, why)) return std::nullopt;
  return key;
}

bool ClientFiles::set_disabled(const std::string& name, bool disabled, std::int64_t now, std::string& why) {
  auto text = read(name, why);
  if (!text) return false;
  if (!text->ends_with('\n')) *text += '\n';
  const std::size_t line = text->find("\n" + std::string(kDisabled));
  const bool written = line != std::string::npos;
  if (read_one(folder_, file_name(name)).disabled == disabled) return true;
  // Behind the client's own line, so that whatever follows keeps its place.
  const std::size_t keys = text->find("\n" + std::string(kKeys));
  if (disabled ? keys == std::string::npos : !written) {
    why = file_name(name) + ": was written in another way by hand: change `disabled` there yourself";
    return false;
  }
  if (disabled)
    text->insert(keys + 1, kDisabled);
  else
    text->erase(line + 1, kDisabled.size());
  return write(name, *text, why) && audit(folder_, (disabled ? "disabled client=" : "enabled client=") + name, now, why);
}

std::optional<Secret> ClientFiles::rotate(const std::string& name, Rotation rotation, std::int64_t now, std::string& why) {
  auto text = read(name, why);
  if (!text) return std::nullopt;
  const auto span = keys_in(*text);
  const std::string keys = span ? text->substr(span->from, span->size) : "";
  const std::size_t comma = keys.find(", "); // the newer one stands first
  if (!span || keys.size() != (comma == std::string::npos ? 66 : 134)) {
    why = file_name(name) + ": its keys were written in another way by hand: change them there";
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
    key = random_key();
    if (key.text().empty()) {
      why = "there is no randomness: " + openssl_words();
      return std::nullopt;
    }
    after = '"' + digest_of(key) + "\", " + keys;
  }
  text->replace(span->from, span->size, after);
  const char* const deed = rotation == Rotation::begin    ? "new key beside the old client="
                           : rotation == Rotation::finish ? "old key gone client="
                                                          : "new key taken back client=";
  if (!write(name, *text, why) || !audit(folder_, deed + name, now, why)) return std::nullopt;
  return key;
}

} // namespace ledgergate::enrol
