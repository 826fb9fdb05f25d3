// Passwords as htpasswd files keep them: `user:hash` lines, hashed with bcrypt, yescrypt or SHA-512 crypt (crypt(5)).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ledgergate::client {

using Passwords = std::vector<std::pair<std::string, std::string>>; // user, hash

// Appends the file's users. False: `why` has a line for each mistake, with the line's number and never with what stands there: a
// hash that is too weak to be kept (MD5, SHA-1, DES, plain), a user twice, a file that others can read or write.
bool read_htpasswd(const std::string& path, Passwords& out, std::vector<std::string>& why);

// Whether `password` has this hash. Slow on purpose (a tenth of a second and more): never on a loop. Any thread. Compares in
// constant time; false also when there is no memory for it.
[[nodiscard]] bool verify_password(const std::string& password, const std::string& hash) noexcept;

// A hash of the same kind and cost that no password has: an unknown user must cost as much as a wrong password.
[[nodiscard]] std::string hash_of_nothing(const std::string& like);

} // namespace ledgergate::client
