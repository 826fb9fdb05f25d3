#include "http/websocket.h"

#include "http/chars.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace ledgergate::http {
namespace {

// Section 1.3.
constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t kKeySize = 24; // base64 of 16 bytes

// Whether any field of that name has the token.
bool says(const std::vector<Field>& fields, std::string_view name, std::string_view token) noexcept {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const Field& field) { return iequals(field.name, name) && list_has(field.value, token); });
}

// The value of a field that is there once; empty otherwise.
std::string_view only(const std::vector<Field>& fields, std::string_view name) noexcept {
  std::string_view value;
  int count = 0;
  for (const Field& field : fields) {
    if (!iequals(field.name, name)) continue;
    value = field.value;
    ++count;
  }
  return count == 1 ? value : std::string_view{};
}

bool is_key(std::string_view value) noexcept {
  if (value.size() != kKeySize || !value.ends_with("==")) return false;
  return std::all_of(value.begin(), value.end() - 2, [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  });
}

bool is_version(std::string_view value) noexcept {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) { return is(c, digit_byte); });
}

// RFC 9110 section 8.6, RFC 9112 section 6.1: a 101 has no body, so nothing may frame one; somebody in between could believe it.
bool frames_a_body(const Field& field) noexcept {
  return iequals(field.name, "Transfer-Encoding") || (iequals(field.name, "Content-Length") && field.value != "0");
}

} // namespace

Upgrade wanted_upgrade(const RequestHead& request) noexcept {
  // RFC 9110 section 7.8: in HTTP/1.0 Upgrade is to be ignored, and without Connection it is somebody else's.
  if (request.minor == 0 || !says(request.fields, "Upgrade", "websocket") || !says(request.fields, "Connection", "upgrade"))
    return Upgrade::none;
  const bool good = request.method == Method::get && !request.body.has_content() &&
                    is_key(only(request.fields, "Sec-WebSocket-Key")) && is_version(only(request.fields, "Sec-WebSocket-Version"));
  return good ? Upgrade::websocket : Upgrade::malformed;
}

std::string websocket_accept(std::string_view key) {
  std::string text(key);
  text += kGuid;
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha1(), nullptr) != 1) return {};
  std::array<unsigned char, (EVP_MAX_MD_SIZE + 2) / 3 * 4 + 1> encoded{};
  const int length = EVP_EncodeBlock(encoded.data(), hash.data(), static_cast<int>(size));
  return {encoded.begin(), encoded.begin() + length};
}

bool agrees_to_websocket(const RequestHead& request, const ReplyHead& reply) {
  if (reply.status != 101 || reply.minor == 0) return false;
  if (!iequals(only(reply.fields, "Upgrade"), "websocket") || !says(reply.fields, "Connection", "upgrade")) return false;
  if (std::any_of(reply.fields.begin(), reply.fields.end(), frames_a_body)) return false;
  const std::string accept = websocket_accept(only(request.fields, "Sec-WebSocket-Key"));
  return !accept.empty() && only(reply.fields, "Sec-WebSocket-Accept") == accept;
}

} // namespace ledgergate::http
