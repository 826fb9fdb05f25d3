// Secrets that callers put into a URL are taken out before it is logged (DESIGN: law 6). What counts is the name of the parameter
// in any reading a server could give it: any case, any punctuation, percent-encoded once or more. In doubt too much is masked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::observe {

// The query with the value of every secret parameter as "***". The answer is `query` itself, or lies in `scratch`.
[[nodiscard]] std::string_view mask_query(std::string_view query, const std::vector<std::string>& mask, std::string& scratch);

// The same for the parameters that hide in the segments of a path (/xml;token=…, /xml%3Fpassword=…).
[[nodiscard]] std::string_view mask_path(std::string_view path, const std::vector<std::string>& mask, std::string& scratch);

} // namespace ledgergate::observe
