// A failure in the form that the caller's program parses: a responsePack for what talks to POHODA, Result/Error for Premier's
// clients, a SOAP fault, JSON, RFC 9457 problem details, a page, or plain text. Pure: a document from facts.
//
// Nothing of a caller goes in unescaped, and no document is larger than kMaxErrorBody.
#pragma once

#include "profile/failure.h"
#include "profile/words.h"

#include <string>
#include <string_view>

namespace ledgergate::profile {

struct ErrorBody {
  std::string_view content_type; // literals
  std::string_view language;     // for Content-Language
};

// Appends the document to `out`.
[[nodiscard]] ErrorBody append_error_body(const Failure& failure, const Reader& reader, std::string& out);

// Whether it may be sent again. `safe`: RFC 9110 section 9.2.1.
[[nodiscard]] Again may_send_again(Cause cause, bool forwarded, bool safe) noexcept;

// apicomprem's Error.number of ours, above the vendor's own (docs/vendors.md, ApiComPrem: 502, 900, 3005 … 3521): 97000 + status
// where it is known that nothing was carried out, 98000 + status where it may have been.
[[nodiscard]] unsigned premier_number(Cause cause, Again again) noexcept;

} // namespace ledgergate::profile
