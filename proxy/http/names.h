// Names of users as servers compare them: the bytes of one name differ by case and by character set.
#pragma once

#include "http/letters.h"

#include <string>
#include <string_view>

namespace ledgergate::http {

[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

// In small letters and in UTF-8. What is no UTF-8 is read as `otherwise`.
[[nodiscard]] std::string small_name(std::string_view name, Charset otherwise);

// The same without marks and what nobody sees, each letter a plain one where it is that in another dress ("Nováková" and
// "NOVAKOVA" are "novakova"), and without blanks at the ends. For what is to be held back where it only could be that name.
[[nodiscard]] std::string loose_name(std::string_view name, Charset charset);

} // namespace ledgergate::http
