// The edge's own questions to servers, as they go on the wire. They carry nothing of any caller's.
#pragma once

#include "settings/settings.h"

#include <string>
#include <string_view>

namespace ledgergate::profile {

// mserver's bare /status (docs/vendors.md, mServer: it asks nobody for a password).
[[nodiscard]] std::string status_question(const settings::Server& server);

// mserver's /status?companyDetail, which it answers to a POHODA user only (`credentials`: the value of the header). It is a
// command: it takes a turn.
[[nodiscard]] std::string company_question(const settings::Server& server, std::string_view credentials);
// apicomprem's VERZEAPI: the harmless one of its commands, and a command all the same (docs/vendors.md, ApiComPrem).
[[nodiscard]] std::string version_question(const settings::Server& server, std::string_view credentials);
// GET of health.path.
[[nodiscard]] std::string path_question(const settings::Server& server);

} // namespace ledgergate::profile
