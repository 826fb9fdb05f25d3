#include "client/htpasswd.h"

#include "base/regular_file.h"

#include <crypt.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <system_error>

namespace ledgergate::client {
namespace {

constexpr std::size_t kLargest = 1024 * 1024;
constexpr int kDearest = 14; // of bcrypt: about a second; beyond it a login could be used to keep the edge busy

// The whole file, or nothing and a reason.
std::optional<std::string> read_file(const std::string& path, std::string& why) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) {
    why = "can't be opened: " + std::generic_category().message(errno);
    return std::nullopt;
  }
  struct stat about {};
  std::string text;
  if (::fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
    why = "is not a regular file";
  } else if ((about.st_mode & 007U) != 0) {
    why = "can be read or written by everybody; run: " + closing_words(path);
  } else if (static_cast<std::size_t>(about.st_size) > kLargest) {
    why = "is larger than 1 MiB";
  } else {
    text.resize(kLargest + 1);
    std::size_t size = 0;
    for (ssize_t got = 1; got > 0 && size < text.size(); size += static_cast<std::size_t>(std::max<ssize_t>(got, 0)))
      got = ::read(file, text.data() + size, text.size() - size);
    text.resize(size);
  }
  ::close(file);
  if (!why.empty()) return std::nullopt;
  return text;
}

// "" for a hash that may be used.
std::string mistake_in(const std::string& hash) {
  for (const char* kind : {"$2a$", "$2b$", "$2y$"}) {
    if (!hash.starts_with(kind)) continue;
    if (hash.size() != 60) return "the bcrypt hash is not 60 characters long";
    if ((hash[4] - '0') * 10 + (hash[5] - '0') > kDearest) return "the bcrypt cost is above 14: each login would take seconds";
    return crypt_checksalt(hash.c_str()) == CRYPT_SALT_OK ? "" : "the bcrypt hash is malformed";
  }
  if (hash.starts_with("$y$") || hash.starts_with("$6$")) {
    const int good = crypt_checksalt(hash.c_str());
    return good == CRYPT_SALT_OK || good == CRYPT_SALT_TOO_CHEAP ? "" : "the hash is malformed";
  }
  return "this kind of hash is too weak (or no hash at all); make it with `htpasswd -B` (bcrypt) or `mkpasswd -m yescrypt`";
}

} // namespace

bool read_htpasswd(const std::string& path, Passwords& out, std::vector<std::string>& why) {
  std::string reason;
  auto text = read_file(path, reason);
  if (!text) {
    why.push_back(path + ": " + reason);
    return false;
  }
  const std::size_t before = why.size();
  std::size_t number = 0;
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    std::string line = text->substr(at, end - at);
    at = end + 1;
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty() || line.front() == '#') continue;
    const auto place = path + ":" + std::to_string(number) + ": ";
    const auto colon = line.find(':');
    if (colon == std::string::npos || colon == 0) {
      why.push_back(place + "not of the form `user:hash`");
      continue;
    }
    std::string user = line.substr(0, colon), hash = line.substr(colon + 1);
    hash.resize(std::min(hash.size(), hash.find(':'))); // what stands behind a second colon is a comment to Apache
    if (std::string mistake = mistake_in(hash); !mistake.empty())
      why.push_back(place + mistake);
    else if (std::any_of(out.begin(), out.end(), [&](const auto& known) { return known.first == user; }))
      why.push_back(place + "this user is there already");
    else
      out.emplace_back(std::move(user), std::move(hash));
    OPENSSL_cleanse(line.data(), line.size());
  }
  OPENSSL_cleanse(text->data(), text->size());
  return why.size() == before;
}

bool verify_password(const std::string& password, const std::string& hash) noexcept {
  const std::unique_ptr<crypt_data> data(new (std::nothrow) crypt_data{});
  if (!data) return false;
  const char* made = crypt_rn(password.c_str(), hash.c_str(), data.get(), sizeof *data);
  // A password with a NUL would be cut there: it is none of ours.
  const bool whole = password.find('\0') == std::string::npos;
  const bool same = made != nullptr && std::strlen(made) == hash.size() && CRYPTO_memcmp(made, hash.data(), hash.size()) == 0;
  OPENSSL_cleanse(data.get(), sizeof *data);
  return whole && same;
}

std::string hash_of_nothing(const std::string& like) {
  std::string hash = like;
  // All of these end in the digest; another last character but one is another digest.
  if (hash.size() > 2) hash[hash.size() - 2] = hash[hash.size() - 2] == 'a' ? 'b' : 'a';
  return hash;
}

} // namespace ledgergate::client
