// What a reply says of its request: done or failed, in the vendors' own words. For the log and the metrics.
//
// A reply is never refused for what it says: one that can't be read has the outcome `unknown`. Little effort is made: the state of
// an mserver or shop reply is an attribute of its root; its items are counted for the first megabyte only.
#pragma once

#include "http/inflate.h"
#include "inspect/json_reader.h"
#include "inspect/xml_parser.h"
#include "settings/settings.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ledgergate::inspect {

enum class State : std::uint8_t { unknown, ok, warning, error };

struct Outcome {
  State state = State::unknown; // responsePack/@state (mServer, shops), Result (ApiComPrem): docs/vendors.md
  std::uint32_t ok = 0;         // responsePackItems of that state
  std::uint32_t warning = 0;
  std::uint32_t error = 0;
  bool partial = false; // there may be more items than were counted
};

// One reply. Not thread-safe. Never throws.
class OutcomeReader final : private XmlHandler, private JsonHandler {
public:
  // `profile`: mserver, apicomprem or eshop; any other has no outcome. `content_type`: the reply's, or empty. `coding`: what
  // http::content_coding() says of it; nothing of a coding that is not known.
  OutcomeReader(settings::Profile profile, std::string_view content_type, std::optional<http::Coding> coding) noexcept;
  OutcomeReader(const OutcomeReader&) = delete;
  OutcomeReader& operator=(const OutcomeReader&) = delete;
  ~OutcomeReader() = default;

  // Bytes of the body, in order.
  void feed(std::string_view bytes) noexcept;
  // The body is complete. Without it the items counted so far are a part.
  void finish() noexcept;
  // Whether more bytes could tell more.
  [[nodiscard]] bool curious() const noexcept { return curious_; }
  [[nodiscard]] const Outcome& outcome() const noexcept { return outcome_; }

private:
  void element(XmlParser& parser, const XmlName& name) override;
  void attribute(XmlParser& parser, const XmlName& name, std::string_view value) override;
  void key(JsonReader& reader, std::string_view name) override;
  void value(JsonReader& reader, JsonKind kind) override;
  void string(JsonReader& reader, std::string_view bytes) override;
  void value_end(JsonReader& reader, JsonKind kind) override;
  void read(std::string_view decoded) noexcept;
  void give_up() noexcept;

  Outcome outcome_;
  std::uint64_t left_; // decoded bytes that may still be looked at
  std::uint32_t items_ = 0;
  std::optional<http::Inflater> inflater_;
  std::optional<XmlParser> xml_;
  std::optional<JsonReader> json_;
  std::string result_; // apicomprem: the text of Result
  bool in_pack_ = false;
  bool in_item_ = false;
  bool in_result_ = false;
  bool curious_ = true;
};

} // namespace ledgergate::inspect
