// Why a certificate that can be shown will not be believed, or by few: words for whoever can get another one. The chain is shown
// all the same: a clock may be wrong, and callers differ.
#pragma once

#include "base/openssl_pointers.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate {

// Who is to believe the chain.
enum class ShownTo : std::uint8_t { callers, server };

// Of a chain, leaf first, as it stands in the file `path`: order, twins, what its CAs may issue, their dates, and the leaf's key.
// The leaf's own dates and purpose are not looked at for a server (upstream/client_tls.cpp has words of its own for these). Of a
// leaf that stands alone the issuer is looked for among `known` (CAs that callers have for sure), and in the system's directory of
// CAs.
[[nodiscard]] std::vector<std::string> chain_doubts(const std::vector<X509Ptr>& chain, const std::string& path, ShownTo to,
                                                    const std::vector<X509*>& known = {});

// "Jan  2 03:04:05 2027 GMT"
[[nodiscard]] std::string moment_words(const ASN1_TIME* time);

} // namespace ledgergate
