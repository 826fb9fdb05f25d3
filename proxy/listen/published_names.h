// Whether the certificates of a listener are for the hosts that its routes publish.
#pragma once

#include "listen/tls_front.h"
#include "settings/settings.h"

#include <cstddef>
#include <string>
#include <vector>

namespace ledgergate::listen {

// Words for each host of a route that no certificate of the listener (an index) is for, and for each certificate that is for no
// host. Routes for any host are no measure.
[[nodiscard]] std::vector<std::string> name_doubts(const settings::Settings& settings, std::size_t listener,
                                                   const std::vector<ShownCertificate>& shown);

} // namespace ledgergate::listen
