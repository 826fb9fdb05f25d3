#include "enrol/client_text.h"

#include "settings/document.h"
#include "settings/load.h"
#include "settings/reader.h"

#include <algorithm>
#include <string_view>

namespace ledgergate::enrol {
namespace {

using settings::Entry;
using settings::Node;
using settings::NodePointer;

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf"; // Windows editors put one
constexpr std::string_view kKeys = "api_key_sha256", kDisabled = "disabled";

// Null with a mistake.
NodePointer parse(const std::string& file, std::string_view text, std::string& mistake) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  settings::Problems problems(file, text);
  NodePointer root =
      settings::check_text(text, problems) ? settings::parse_document(text, problems, settings::kClientsNeed) : nullptr;
  const auto told = problems.take();
  const auto error = std::find_if(told.begin(), told.end(), [](const settings::Problem& each) { return !each.warning; });
  if (error != told.end())
    mistake = error->format();
  else if (root != nullptr && root->kind != Node::Kind::map)
    mistake = file + ": holds no clients: each is a name, with what it may below it";
  return mistake.empty() ? root : nullptr;
}

const Entry* find(const Node& map, std::string_view key) {
  const auto found = std::find_if(map.entries.begin(), map.entries.end(), [&](const Entry& each) { return each.key == key; });
  return found != map.entries.end() ? &*found : nullptr;
}

std::string words_of(const NodePointer& value) {
  if (value->kind != Node::Kind::sequence) return value->text;
  std::string out;
  for (const auto& item : value->items) out += (out.empty() ? "" : ",") + item->text;
  return out;
}

bool is_yes(const Entry* entry) {
  return entry != nullptr && settings::parse_boolean(entry->value->text).value_or(false); // as the edge reads it
}

// Whether two trees say the same but for the key `but` of the outermost map ("": but for nothing).
bool alike(const Node& a, const Node& b, std::string_view but = "") {
  if (a.kind != b.kind || a.text != b.text || a.items.size() != b.items.size()) return false;
  for (std::size_t i = 0; i < a.items.size(); ++i)
    if (!alike(*a.items[i], *b.items[i])) return false;
  const auto count = [&](const Node& map) {
    return std::count_if(map.entries.begin(), map.entries.end(), [&](const Entry& each) { return each.key != but; });
  };
  return count(a) == count(b) && std::all_of(a.entries.begin(), a.entries.end(), [&](const Entry& each) {
           const Entry* const other = find(b, each.key);
           return each.key == but || (other != nullptr && alike(*each.value, *other->value));
         });
}

// Whether `after` differs from `before` in this key of this client alone.
bool changes_only(const std::string& before, const std::string& after, const std::string& client, std::string_view key) {
  std::string mistake;
  const NodePointer old = parse("", before, mistake), now = parse("", after, mistake);
  if (old == nullptr || now == nullptr || old->entries.size() != now->entries.size()) return false;
  return std::all_of(old->entries.begin(), old->entries.end(), [&](const Entry& each) {
    const Entry* const other = find(*now, each.key);
    return other != nullptr && alike(*each.value, *other->value, each.key == client ? key : "");
  });
}

struct Span {
  std::size_t from = 0, size = 0;
};

// The line of that number (from 1), without its end.
Span line_of(const std::string& text, int number) {
  std::size_t from = 0;
  for (int i = 1; i < number && from != std::string::npos; ++i) {
    const std::size_t end = text.find('\n', from);
    from = end == std::string::npos ? end : end + 1;
  }
  if (from == std::string::npos) return {};
  return {from, std::min(text.find('\n', from), text.size()) - from};
}

// That client's keys and values, when it has some, each on a line below its name.
NodePointer block_of(const std::string& text, const std::string& client) {
  std::string mistake;
  const NodePointer root = parse("", text, mistake);
  const Entry* const entry = root != nullptr ? find(*root, client) : nullptr;
  if (entry == nullptr || entry->value->kind != Node::Kind::map || entry->value->entries.empty()) return nullptr;
  return entry->value->entries.front().place.line > entry->place.line ? entry->value : nullptr;
}

std::string indent_of(const Node& block) {
  return std::string(static_cast<std::size_t>(std::max(block.entries.front().place.column - 1, 0)), ' ');
}

// Where the digests stand in the text.
std::optional<Span> keys_in(const std::string& text, const std::string& client) {
  const NodePointer block = block_of(text, client);
  const Entry* const entry = block != nullptr ? find(*block, kKeys) : nullptr;
  if (entry == nullptr) return std::nullopt;
  const Span line = line_of(text, entry->place.line);
  const std::string before = indent_of(*block) + std::string(kKeys) + ": [";
  const std::string_view words = std::string_view(text).substr(line.from, line.size);
  if (!words.starts_with(before) || !words.ends_with(']')) return std::nullopt;
  const std::string_view keys = words.substr(before.size(), words.size() - before.size() - 1);
  const bool plain = std::all_of(keys.begin(), keys.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '"' || c == ',' || c == ' ';
  });
  return plain ? std::optional(Span{line.from + before.size(), keys.size()}) : std::nullopt;
}

} // namespace

std::vector<ClientFile> clients_in(const std::string& file, const std::string& text) {
  std::vector<ClientFile> out;
  std::string mistake;
  const NodePointer root = parse(file, text, mistake);
  if (!mistake.empty()) out.emplace_back().mistake = mistake;
  if (root == nullptr) return out;
  for (const Entry& client : root->entries) {
    ClientFile& each = out.emplace_back();
    each.name = client.key;
    for (const Entry& entry : client.value->entries) {
      if (entry.key == kKeys) each.keys = entry.value->kind == Node::Kind::sequence ? entry.value->items.size() : 1;
      if (entry.key == kDisabled) each.disabled = is_yes(&entry);
      if (entry.key == "from") each.from = words_of(entry.value);
      if (entry.key == "class") each.turn_class = entry.value->text;
      if (entry.key == "valid_until") each.valid_until = entry.value->text;
    }
  }
  return out;
}

SettingsClients clients_of_settings(const std::string& text) {
  SettingsClients out;
  std::string mistake;
  const NodePointer root = parse("", text, mistake);
  if (root == nullptr) return out;
  if (const Entry* const directory = find(*root, "clients_dir")) out.directory = directory->value->text;
  if (const Entry* const clients = find(*root, "clients"))
    for (const Entry& each : clients->value->entries) out.names.push_back(each.key);
  return out;
}

std::optional<std::string> keys_of(const std::string& text, const std::string& client) {
  const auto span = keys_in(text, client);
  return span ? std::optional(text.substr(span->from, span->size)) : std::nullopt;
}

std::optional<std::string> with_keys(const std::string& text, const std::string& client, const std::string& keys) {
  const auto span = keys_in(text, client);
  if (!span) return std::nullopt;
  std::string out = text;
  out.replace(span->from, span->size, keys);
  return changes_only(text, out, client, kKeys) && keys_of(out, client) == keys ? std::optional(out) : std::nullopt;
}

std::optional<std::string> with_disabled(const std::string& text, const std::string& client, bool disabled) {
  const NodePointer block = block_of(text, client);
  const Entry* const entry = block != nullptr ? find(*block, kDisabled) : nullptr;
  if (block == nullptr || (entry == nullptr) != disabled) return std::nullopt;
  const std::string written = indent_of(*block) + std::string(kDisabled) + ": true";
  std::string out = text;
  const Span line = line_of(text, disabled ? block->entries.front().place.line : entry->place.line);
  if (disabled) {
    out.insert(line.from, written + "\n"); // first of all, so that whatever follows keeps its place
  } else {
    if (text.compare(line.from, line.size, written) != 0) return std::nullopt;
    out.erase(line.from, line.size + 1);
  }
  std::string mistake;
  const NodePointer now = changes_only(text, out, client, kDisabled) ? parse("", out, mistake) : nullptr;
  const bool meant = now != nullptr && is_yes(find(*find(*now, client)->value, kDisabled)) == disabled;
  return meant ? std::optional(out) : std::nullopt;
}

} // namespace ledgergate::enrol
