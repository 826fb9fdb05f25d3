// What callers are told, in English, Czech and Slovak. The English sentence of a cause is that of base/error.cpp; words.cpp holds
// the rest in one table. All strings are literals in UTF-8, and every character of them exists in Windows-1250 and ISO-8859-2.
#pragma once

#include "base/error.h"
#include "settings/settings.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace ledgergate::profile {

// "en", "cs", "sk": for Content-Language and lang attributes.
[[nodiscard]] std::string_view tag(settings::Language language) noexcept;

// What happened: one sentence. English for a cause that the table does not have (a test holds that it has them all).
[[nodiscard]] std::string_view sentence(Cause cause, settings::Language language) noexcept;
// What to do about this cause; empty where the sentence says it already.
[[nodiscard]] std::string_view remedy(Cause cause, settings::Language language) noexcept;

// Whether it may be sent again.
enum class Again : std::uint8_t {
  unsaid,        // the caller's own mistake: the remedy says it
  not_forwarded, // without harm: the server never saw it
  only_reads,    // without harm: a safe method (RFC 9110 section 9.2.1)
  in_doubt,      // the server may have carried it out
};
[[nodiscard]] std::string_view words(Again again, settings::Language language) noexcept;

// Of a message that is complete: one line each for what happened, for what to do, for an address if there is one, and for the
// request's id, in this order.
struct Message {
  Cause cause = Cause::internal;
  Again again = Again::unsaid;
  std::uint64_t waited_seconds = 0; // behind the sentence of a time-out: "(120 s)"; 0: not said
  std::string_view address;         // to go to instead; empty: none
  std::string_view request_id;
};
// Appended without a line feed at the end. `address` and `request_id` go in as they are: whoever writes the text into a document
// escapes all of it.
void append_message(const Message& message, settings::Language language, std::string& out);

} // namespace ledgergate::profile
