// One YAML document as a tree that knows its places. Stricter than yaml-cpp's own: duplicate keys, keys that are not plain words,
// tags, a second document, a quote that is never closed, and depth or size beyond any sane config are mistakes.
#pragma once

#include "settings/problems.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::settings {

struct Node;
using NodePointer = std::shared_ptr<const Node>; // shared: an alias is the anchored node itself

struct Entry {
  std::string key;
  Place place;
  NodePointer value;
};

struct Node {
  enum class Kind { null, scalar, sequence, map };
  Kind kind = Kind::null;
  Place place;
  std::string text;               // of a scalar
  std::vector<NodePointer> items; // of a sequence
  std::vector<Entry> entries;     // of a map, in file order, each key once
  std::size_t size = 1;           // nodes in this tree, aliases counted as what they stand for
};

inline constexpr std::string_view kSettingsNeed = "it needs at least `listen`, `servers` and `routes`";
inline constexpr std::string_view kClientsNeed =
    "a file of `clients_dir` holds clients, `NAME:` and what each has; take it away where "
    "none is meant";

// Null when there is no usable document; then there is a problem. `text` is without a byte order mark; `needs` is said of a file
// that says nothing.
[[nodiscard]] NodePointer parse_document(std::string_view text, Problems& problems, std::string_view needs = kSettingsNeed);

// Whether the bytes are UTF-8 text without control characters other than tab and line ends; else the first bad byte is told.
[[nodiscard]] bool check_text(std::string_view text, Problems& problems);

} // namespace ledgergate::settings
