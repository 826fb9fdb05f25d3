// Reads the tree with words for every mistake. A Value may be absent: then nothing is read and nothing is wrong, so a section reads
// all its keys in one straight line, whether they are there or not. This is also how the keys get known to known_keys() and the
// test of the JSON Schema: a Recorder notes what is asked for while the sections read an absent document.
#pragma once

#include "settings/document.h"
#include "settings/problems.h"
#include "settings/settings.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ledgergate::settings {

struct Recorder {
  std::vector<std::string> keys;                           // "listen[].certificates[].chain"
  std::vector<std::string> required;                       // those that must be there when the map around them is
  std::map<std::string, std::vector<std::string>> choices; // path -> the words it takes
};

struct Context {
  Problems& problems;
  std::filesystem::path directory; // relative file names start here
  Recorder* recorder = nullptr;
};

// A word of an enumeration.
template <class E>
using Choice = std::pair<std::string_view, E>;

// "" when the words may go to logs: not too long, no control characters.
[[nodiscard]] std::string label_mistake(std::string_view words);

// Of ASCII letters; all else as it is.
[[nodiscard]] std::string lower(std::string_view text);

// true, yes, on / false, no, off, as YAML 1.1 has them, in any case of letters.
[[nodiscard]] std::optional<bool> parse_boolean(std::string_view word);

class Value {
public:
  // `path` is the key's, as in known_keys(); its last part names the value in messages.
  Value(Context& context, NodePointer node, Place place, std::string path)
      : context_(&context), node_(std::move(node)), place_(place), path_(std::move(path)) {}

  [[nodiscard]] bool present() const noexcept { return node_ != nullptr; }
  [[nodiscard]] Place place() const noexcept { return place_; }
  [[nodiscard]] std::string name() const; // "`connect`", "an item of `listen`", "`pohoda`"
  [[nodiscard]] Context& context() const noexcept { return *context_; }
  void error(std::string text) const { context_->problems.error(place_, std::move(text)); }
  void warning(std::string text) const { context_->problems.warning(place_, std::move(text)); }

  // What it is; an absent value could be anything.
  [[nodiscard]] bool is_scalar() const { return is(Node::Kind::scalar); }
  [[nodiscard]] bool is_map() const { return is(Node::Kind::map); }
  // The words of a scalar, else "".
  [[nodiscard]] std::string_view words() const noexcept;

  // Each sets `out` and returns true, or says what is wrong (if present) and leaves `out` alone.
  bool text(std::string& out) const;
  bool boolean(bool& out) const;
  bool count(std::uint32_t& out, std::uint32_t min, std::uint32_t max) const;
  bool duration(Millis& out, Millis min, Millis max) const;
  bool size(std::uint64_t& out, std::uint64_t min, std::uint64_t max) const;
  bool size(std::uint32_t& out, std::uint32_t min, std::uint32_t max) const;
  bool label(std::string& out) const; // words that go to logs
  // A file name, made absolute from the config's directory; no look at the disk.
  bool path_name(std::string& out) const;
  // Whether anything has that name.
  [[nodiscard]] bool names_something() const;
  // With `only_warn`, a file that is not there (yet) is a warning that ends in these words.
  bool existing_file(std::string& out, std::string_view only_warn = {}) const;
  bool existing_directory(std::string& out) const;
  template <class E, std::size_t N>
  bool choice(E& out, const Choice<E> (&words)[N]) const {
    std::vector<std::string> known;
    for (const auto& [word, value] : words) known.emplace_back(word);
    const std::size_t index = choose(known);
    if (index == known.size()) return false;
    out = words[index].second;
    return true;
  }

  // Of a list; an absent or empty (`key:`) one has none. `if_empty` is the mistake, where being empty is one.
  [[nodiscard]] std::vector<Value> items(std::string_view if_empty = {}) const;
  // Of a map whose keys are names of the user's choice; the same.
  struct Named;
  [[nodiscard]] std::vector<Named> named(std::string_view if_empty = {}) const;

private:
  [[nodiscard]] bool is(Node::Kind kind) const { return node_ == nullptr || node_->kind == kind; }
  // Whether there is a scalar to look at; `wanted` completes "must be …".
  [[nodiscard]] bool scalar(std::string_view wanted) const;
  void wrong_type(std::string_view wanted) const;
  [[nodiscard]] std::size_t choose(const std::vector<std::string>& known) const;

  Context* context_;
  NodePointer node_;
  Place place_;
  std::string path_;
  std::string called_; // by the user, in named()
  friend class Map;
};

struct Value::Named {
  std::string key;
  Place place;
  Value value;
};

// A map with known keys. Its end of scope tells the keys that nobody asked for: nothing that looks like a lock is ever ignored.
class Map {
public:
  explicit Map(const Value& value);
  ~Map();
  Map(const Map&) = delete;
  Map& operator=(const Map&) = delete;

  [[nodiscard]] bool present() const noexcept { return value_.present(); }
  [[nodiscard]] Value get(std::string_view key);
  // The same, and an error when it is missing: `why`, or "… needs `key`".
  [[nodiscard]] Value need(std::string_view key, std::string_view why = {});

private:
  Value value_;
  std::vector<std::string> asked_;
};

} // namespace ledgergate::settings
