// Which version of a revocation list is the newer one, and what has gone from it.
#include "listen/revocations.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace ledgergate::listen {
namespace {

// How many that stand in `before`, and not only on hold, stand in `now` no more.
std::size_t fallen(const ListMark& now, const ListMark& before) {
  const std::vector<RevokedSerial>& listed = *now.revoked;
  const auto by_serial = [](const RevokedSerial& a, const RevokedSerial& b) { return a.serial < b.serial; };
  return static_cast<std::size_t>(std::count_if(before.revoked->begin(), before.revoked->end(), [&](const RevokedSerial& each) {
    return !each.hold && !std::binary_search(listed.begin(), listed.end(), each, by_serial);
  }));
}

std::string revocations_words(std::size_t count) { return std::to_string(count) + (count == 1 ? " revocation" : " revocations"); }

bool has(const ListMarks& all, const ListMark& mark) {
  return std::any_of(all.begin(), all.end(), [&](const ListMark& each) { return each.digest == mark.digest; });
}

// Of two versions of one list. What has no number is told by its date, as are two of one number; a list that had a number keeps
// having one.
bool is_older(const ListMark& a, const ListMark& b) {
  if (a.number.empty() != b.number.empty()) return a.number.empty();
  if (a.number.size() != b.number.size()) return a.number.size() < b.number.size();
  return a.number != b.number ? a.number < b.number : a.since < b.since;
}

// Whether one that is not older is a further version: its number is higher or, where there is none, its date is later.
bool counts_further(const ListMark& a, const ListMark& b) { return a.number.empty() ? is_older(b, a) : a.number != b.number; }

const ListMark* newest(const ListMarks& all, const std::string& whose) {
  const ListMark* found = nullptr;
  for (const ListMark& each : all)
    if (each.whose == whose && (found == nullptr || is_older(*found, each))) found = &each;
  return found;
}

} // namespace

std::vector<std::string> older_lists(const ListMarks& now, const KnownLists& known) {
  static constexpr const char* kWhatToDo = " Put the newest list there; where this one is meant, restart the edge";
  std::vector<std::string> out;
  for (const ListMark& each : now) {
    const ListMark* const last = newest(known.newest, each.whose);
    if (last == nullptr || newest(now, each.whose) != &each || has(known.in_use, each)) continue;
    if (is_older(each, *last)) {
      out.push_back("this revocation list (" + each.words + ") is older than the one in use (" + last->words +
                    "), as when a copy is restored: whoever was revoked since would be let in again." + kWhatToDo);
    } else if (const std::size_t gone = counts_further(each, *last) ? 0 : fallen(each, *last); gone > 0) {
      out.push_back(
          "this revocation list (" + each.words + ") counts as the one in use (" + last->words + "), and " +
          revocations_words(gone) +
          " of that one are not in it, as when the CA is restored from a copy and goes on: whoever they were would be let "
          "in again. Revoke these there too: `ledgergate cert revoke`, by serial number from audit.log." +
          kWhatToDo);
    }
  }
  return out;
}

std::vector<std::string> shorter_lists(const ListMarks& now, const KnownLists& known) {
  std::vector<std::string> out;
  for (const ListMark& each : now) {
    const ListMark* const last = newest(known.newest, each.whose);
    if (last == nullptr || newest(now, each.whose) != &each || !counts_further(each, *last)) continue;
    if (const std::size_t gone = fallen(each, *last); gone > 0)
      out.push_back("this revocation list (" + each.words + ") is newer than the one before (" + last->words + "), and " +
                    revocations_words(gone) +
                    " of that one are not in it. That is right where these certificates have expired, and wrong where the CA was "
                    "restored from a copy: then they are let in again");
  }
  return out;
}

void keep_newest(ListMarks& marks, const ListMarks& more) {
  for (const ListMark& each : more) {
    const auto same = std::find_if(marks.begin(), marks.end(), [&](const ListMark& mark) { return mark.whose == each.whose; });
    if (same == marks.end())
      marks.push_back(each);
    else if (is_older(*same, each))
      *same = each;
  }
}

} // namespace ledgergate::listen
