// Names that the vendors have for what may be asked, to tell a slip in `operations` from a name. A name that is not here is not
// wrong: a newer POHODA has more of them, and each ApiComPrem may have commands of its own.
#pragma once

#include "settings/settings.h"

#include <span>
#include <string>
#include <string_view>

namespace ledgergate::settings {

// What the head of a request asks of an mserver, as `operations` has it: its files; and what /status tells of the company.
inline constexpr std::string_view kDocuments = "documents";
inline constexpr std::string_view kCompanyDetail = "company_detail";
[[nodiscard]] constexpr bool is_named_by_head(std::string_view name) noexcept {
  return name == kDocuments || name == kCompanyDetail;
}

// Of mserver: the children that a dataPackItem may have; of apicomprem: the commands that are known. Of others: none.
[[nodiscard]] std::span<const std::string_view> known_operations(Profile profile) noexcept;

// What is odd about a word of `operations` for such a server ("" when nothing is), with the nearest that would fit. `commands`:
// those that the settings add to an apicomprem's own.
[[nodiscard]] std::string operation_mistake(Profile profile, std::string_view word, const Commands& commands);

} // namespace ledgergate::settings
