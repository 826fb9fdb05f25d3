// What stands in a directory. By a descriptor of our own: the way ThreadSanitizer can follow too (it takes std::filesystem's, whose
// opening it does not see, for the socket that had the number before).
#pragma once

#include <string>
#include <vector>

namespace ledgergate {

// Names in no order, without "." and "..". `failure`: 0, or the errno why they can't be read (the names are not all then).
[[nodiscard]] std::vector<std::string> names_in(const std::string& directory, int& failure);

// Of the directory that is open as `descriptor`, which stays the caller's.
[[nodiscard]] std::vector<std::string> names_in(int descriptor, int& failure);

} // namespace ledgergate
