// What a JSON request to ApiComPrem asks: `{"command":{"inComm":"INFO",…}}`, `{"select":"select top 10 * from partnery"}` or both.
//
// docs/vendors.md, ApiComPrem. Json.NET reads it there and finds members without regard to case: so does this. Refused is what
// could be read in two ways (see json_reader.h), and: other top-level names than command, select, queryFields, queryCondition and
// data; a command inside something else; `%` in a name or in inComm and a percent-encoded quote or backslash anywhere, since the
// server may percent-decode the text before it reads the JSON (docs/vendors.md, ApiComPrem, "The reader"); names that begin with
// `$`, which Json.NET takes for references and types.
#pragma once

#include "inspect/json_reader.h"

#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::inspect {

// The operation that `select` is: raw SQL.
inline constexpr std::string_view kSelect = "select";

struct JsonRequest {
  std::string command;                 // inComm as the caller spelled it; empty: none
  std::vector<std::string> operations; // the command, and `select` where there is one; not empty after finish()
};

// One request body, its Content-Encoding taken off. Not thread-safe.
class JsonCommand final : private JsonHandler {
public:
  // `header_charset`: the charset parameter of Content-Type, or empty. UTF-16 and unknown ones are refused.
  explicit JsonCommand(std::string_view header_charset, JsonBounds bounds = {}) noexcept;
  ~JsonCommand() = default;
  JsonCommand(const JsonCommand&) = delete;
  JsonCommand& operator=(const JsonCommand&) = delete;

  // Errors: body_unreadable, body_too_large, out_of_memory; for good.
  [[nodiscard]] Result<void> feed(std::string_view bytes) noexcept;
  [[nodiscard]] Result<void> finish() noexcept;

  // Whole only after finish().
  [[nodiscard]] const JsonRequest& request() const noexcept { return request_; }

private:
  // What a value is to this reader. Objects and arrays hand it down to what they hold; `other` is looked through for commands, the
  // names in `data` are nobody's business.
  enum class Part : std::uint8_t { root, command, in_comm, in_param, select, other, data };

  void key(JsonReader& reader, std::string_view name) override;
  void value(JsonReader& reader, JsonKind kind) override;
  void string(JsonReader& reader, std::string_view bytes) override;
  void value_end(JsonReader& reader, JsonKind kind) override;
  [[nodiscard]] Part part_of_root(JsonReader& reader, std::string_view name) const;
  [[nodiscard]] Part part_below(JsonReader& reader, Part parent, std::string_view name) const;
  void watch_percent(JsonReader& reader, std::string_view bytes);

  JsonRequest request_;
  std::string percent_;         // a '%' in a string and what follows it, as far as it may become a quote
  std::array<Part, 65> open_{}; // of each open object and array, by depth
  Part part_ = Part::root;      // of the value that comes or is read
  bool selects_ = false;
  bool header_readable_;
  JsonReader reader_;
};

} // namespace ledgergate::inspect
