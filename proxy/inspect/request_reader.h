// What a request body asks, whatever its coding and form: the bytes as they came off the wire go in, piece by piece.
#pragma once

#include "http/inflate.h"
#include "inspect/json_command.h"
#include "inspect/xml_operations.h"
#include "settings/settings.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::inspect {

// One request body of mserver (XML) or apicomprem (JSON). Not thread-safe. Never throws.
class RequestReader {
public:
  // `profile`: mserver or apicomprem. `charset`: of Content-Type, or empty. `most`: bytes of the decoded body; 0: no
  // bound.
  RequestReader(settings::Profile profile, http::Coding coding, std::string_view charset, std::uint64_t most) noexcept;

  // Errors: body_unreadable, body_too_large, out_of_memory; for good.
  [[nodiscard]] Result<void> feed(std::string_view bytes) noexcept;
  // The body is complete. The same errors.
  [[nodiscard]] Result<void> finish() noexcept;

  // These are whole after finish(). Distinct names, in the order of their appearance; never empty.
  [[nodiscard]] const std::vector<std::string>& operations() const noexcept;
  [[nodiscard]] std::string_view ico() const noexcept;     // mserver: dataPack/@ico
  [[nodiscard]] std::string_view pack_id() const noexcept; // mserver: dataPack/@id
  [[nodiscard]] Charset charset() const noexcept;

private:
  [[nodiscard]] Result<void> read(std::string_view decoded) noexcept;

  Result<void> begun_; // whether there is memory to decode with
  std::optional<http::Inflater> inflater_;
  std::optional<XmlOperations> xml_;
  std::optional<JsonCommand> json_;
};

} // namespace ledgergate::inspect
