// Text of ours and of callers on its way into XML, HTML and JSON: whatever it holds, the document stays well-formed and says no
// more than that text. Input is UTF-8; what is not becomes U+FFFD.
#pragma once

#include "base/encode.h"

#include <string>
#include <string_view>

namespace ledgergate::profile {

// As content of an XML 1.0 or HTML element, or of an attribute in double quotes. A character that `encoding` has no bytes for goes
// as a character reference; white space other than the blank, too, since attributes would lose it; what XML 1.0 section 2.2 allows
// in no form becomes U+FFFD.
void append_xml(std::string_view text, Encoding encoding, std::string& out);

// Markup of ours: ASCII, as it is.
void append_markup(std::string_view ascii, Encoding encoding, std::string& out);

// The inside of a JSON string (RFC 8259 section 7), in UTF-8.
void append_json(std::string_view text, std::string& out);

} // namespace ledgergate::profile
