// Content-Type of a request whose body decides what its sender may do: strictly, and refused where another reader could find
// another charset in it. Pure.
#pragma once

#include "base/result.h"

#include <string_view>

namespace ledgergate::inspect {

// The charset parameter; empty when the value has none, or is empty itself. The grammar is that of a media type (RFC 9110 section
// 8.3.1), in which an empty parameter may stand: mServer sends "text/xml;". Error: body_unreadable, for a value that is
// no media type, a charset that is given twice or in the form of RFC 8187 or RFC 2231 (`charset*=`, `charset*0=`), and for the word
// "charset" anywhere else (in a quoted string, in another parameter's name): readers that cut at each ';' or look for the word
// alone would take that one.
[[nodiscard]] Result<std::string_view> strict_charset(std::string_view content_type) noexcept;

} // namespace ledgergate::inspect
