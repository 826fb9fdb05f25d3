// Strings from the wire on their way into a log line. Whatever a caller sends, one request stays one line, and neither a log
// parser nor a terminal that shows the line can be led astray by it.
#pragma once

#include <string>
#include <string_view>

namespace ledgergate::observe {

// The inside of a JSON string (RFC 8259 section 7), without its quotes. Valid UTF-8 (RFC 3629) stays as it is, any other byte
// becomes \u00XX; control characters, line separators and bidirectional overrides are escaped as well.
void append_json(std::string_view value, std::string& out);

// The value of key=value: as it is when it is a plain word, else in double quotes with \" \\ and \xNN.
void append_text(std::string_view value, std::string& out);

// Free text, as it is but for what can't be shown: \xNN.
void append_visible(std::string_view value, std::string& out);

} // namespace ledgergate::observe
