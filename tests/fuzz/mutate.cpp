#include "mutate.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace ledgergate::fuzz {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kLargest = 4096;

constexpr std::string_view kWords[] = {
    "\r\n"sv,
    "\n"sv,
    "\r"sv,
    "\0"sv,
    " "sv,
    "\t"sv,
    ":"sv,
    ";"sv,
    ","sv,
    "="sv,
    "\""sv,
    "0"sv,
    "-1"sv,
    "9999999999999999999"sv,
    "Content-Length: 5\r\n"sv,
    "Transfer-Encoding: chunked\r\n"sv,
    "Connection: close\r\n"sv,
    "Host: a\r\n"sv,
    "HTTP/1.0"sv,
    "Expect: 100-continue\r\n"sv,
    "0\r\n\r\n"sv,
    "GET / HTTP/1.1\r\n"sv,
    "HTTP/1.1 200 OK\r\n"sv,
    "\r\n\r\n"sv,
    "/../"sv,
    "%2e"sv,
    "%2f"sv,
    "%5c"sv,
    "%25"sv,
    "\\"sv,
    "%c0%ae"sv,
    "..;"sv,
    "%00"sv,
    "\xC0\xAE"sv,
    "\xE1"sv,
    "\xFF"sv,
    "&amp;"sv,
    "{"sv,
    "]"sv,
    "~c"sv,
    "~s"sv,
    "~t"sv,
    "~S"sv,
    "~C"sv,
};

} // namespace

// xorshift64: enough here, and the same everywhere.
std::size_t Mutator::below(std::size_t bound) {
  state_ ^= state_ << 13U;
  state_ ^= state_ >> 7U;
  state_ ^= state_ << 17U;
  return bound == 0 ? 0 : static_cast<std::size_t>(state_ % bound);
}

void Mutator::change(std::string& input) {
  const std::size_t at = below(input.size() + 1);
  const std::size_t size = std::min(1 + below(below(8) == 0 ? 200 : 12), input.size() - at);
  switch (below(7)) {
  case 0:
    if (at < input.size()) input[at] = static_cast<char>(below(256));
    break;
  case 1:
    if (at < input.size()) input[at] = static_cast<char>(static_cast<unsigned char>(input[at]) ^ (1U << below(8)));
    break;
  case 2: input.erase(at, size); break;
  case 3: input.insert(below(input.size() + 1), input.substr(at, size)); break;
  case 4: input.insert(at, kWords[below(std::size(kWords))]); break;
  case 5: {
    const std::string& other = seed();
    const std::size_t from = below(other.size() + 1);
    input.replace(at, size, other, from, 1 + below(60));
    break;
  }
  default: input.insert(at, size, at < input.size() ? input[at] : 'a'); break;
  }
}

std::string Mutator::next() {
  std::string input = seed();
  for (std::size_t changes = 1 + below(4); changes > 0; --changes) change(input);
  if (input.size() > kLargest) input.resize(kLargest);
  return input;
}

} // namespace ledgergate::fuzz
