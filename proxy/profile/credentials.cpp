#include "profile/credentials.h"

#include "base/encode.h"
#include "base/utf8.h"
#include "http/base64.h"
#include "http/head.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ledgergate::profile {
namespace {

using settings::Profile;

constexpr std::size_t kLargestFile = 1024; // bytes
constexpr std::int64_t kTellEveryMs = 60'000;
constexpr std::int64_t kNeverTold = INT64_MIN / 2;
constexpr std::string_view kBasic = "Basic";

// A string of secrets, wiped when it goes. Reserved at once, so that no copy stays behind a growth.
struct Secret {
  explicit Secret(std::size_t most) { text.reserve(most); }
  ~Secret() { OPENSSL_cleanse(text.data(), text.capacity()); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  std::string text;
};

// The token of the Basic scheme; false for any other scheme. Without a scheme the whole value is the token.
bool basic_token(std::string_view value, std::string_view& token) noexcept {
  const std::size_t blank = value.find(' ');
  if (blank == std::string_view::npos) {
    token = http::iequals(value, kBasic) ? std::string_view{} : value;
    return true;
  }
  token = value.substr(std::min(value.find_first_not_of(' ', blank), value.size()));
  return http::iequals(value.substr(0, blank), kBasic);
}

// `user:password` with a user.
bool is_pair(std::string_view text) noexcept {
  const std::size_t colon = text.find(':');
  return colon != std::string_view::npos && colon > 0;
}

// One line of it; an editor's byte order mark and line end are none of its bytes.
std::string_view only_line(std::string_view content, std::string_view& mistake) noexcept {
  if (content.size() > kLargestFile) return mistake = "is larger than 1 KiB", std::string_view{};
  if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
  if (content.ends_with('\n')) content.remove_suffix(1);
  if (content.ends_with('\r')) content.remove_suffix(1);
  if (content.empty()) return mistake = "is empty", std::string_view{};
  if (content.find('\n') != std::string_view::npos) return mistake = "has more than one line", std::string_view{};
  if (std::any_of(content.begin(), content.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }))
    return mistake = "holds control characters", std::string_view{};
  return content;
}

} // namespace

std::string_view credentials_field(Profile profile) noexcept {
  return profile == Profile::mserver ? "STW-Authorization" : "Authorization";
}

Credentials::Credentials(std::string_view value) : value_(value), told_ms_(kNeverTold) {}

Credentials::~Credentials() { OPENSSL_cleanse(value_.data(), value_.capacity()); }

bool Credentials::should_tell(std::int64_t now_ms) const noexcept {
  std::int64_t told = told_ms_.load(std::memory_order_relaxed);
  return now_ms - told >= kTellEveryMs && told_ms_.compare_exchange_strong(told, now_ms, std::memory_order_relaxed);
}

std::string_view read_credentials(std::string_view content, Profile profile, std::string& value) {
  std::string_view mistake;
  std::string_view line = only_line(content, mistake);
  if (!mistake.empty()) return mistake;
  Secret pair(2 * kLargestFile);
  if (line.size() > kBasic.size() && line[kBasic.size()] == ' ' && http::iequals(line.substr(0, kBasic.size()), kBasic)) {
    std::string_view token;
    if (!basic_token(line, token) || !http::decode_base64(token, pair.text) || !is_pair(pair.text))
      return "says Basic, but base64 of user:password does not follow";
    value += kBasic;
    value += ' ';
    value += token;
    return {};
  }
  if (!is_pair(line)) return "must hold user:password";
  const Encoding encoding = profile == Profile::mserver ? Encoding::windows_1250 : Encoding::utf8;
  while (!line.empty()) {
    const Character next = decode_utf8(line);
    if (next.length == 0) return "is not UTF-8";
    if (!append_character(next.point, encoding, pair.text))
      return "holds a character that Windows-1250, which an mserver reads, has not";
    line.remove_prefix(next.length);
  }
  value += kBasic;
  value += ' ';
  http::append_base64(pair.text, value);
  return {};
}

std::shared_ptr<const Credentials> load_credentials(const std::string& file, Profile profile, std::string& why) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a FIFO must not hold the start
  Secret content(kLargestFile + 1);
  content.text.resize(kLargestFile + 1);
  const ssize_t size = descriptor < 0 ? -1 : ::read(descriptor, content.text.data(), content.text.size());
  if (size < 0) why = file + ": can't be read: " + std::strerror(errno);
  if (descriptor >= 0) ::close(descriptor);
  if (size < 0) return nullptr;
  Secret value(2 * kLargestFile);
  const std::string_view mistake =
      read_credentials(std::string_view(content.text).substr(0, static_cast<std::size_t>(size)), profile, value.text);
  if (!mistake.empty()) {
    why = file + ": " + std::string(mistake);
    return nullptr;
  }
  return std::make_shared<const Credentials>(value.text);
}

bool names_a_user(std::string_view value, Profile profile) {
  std::string_view token;
  if (!basic_token(value, token)) return false;
  if (profile != Profile::mserver && value.find(' ') == std::string_view::npos) return false;
  Secret pair(token.size());
  return http::decode_base64(token, pair.text) && is_pair(pair.text) && pair.text != "@:";
}

std::optional<std::string> named_user(std::string_view value, Profile profile) {
  std::string_view token;
  if (!basic_token(value, token)) return std::nullopt;
  if (profile != Profile::mserver && value.find(' ') == std::string_view::npos) return std::nullopt;
  Secret pair(token.size());
  if (!http::decode_base64(token, pair.text)) return "?";
  const std::size_t colon = pair.text.find(':');
  return colon == std::string::npos ? "?" : pair.text.substr(0, colon);
}

bool success_proves_login(Profile profile, bool post) noexcept {
  return post && (profile == Profile::mserver || profile == Profile::apicomprem);
}

} // namespace ledgergate::profile
