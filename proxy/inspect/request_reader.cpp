#include "inspect/request_reader.h"

#include <limits>

namespace ledgergate::inspect {

RequestReader::RequestReader(settings::Profile profile, http::Coding coding, std::string_view charset,
                             std::uint64_t most) noexcept {
  const std::uint64_t size = most != 0 ? most : std::numeric_limits<std::uint64_t>::max();
  if (profile == settings::Profile::apicomprem) {
    JsonBounds bounds;
    bounds.size = size;
    json_.emplace(charset, bounds);
  } else {
    XmlRequestBounds bounds;
    bounds.xml.size = size;
    xml_.emplace(charset, bounds);
  }
  if (coding == http::Coding::identity) return;
  inflater_.emplace();
  http::Inflater::Bounds bounds;
  bounds.size = most;
  begun_ = inflater_->start(coding, bounds);
}

Result<void> RequestReader::read(std::string_view decoded) noexcept { return xml_ ? xml_->feed(decoded) : json_->feed(decoded); }

Result<void> RequestReader::feed(std::string_view bytes) noexcept {
  if (!begun_) return begun_;
  if (!inflater_) return read(bytes);
  char decoded[16 * 1024];
  for (;;) {
    const auto step = inflater_->next(bytes, decoded, sizeof decoded);
    if (step.state == http::Inflater::State::failed) return inflater_->error();
    bytes.remove_prefix(step.consumed);
    const auto taken = read({decoded, step.made});
    if (!taken) return taken;
    if (step.state == http::Inflater::State::more) return {};
  }
}

Result<void> RequestReader::finish() noexcept {
  if (inflater_) {
    const auto whole = inflater_->finish();
    if (!whole) return whole;
  }
  return xml_ ? xml_->finish() : json_->finish();
}

const std::vector<std::string>& RequestReader::operations() const noexcept {
  return xml_ ? xml_->request().operations : json_->request().operations;
}
std::string_view RequestReader::ico() const noexcept { return xml_ ? std::string_view(xml_->request().ico) : std::string_view{}; }
std::string_view RequestReader::pack_id() const noexcept {
  return xml_ ? std::string_view(xml_->request().id) : std::string_view{};
}
Charset RequestReader::charset() const noexcept { return xml_ ? xml_->request().charset : Charset::utf8; }

} // namespace ledgergate::inspect
