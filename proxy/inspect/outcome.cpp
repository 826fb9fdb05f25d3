#include "inspect/outcome.h"

#include "http/head.h"

#include <algorithm>
#include <new>

namespace ledgergate::inspect {
namespace {

using settings::Profile;

constexpr std::uint64_t kMostLooked = 1ULL << 20; // decoded bytes
constexpr std::uint32_t kMostItems = 10'000;
constexpr std::size_t kMostResult = 16; // bytes of a Result that are kept: more than any that means something
constexpr Error kKnown{Cause::body_unreadable, "enough was read"};

// mServer writes "ok", shops also "OK"; ApiComPrem "OK" and "ERR" (docs/vendors.md).
State state_named(std::string_view word) noexcept {
  if (http::iequals(word, "ok")) return State::ok;
  if (http::iequals(word, "warning")) return State::warning;
  if (http::iequals(word, "error") || http::iequals(word, "ERR")) return State::error;
  return State::unknown;
}

} // namespace

OutcomeReader::OutcomeReader(Profile profile, std::string_view content_type, std::optional<http::Coding> coding) noexcept
    : left_(kMostLooked) {
  if (profile == Profile::apicomprem)
    json_.emplace(static_cast<JsonHandler&>(*this));
  else if (profile == Profile::mserver || profile == Profile::eshop)
    xml_.emplace(static_cast<XmlHandler&>(*this), XmlCare::tolerant, charset_parameter(content_type));
  curious_ = coding && (xml_ || json_);
  if (!curious_ || *coding == http::Coding::identity) return;
  inflater_.emplace();
  curious_ = inflater_->start(*coding, {}).ok();
}

void OutcomeReader::give_up() noexcept {
  curious_ = false;
  outcome_.partial = xml_.has_value() && outcome_.state != State::unknown;
}

void OutcomeReader::read(std::string_view decoded) noexcept {
  const std::string_view looked = decoded.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, decoded.size())));
  left_ -= looked.size();
  bool more = looked.size() == decoded.size();
  if (xml_) {
    more = xml_->feed(looked).ok() && more;
  } else {
    try {
      more = json_->feed(looked).ok() && more;
    } catch (const std::bad_alloc&) {
      more = false;
    }
  }
  if (!more) give_up();
}

void OutcomeReader::feed(std::string_view bytes) noexcept {
  if (!inflater_) {
    if (curious_ && !bytes.empty()) read(bytes);
    return;
  }
  char decoded[8192];
  while (curious_) {
    const auto step = inflater_->next(bytes, decoded, sizeof decoded);
    if (step.state == http::Inflater::State::failed) return give_up();
    bytes.remove_prefix(step.consumed);
    if (step.made > 0) read({decoded, step.made});
    if (step.state == http::Inflater::State::more) return;
  }
}

void OutcomeReader::finish() noexcept {
  if (!curious_) return;
  curious_ = false;
  const bool whole = (!inflater_ || inflater_->finish().ok()) && (!xml_ || xml_->finish().ok());
  if (!whole) give_up();
}

void OutcomeReader::element(XmlParser& parser, const XmlName& name) {
  in_pack_ = parser.depth() == 1;
  in_item_ = parser.depth() == 2 && name.local == "responsePackItem";
  // Shops answer in version 1's namespace, too (docs/vendors.md, Shops): the local name says it.
  if (in_pack_ && name.local != "responsePack") parser.stop(kKnown);
  if (in_item_ && ++items_ > kMostItems) parser.stop(kKnown);
}

void OutcomeReader::attribute(XmlParser&, const XmlName& name, std::string_view value) {
  if ((!in_pack_ && !in_item_) || !name.space.empty() || name.local != "state") return;
  const State state = state_named(value);
  if (in_pack_)
    outcome_.state = state;
  else if (state == State::ok)
    ++outcome_.ok;
  else if (state == State::warning)
    ++outcome_.warning;
  else if (state == State::error)
    ++outcome_.error;
}

void OutcomeReader::key(JsonReader& reader, std::string_view name) {
  in_result_ = reader.depth() == 1 && http::iequals(name, "Result");
}

void OutcomeReader::value(JsonReader& reader, JsonKind kind) {
  if (in_result_ && kind != JsonKind::string) reader.stop(kKnown);
}

void OutcomeReader::string(JsonReader&, std::string_view bytes) {
  if (in_result_) result_ += bytes.substr(0, kMostResult - result_.size());
}

void OutcomeReader::value_end(JsonReader& reader, JsonKind) {
  if (!in_result_) return;
  outcome_.state = state_named(result_);
  reader.stop(kKnown);
}

} // namespace ledgergate::inspect
