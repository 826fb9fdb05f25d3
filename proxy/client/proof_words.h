// The words for how a caller proved who it is.
#pragma once

#include "settings/identity.h"

#include <string_view>

namespace ledgergate::client {

// "certificate,key", a literal; "" for no proof.
[[nodiscard]] std::string_view proof_words(settings::Proofs proofs) noexcept;

} // namespace ledgergate::client
