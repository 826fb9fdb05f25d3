#include "settings/reader.h"

#include "settings/credentials_directory.h"
#include "settings/suggest.h"
#include "settings/units.h"
#include "settings/unknown_keys.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace ledgergate::settings {
namespace {

constexpr std::size_t kLongestLabel = 128;

std::string_view kind_name(Node::Kind kind) {
  switch (kind) {
  case Node::Kind::null: return "nothing";
  case Node::Kind::scalar: return "a single value";
  case Node::Kind::sequence: return "a list";
  case Node::Kind::map: return "a map";
  }
  return "nothing";
}

std::string list_of(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += '`' + words[i] + '`';
  }
  return out;
}

} // namespace

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::optional<bool> parse_boolean(std::string_view word) {
  const std::string low = lower(word);
  if (low == "true" || low == "yes" || low == "on") return true;
  if (low == "false" || low == "no" || low == "off") return false;
  return std::nullopt;
}

std::string label_mistake(std::string_view words) {
  const bool control =
      std::any_of(words.begin(), words.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (!control && words.size() <= kLongestLabel) return "";
  return " must be at most " + std::to_string(kLongestLabel) + " bytes long and hold no control characters";
}

std::string Value::name() const {
  if (path_.empty()) return "the config";
  if (!called_.empty()) return quote(called_);
  std::string_view key = path_;
  const bool item = key.ends_with("[]");
  if (item || key.ends_with("{}")) key.remove_suffix(2);
  if (const auto dot = key.rfind('.'); dot != std::string_view::npos) key.remove_prefix(dot + 1);
  return (item ? "an item of `" : "`") + std::string(key) + '`';
}

std::string_view Value::words() const noexcept {
  return node_ != nullptr && node_->kind == Node::Kind::scalar ? std::string_view(node_->text) : std::string_view();
}

void Value::wrong_type(std::string_view wanted) const {
  if (node_->kind == Node::Kind::null) return error(name() + " has no value; it must be " + std::string(wanted));
  error(name() + " must be " + std::string(wanted) + ", not " + std::string(kind_name(node_->kind)));
}

bool Value::scalar(std::string_view wanted) const {
  if (node_ == nullptr) return false;
  if (node_->kind == Node::Kind::scalar && !node_->text.empty()) return true;
  if (node_->kind == Node::Kind::scalar)
    error(name() + " is empty; it must be " + std::string(wanted));
  else
    wrong_type(wanted);
  return false;
}

bool Value::text(std::string& out) const {
  if (!scalar("a text")) return false;
  out = node_->text;
  return true;
}

bool Value::boolean(bool& out) const {
  if (!scalar("`true` or `false`")) return false;
  const auto value = parse_boolean(node_->text);
  if (!value) error(name() + " must be `true` or `false`, not " + quote(node_->text));
  out = value.value_or(out);
  return value.has_value();
}

bool Value::count(std::uint32_t& out, std::uint32_t min, std::uint32_t max) const {
  const std::string wanted = "a number from " + std::to_string(min) + " to " + std::to_string(max);
  if (!scalar(wanted)) return false;
  std::uint32_t number = 0;
  const std::string& word = node_->text;
  const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (failure != std::errc{} || end != word.data() + word.size() || number < min || number > max) {
    error(name() + " must be " + wanted + ", not " + quote(word));
    return false;
  }
  out = number;
  return true;
}

bool Value::duration(Millis& out, Millis min, Millis max) const {
  static constexpr std::string_view wanted = "a time such as `500ms`, `10s`, `2min`, `1h` or `7d`";
  if (!scalar(wanted)) return false;
  const auto value = parse_duration(node_->text);
  if (!value) {
    error(name() + " must be " + std::string(wanted) + ", not " + quote(node_->text));
    return false;
  }
  if (*value < min || *value > max) {
    error(name() + " must be from " + duration_text(min) + " to " + duration_text(max) + ", not " + quote(node_->text));
    return false;
  }
  out = *value;
  return true;
}

bool Value::size(std::uint64_t& out, std::uint64_t min, std::uint64_t max) const {
  static constexpr std::string_view wanted = "a size such as `512`, `8KiB`, `256MiB` or `2GiB`";
  if (!scalar(wanted)) return false;
  const auto value = parse_size(node_->text);
  if (!value) {
    error(name() + " must be " + std::string(wanted) + ", not " + quote(node_->text));
    return false;
  }
  if (*value < min || *value > max) {
    error(name() + " must be from " + size_text(min) + " to " + size_text(max) + ", not " + quote(node_->text));
    return false;
  }
  out = *value;
  return true;
}

bool Value::size(std::uint32_t& out, std::uint32_t min, std::uint32_t max) const {
  std::uint64_t wide = 0;
  if (!size(wide, min, max)) return false;
  out = static_cast<std::uint32_t>(wide);
  return true;
}

bool Value::label(std::string& out) const {
  if (!scalar("a name")) return false;
  const std::string& word = node_->text;
  const bool control =
      std::any_of(word.begin(), word.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (control || word.size() > kLongestLabel) {
    error(name() + " must be at most " + std::to_string(kLongestLabel) + " characters long and hold no control characters");
    return false;
  }
  out = word;
  return true;
}

bool Value::path_name(std::string& out) const {
  if (!scalar("a path")) return false;
  // NUL can't stand in a file name, but "\0" can stand in YAML: what is behind it would silently not count.
  if (node_->text.find('\0') != std::string::npos) {
    error(name() + " must not hold a NUL");
    return false;
  }
  out = place_of_credential((context_->directory / node_->text).lexically_normal().string());
  return true;
}

bool Value::names_something() const {
  std::string path;
  std::error_code ignored;
  return path_name(path) && std::filesystem::exists(std::filesystem::status(path, ignored));
}

bool Value::existing_file(std::string& out, std::string_view only_warn) const {
  std::string path;
  if (!path_name(path)) return false;
  std::error_code failure;
  const auto status = std::filesystem::status(path, failure);
  out = path;
  if (std::filesystem::is_regular_file(status)) return true;
  if (status.type() == std::filesystem::file_type::not_found) {
    const std::string words = name() + ": the file " + quote(path) + " does not exist";
    if (only_warn.empty())
      error(words);
    else
      warning(words + std::string(only_warn));
  } else if (failure)
    error(name() + ": " + quote(path) + " can't be looked at: " + failure.message());
  else
    error(name() + ": " + quote(path) + " is not a file");
  return false;
}

bool Value::existing_directory(std::string& out) const {
  std::string path;
  if (!path_name(path)) return false;
  std::error_code failure;
  const auto status = std::filesystem::status(path, failure);
  out = path;
  if (std::filesystem::is_directory(status)) return true;
  if (status.type() == std::filesystem::file_type::not_found)
    error(name() + ": the directory " + quote(path) + " does not exist");
  else if (failure)
    error(name() + ": " + quote(path) + " can't be looked at: " + failure.message());
  else
    error(name() + ": " + quote(path) + " is not a directory");
  return false;
}

std::size_t Value::choose(const std::vector<std::string>& known) const {
  if (context_->recorder != nullptr) context_->recorder->choices[path_] = known;
  if (!scalar(list_of(known))) return known.size();
  const auto found = std::find(known.begin(), known.end(), node_->text);
  if (found == known.end())
    error(name() + " must be " + list_of(known) + ", not " + quote(node_->text) + did_you_mean(node_->text, known));
  return static_cast<std::size_t>(found - known.begin());
}

std::vector<Value> Value::items(std::string_view if_empty) const {
  std::vector<Value> out;
  if (node_ == nullptr) {
    if (context_->recorder != nullptr) out.emplace_back(*context_, nullptr, place_, path_ + "[]");
    return out;
  }
  if (node_->kind != Node::Kind::sequence && node_->kind != Node::Kind::null) {
    wrong_type("a list");
    return out;
  }
  if (node_->items.empty() && !if_empty.empty()) error(std::string(if_empty));
  for (const NodePointer& item : node_->items) out.emplace_back(*context_, item, item->place, path_ + "[]");
  return out;
}

std::vector<Value::Named> Value::named(std::string_view if_empty) const {
  std::vector<Named> out;
  if (node_ == nullptr && context_->recorder != nullptr)
    out.push_back({"", place_, Value(*context_, nullptr, place_, path_ + "{}")});
  if (node_ == nullptr) return out;
  if (node_->kind != Node::Kind::map && node_->kind != Node::Kind::null) {
    wrong_type("a map");
    return out;
  }
  if (node_->entries.empty() && !if_empty.empty()) error(std::string(if_empty));
  for (const Entry& entry : node_->entries) {
    out.push_back({entry.key, entry.place, Value(*context_, entry.value, entry.value->place, path_ + "{}")});
    out.back().value.called_ = entry.key;
  }
  return out;
}

Map::Map(const Value& value) : value_(value) {
  // A map whose every line is commented out is an empty map.
  if (!value_.present() || value_.node_->kind == Node::Kind::map || value_.node_->kind == Node::Kind::null) return;
  value_.wrong_type("a map");
  value_.node_ = nullptr;
}

Map::~Map() {
  if (!value_.present()) return;
  for (const Entry& entry : value_.node_->entries) {
    if (std::find(asked_.begin(), asked_.end(), entry.key) != asked_.end()) continue;
    Problems& problems = value_.context_->problems;
    if (entry.key == "<<")
      problems.error(entry.place, "merge keys (`<<`) are not supported: use an alias for a whole value, or repeat the keys");
    else
      problems.error(entry.place, unknown_key(entry.key, value_.path_, asked_));
  }
}

Value Map::get(std::string_view key) {
  std::string path = value_.path_;
  if (!path.empty()) path += '.';
  path += key;
  asked_.emplace_back(key);
  if (value_.context_->recorder != nullptr) value_.context_->recorder->keys.push_back(path);
  if (value_.present())
    for (const Entry& entry : value_.node_->entries)
      if (entry.key == key) return {*value_.context_, entry.value, entry.value->place, std::move(path)};
  return {*value_.context_, nullptr, value_.place_, std::move(path)};
}

Value Map::need(std::string_view key, std::string_view why) {
  Value value = get(key);
  if (value_.context_->recorder != nullptr) value_.context_->recorder->required.push_back(value.path_);
  if (present() && !value.present())
    value_.error(why.empty() ? value_.name() + " needs `" + std::string(key) + '`' : std::string(why));
  return value;
}

} // namespace ledgergate::settings
