// A second reader of HTTP/1.x messages, by the grammar of RFC 9112 and nothing of the program's own: whoever stands before or
// behind the edge may read so. It takes the whole connection at once, and knows no leniency.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ledgergate::fuzz {

enum class Reading { whole, cut, wrong };
enum class Ends { none, length, chunked, close }; // how the end of a body is known

struct Message {
  std::string first;                                       // request or status line, without its line end
  std::vector<std::pair<std::string, std::string>> fields; // names in lower case, values without blanks around them
  Ends ends = Ends::none;
  std::string body;       // as much of it as there is
  std::string_view why{}; // with wrong

  [[nodiscard]] std::string_view method() const; // of a request
  [[nodiscard]] std::string_view target() const;
  [[nodiscard]] int status() const; // of a reply
  [[nodiscard]] int count(std::string_view name) const;
  [[nodiscard]] std::string_view value(std::string_view name) const; // of the first one; empty: none
};

// Reads the message that begins at `at`; with whole, `at` is moved behind it. Cut: the bytes end inside it.
Reading read_request(std::string_view bytes, std::size_t& at, Message& out);
// `bodiless`: it answers HEAD. A body that ends with the connection is whole wherever the bytes end.
Reading read_reply(std::string_view bytes, std::size_t& at, bool bodiless, Message& out);

} // namespace ledgergate::fuzz
