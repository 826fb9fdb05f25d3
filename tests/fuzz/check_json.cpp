#include "checks.h"
#include "http/head.h"
#include "inspect/json_command.h"
#include "require.h"

#include <nlohmann/json.hpp>

#include <set>
#include <string>

namespace ledgergate::fuzz {
namespace {

using nlohmann::json;

// Takes all that ours takes, and no more: anything is fine but an error.
class Silent final : public inspect::JsonHandler {
public:
  void key(inspect::JsonReader&, std::string_view) override {}
  void value(inspect::JsonReader&, inspect::JsonKind) override {}
  void string(inspect::JsonReader&, std::string_view) override {}
  void value_end(inspect::JsonReader&, inspect::JsonKind) override {}
};

// What ours refuses though it is JSON.
const std::set<std::string_view> kStricter = {
    "the body is not a JSON object",
    "the JSON is nested too deep",
    "a name in the JSON is too long",
    "a number in the JSON is too long",
    "an object of the JSON has too many names",
    "a name appears twice in an object of the JSON",
    "a NUL in a string of the JSON",
};

const json* member(const json& object, std::string_view name) {
  for (const auto& [key, value] : object.items())
    if (http::iequals(key, name)) return &value;
  return nullptr;
}

void compare(const json& document, const inspect::JsonRequest& request) {
  const json* const command = member(document, "command");
  const json* name = command != nullptr && command->is_object() ? member(*command, "inComm") : nullptr;
  require((name == nullptr && request.command.empty()) || (name != nullptr && *name == request.command), "both find one command");
  const json* select = member(document, "select");
  if ((select == nullptr || select->is_null()) && command != nullptr && command->is_object()) select = member(*command, "select");
  const bool selects = select != nullptr && !select->is_null();
  require(request.operations.size() == (request.command.empty() ? 0U : 1U) + (selects ? 1U : 0U), "both see select or not");
}

} // namespace

void check_json(std::string_view bytes) {
  Silent silent;
  inspect::JsonReader plain(silent);
  Result<void> ours = plain.feed(bytes);
  if (ours) ours = plain.finish();
  bool too_large_a_number = false;
  json document;
  try {
    document = json::parse(bytes.begin(), bytes.end());
  } catch (const json::out_of_range&) {
    too_large_a_number = true; // 1e999
  } catch (const json::parse_error&) {
    document = json(json::value_t::discarded);
  }
  const bool theirs = !too_large_a_number && !document.is_discarded();
  if (ours) require(theirs || too_large_a_number, "ours takes nothing that is not JSON");
  // nlohmann's takes a NUL for the end of the text.
  const bool ended_early = bytes.find('\0') != std::string_view::npos;
  if (!ours && theirs && !ended_early) require(kStricter.count(ours.error().detail) == 1, "ours takes what is JSON");

  bool first = true;
  Result<void> expected;
  for (const auto& pieces : cuts(bytes)) {
    inspect::JsonCommand reader("utf-8");
    Result<void> got;
    for (const std::string_view piece : pieces)
      if (got) got = reader.feed(piece);
    if (got) got = reader.finish();
    if (first) expected = got;
    first = false;
    require(got.ok() == expected.ok() && got.error().detail == expected.error().detail, "cutting changes no verdict");
    if (got) require(!reader.request().operations.empty(), "what is taken asks for something");
    if (got && theirs && !ended_early) compare(document, reader.request());
  }
}

} // namespace ledgergate::fuzz
