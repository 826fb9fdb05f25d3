// What a path could mean: every reading that a server behind the edge could give it, each in one folded form that can be compared.
// docs/paths.md says which readings these are, and by which servers.
//
// A folded form is a text of code points: "/name/name", in small letters, without empty names, and each name without what a server
// may cut off or leave out: ';' parameters, ':' streams, what follows an encoded '?' or '#', dots and blanks at its ends, tickets
// of ASP.NET, invisible characters. '\', and a slash that was encoded, are slashes in it. "" is the root.
//
// It is looser than any one server, and only ever used to see whether a path *could* be another place's. Who decides by it can
// refuse too much, where two routes differ and a path comes close to both; never too little.
#pragma once

#include "http/letters.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::http {

// Whether every server reads this path (as it came, undecoded) in one and the same way, the case of letters aside: it holds only
// letters, digits and "-_.,'()=@!$&*/", no empty name, none that ends in a dot and nothing that begins like a ticket (see below).
[[nodiscard]] bool plain_path(std::string_view path) noexcept;

// The end of the ticket that begins at `at`, or `at` where none does. ASP.NET without cookies keeps "(S(…))", "(A(…)F(…))" in its
// paths and takes them out before anything else looks.
[[nodiscard]] std::size_t behind_ticket(std::string_view text, std::size_t at) noexcept;

// The readings of one path, one after the other. They lie in the thread's own scratch: one at a time.
class PathReadings {
public:
  static constexpr std::ptrdiff_t most_read = 96 * 1024; // bytes, of all readings together
  // `path`: sound (read_path()), as it came, or percent-decoded once: then it isn't known which of its slashes were encoded, and a
  // server that takes those for none is left out. It must outlive the readings. May throw like next().
  enum class Text : bool { encoded, decoded };
  PathReadings(std::string_view path, Text text);
  PathReadings(const PathReadings&) = delete;
  PathReadings& operator=(const PathReadings&) = delete;
  // Goes to the next one, the first one included; false: there are no more, or too much has been read for one path (complete()).
  // May throw std::bad_alloc while the scratch still grows.
  [[nodiscard]] bool next();
  [[nodiscard]] std::u32string_view text() const noexcept;
  // What it would be to somebody who begins a new path behind encoded slashes in a row ("x%2F%2Fadmin"): so many, and each.
  [[nodiscard]] std::size_t anew() const noexcept;
  [[nodiscard]] std::u32string_view anew(std::size_t i) const noexcept;
  // Behind the last one: whether there are no more. A long path that is odd in every way has too many.
  [[nodiscard]] bool complete() const noexcept { return left_ >= 0; }

private:
  void begin();
  void fold();
  [[nodiscard]] bool further_round();
  [[nodiscard]] bool dressed_rounds();

  std::string_view path_;
  std::string_view text_; // decoded as often as the round says
  Text kind_;
  int round_ = 0; // of decoding, beyond the first
  std::ptrdiff_t left_ = most_read;
  Charset charset_ = Charset::careless;
  bool begun_ = false;
  bool over_ = false;
  bool joined_ = false; // names on both sides of an ASP.NET ticket are read as one
  bool joins_ = false;  // there is such a ticket
  // Encoded slashes (1), backslashes (2) or both (3) are no slashes where they stand in what is cut off (";a%2Fb"); whether any do.
  std::uint8_t kept_ = 0;
  bool keepable_ = false;
  bool windows_ = false; // letters that are one thing to Unicode and another to Windows' code pages are the latter
  bool differs_ = false; // there are such letters
  bool dressed_ = false; // escapes in another dress ("％６１") are decoded, too
  bool dressed_seen_ = false;
};

// A prefix that paths are held against, folded: in UTF-8, and as it looks to a server that takes UTF-8 for Windows-1250 or -1251;
// of each as Unicode has its letters, and as Windows' code pages do.
struct FoldedPrefix {
  std::vector<std::u32string> forms;
  bool plain = true; // a plain path can only be below it by its letters, in any case
  // Nothing but plain ASCII: where a path spells it, no other reading of that part is known.
  [[nodiscard]] bool pure() const noexcept { return plain && forms.size() == 1; }
};
[[nodiscard]] FoldedPrefix fold_prefix(std::string_view prefix);

// Whether the reading could be the prefix or lie below it: letters by their best fit, names by their 8.3 names, too.
[[nodiscard]] bool could_lie_below(std::u32string_view reading, const FoldedPrefix& prefix) noexcept;
// Whether one of its names could begin so. `start` is of small ASCII letters.
[[nodiscard]] bool could_hold_name(std::u32string_view reading, std::u32string_view start) noexcept;

} // namespace ledgergate::http
