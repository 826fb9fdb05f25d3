// Secrets that callers put into a URL are taken out before it is logged (docs/invariants.md, "Secrets stay inside"). What counts is
// the name of the parameter in any reading a server could give it: any case, any punctuation, percent-encoded once or more. In
// doubt too much is masked.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::observe {

// Names of secret parameters beside those that are known everywhere.
struct SecretNames {
  const std::vector<std::string>& listed;           // `log.mask_query`
  std::span<const std::string_view> of_server = {}; // what the kind of server puts into its URLs (profile/secret_parameters.h)
};

// The query with the value of every secret parameter as "***". The answer is `query` itself, or lies in `scratch`.
[[nodiscard]] std::string_view mask_query(std::string_view query, const SecretNames& mask, std::string& scratch);

// The same for the parameters that hide in the segments of a path (/xml;token=…, /xml%3Fpassword=…).
[[nodiscard]] std::string_view mask_path(std::string_view path, const SecretNames& mask, std::string& scratch);

} // namespace ledgergate::observe
