// A failure in the form that the caller's program parses: a responsePack for what talks to POHODA, Result/Error for Premier's
// clients, a SOAP fault, JSON, RFC 9457 problem details, a page, or plain text. Pure: a document from facts.
//
// Nothing of a caller goes in unescaped, and no document is larger than kMaxErrorBody.
#pragma once

#include "base/error.h"
#include "http/head.h"
#include "profile/words.h"
#include "settings/settings.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace ledgergate::profile {

inline constexpr std::size_t kMaxErrorBody = 4096;

// Who is to read it. Views must outlive the call only; empty: unknown.
struct Reader {
  settings::Profile profile = settings::Profile::http;  // http while no route is known
  settings::Language language = settings::Language::en; // where Accept-Language asks for none of ours
  const http::RequestHead* request = nullptr;
  std::string_view path;         // decoded, as the server will see it
  std::string_view pack_id, ico; // mserver, eshop: dataPack/@id, @ico; UTF-8
  std::string_view command;      // apicomprem: inComm; UTF-8
  std::string_view charset;      // of the XML declaration
};

// What happened.
struct Failure {
  Cause cause = Cause::internal;
  bool forwarded = false;           // a byte of the request may have reached the server
  std::uint64_t waited_seconds = 0; // of a time-out; 0: not said
  std::string_view status_text;     // reason phrase of the status
  std::string_view address;         // to go to instead
  std::string_view request_id;
};

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
