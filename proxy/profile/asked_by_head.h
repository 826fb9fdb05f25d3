// What a request asks of an mserver by its head alone, for rules about operations. The bodies of /xml are inspect/'s to read.
#pragma once

#include <string_view>

namespace ledgergate::profile {

// The word of `operations` for it (settings/known_operations.h): `documents` for its files, `company_detail` for /status with
// whatever a server could read as the parameter companyDetail (docs/vendors.md, mServer): in any case of letters, percent-encoded
// more than once, beside others, or in a body, which nobody looks into. "": a bare /status, which is anybody's to ask, and /xml.
// `server_path`: decoded, as the server will see it, and one that the endpoints of an mserver hold. `query`: as it came.
[[nodiscard]] std::string_view asked_by_head(std::string_view server_path, std::string_view query, bool has_body);

} // namespace ledgergate::profile
