#include "inspect/json_command.h"

#include "http/chars.h"
#include "http/head.h"
#include "inspect/charset.h"

#include <algorithm>
#include <new>

namespace ledgergate::inspect {
namespace {

constexpr std::size_t kMostCommand = 64; // bytes of inComm

// What becomes a quote or a backslash when text is percent-decoded, also in Microsoft's %uXXXX form: decoded before the JSON is
// read, it would end a string where this reader goes on.
constexpr std::string_view kDangers[] = {"%22", "%5c", "%u0022", "%u005c"};

constexpr Error unreadable(std::string_view detail) noexcept { return {Cause::body_unreadable, detail}; }

bool is(std::string_view name, std::string_view wanted) noexcept { return http::iequals(name, wanted); }

bool ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

bool plain_name(std::string_view name) noexcept {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

bool structure_survives(std::string_view charset) noexcept {
  if (charset.empty()) return true;
  const auto known = charset_named(charset);
  return known && ascii_compatible(*known);
}

} // namespace

JsonCommand::JsonCommand(std::string_view header_charset, JsonBounds bounds) noexcept
    : header_readable_(structure_survives(header_charset)), reader_(*this, bounds) {}

// The names of the documented members, in the places that the vendor's manual gives them ("Formát HTTP_in" lists select among the
// command's own members, its PHP sample has it at the top).
JsonCommand::Part JsonCommand::part_of_root(JsonReader& reader, std::string_view name) const {
  if (is(name, "command")) return Part::command;
  if (is(name, "select")) return Part::select;
  if (is(name, "data")) return Part::data;
  if (is(name, "queryFields") || is(name, "queryCondition")) return Part::other;
  reader.stop(unreadable("the JSON has a top-level name that is not known"));
  return Part::other;
}

JsonCommand::Part JsonCommand::part_below(JsonReader& reader, Part parent, std::string_view name) const {
  // Case folding beyond ASCII differs between versions of .NET; no documented name needs it.
  if (!ascii(name)) reader.stop(unreadable("a name in the command is not ASCII"));
  if (parent == Part::command) {
    if (is(name, "inComm")) return Part::in_comm;
    if (is(name, "inParam")) return Part::in_param;
    if (is(name, "select")) return Part::select;
    if (is(name, "data")) return Part::data;
  }
  if (parent == Part::in_param && is(name, "parameters")) return Part::data;
  if (is(name, "command") || is(name, "inComm") || is(name, "select")) reader.stop(unreadable("a command inside something else"));
  return Part::other;
}

void JsonCommand::key(JsonReader& reader, std::string_view name) {
  if (name.find('%') != std::string_view::npos) return reader.stop(unreadable("a percent sign in a name of the JSON"));
  // $ref, $id, $type: Json.NET obeys them.
  if (name.starts_with('$')) return reader.stop(unreadable("a name of the JSON begins with a dollar sign"));
  const Part parent = open_[reader.depth()];
  if (parent == Part::data)
    part_ = Part::data;
  else
    part_ = parent == Part::root ? part_of_root(reader, name) : part_below(reader, parent, name);
}

void JsonCommand::value(JsonReader& reader, JsonKind kind) {
  // "JSON parameters whose value is null need not be sent": null is absent.
  if (part_ == Part::command && kind != JsonKind::object && kind != JsonKind::null)
    return reader.stop(unreadable("the command is not an object"));
  if (part_ == Part::in_comm && kind != JsonKind::string) return reader.stop(unreadable("inComm is not a string"));
  if (part_ == Part::select) {
    if (kind != JsonKind::string && kind != JsonKind::null) return reader.stop(unreadable("select is not a string"));
    selects_ = selects_ || kind == JsonKind::string;
  }
  if (kind == JsonKind::object || kind == JsonKind::array) open_[reader.depth()] = part_;
  percent_.clear();
}

void JsonCommand::string(JsonReader& reader, std::string_view bytes) {
  if (part_ != Part::in_comm) return watch_percent(reader, bytes);
  if (request_.command.size() + bytes.size() > kMostCommand) return reader.stop(unreadable("inComm is too long"));
  request_.command += bytes;
}

void JsonCommand::value_end(JsonReader& reader, JsonKind kind) {
  if (part_ == Part::in_comm && kind == JsonKind::string && !plain_name(request_.command))
    reader.stop(unreadable("inComm is not a plain name"));
  // What holds the value that ended says what the next item is; a member is named again.
  const bool container = kind == JsonKind::object || kind == JsonKind::array;
  part_ = open_[container ? reader.depth() - 1 : reader.depth()];
}

void JsonCommand::watch_percent(JsonReader& reader, std::string_view bytes) {
  while (!bytes.empty()) {
    if (percent_.empty()) {
      const std::size_t at = bytes.find('%');
      if (at == std::string_view::npos) return;
      bytes.remove_prefix(at);
    }
    percent_ += http::lower(bytes.front());
    const bool percent = bytes.front() == '%';
    bytes.remove_prefix(1);
    bool may_become = false;
    for (const std::string_view danger : kDangers) {
      if (danger == percent_) return reader.stop(unreadable("a percent-encoded quote or backslash in the JSON"));
      may_become = may_become || danger.starts_with(percent_);
    }
    if (!may_become) percent_ = percent ? "%" : "";
  }
}

Result<void> JsonCommand::feed(std::string_view bytes) noexcept {
  if (!header_readable_) return unreadable("the charset of the Content-Type is not that of JSON");
  try {
    return reader_.feed(bytes);
  } catch (const std::bad_alloc&) {
    reader_.stop({Cause::out_of_memory});
    return Error{Cause::out_of_memory};
  }
}

Result<void> JsonCommand::finish() noexcept {
  if (!header_readable_) return unreadable("the charset of the Content-Type is not that of JSON");
  try {
    const auto whole = reader_.finish();
    if (!whole) return whole;
    if (!request_.command.empty()) request_.operations.push_back(request_.command);
    if (selects_) request_.operations.emplace_back(kSelect);
  } catch (const std::bad_alloc&) {
    return Error{Cause::out_of_memory};
  }
  if (request_.operations.empty()) return unreadable("the JSON names no command");
  return {};
}

} // namespace ledgergate::inspect
