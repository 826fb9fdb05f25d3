#include "profile/character_length.h"

#include "base/utf8.h"

#include <nlohmann/json.hpp>

namespace ledgergate::profile {

Result<void> check_character_length(std::string_view body, std::uint64_t stated) {
  if (body.size() == stated) return {}; // this one counted bytes, as it should
  // A character is a byte at least.
  if (body.size() < stated) return Error{Cause::reply_truncated, "fewer bytes than the characters it announced"};
  std::uint64_t points = 0;
  std::uint64_t units = 0; // of UTF-16: what .NET's String.Length and its kin count
  for (std::string_view rest = body; !rest.empty();) {
    const Character next = decode_utf8(rest);
    if (next.length == 0)
      return Error{Cause::reply_bad_length, "Content-Length fits neither its bytes nor, not being UTF-8, its characters"};
    if (next.point == 0) return Error{Cause::reply_bad_length, "a NUL in what should be JSON"}; // ends the parser's reading
    ++points;
    units += next.point > 0xFFFF ? 2 : 1;
    rest.remove_prefix(next.length);
  }
  if (stated > units) return Error{Cause::reply_truncated, "fewer characters than it announced"};
  if (stated != units && stated != points)
    return Error{Cause::reply_bad_length, "Content-Length fits neither its bytes nor its characters"};
  // A count that fits is not enough: the stated number could be any, of a body that is cut or followed by something.
  if (!nlohmann::json::accept(body.begin(), body.end()))
    return Error{Cause::reply_bad_length, "its characters fit, but are not one JSON value"};
  return {};
}

} // namespace ledgergate::profile
