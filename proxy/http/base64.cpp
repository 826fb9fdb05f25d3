#include "http/base64.h"

#include "http/head.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstddef>

namespace ledgergate::http {

bool in_base64(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

bool decode_base64(std::string_view token, std::string& out) {
  if (token.empty() || token.size() % 4 != 0) return false;
  const std::size_t padding = token.ends_with("==") ? 2 : token.ends_with('=') ? 1 : 0;
  if (!std::all_of(token.begin(), token.end() - static_cast<std::ptrdiff_t>(padding), in_base64)) return false;
  out.resize(token.size() / 4 * 3);
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(token.data()), static_cast<int>(token.size()));
  if (size < 0) return false;
  out.resize(static_cast<std::size_t>(size) - padding);
  return true;
}

void append_letters_of_base64(std::string_view token, std::string& out) {
  const std::size_t start = out.size();
  out.reserve(start + token.size() + 3);
  for (const char c : token) {
    const char plain = c == '-' ? '+' : c == '_' ? '/' : c;
    if (in_base64(plain)) out += plain;
  }
  if ((out.size() - start) % 4 == 1) out.pop_back();
}

void append_base64(std::string_view bytes, std::string& out) {
  const std::size_t start = out.size();
  out.resize(start + (bytes.size() + 2) / 3 * 4 + 1); // EVP_EncodeBlock ends with NUL
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + start),
                                   reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(start + static_cast<std::size_t>(size));
}

bool read_basic(std::string_view value, std::string& pair) {
  const std::size_t blank = value.find(' ');
  if (blank == std::string_view::npos || !iequals(value.substr(0, blank), "Basic")) return false;
  const std::size_t token = value.find_first_not_of(' ', blank);
  return token != std::string_view::npos && decode_base64(value.substr(token), pair) && pair.find(':') != std::string::npos;
}

} // namespace ledgergate::http
