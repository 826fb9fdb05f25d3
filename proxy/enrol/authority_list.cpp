// The revocation list beside the index: which of the two is newer, what one knows that the other does not, and until when it holds.
#include "enrol/audit.h"
#include "enrol/authority.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace ledgergate::enrol {
namespace {

// Of certificates that the index does not know: their names are gone with the one that was there.
constexpr const char* kUnheardOf = "(unknown)";
constexpr const char* kUnheardOfSan = "unknown.invalid";
constexpr mode_t kPublicFile = 0644;

std::optional<Published> read_list(const Folder& all, X509* authority) {
  std::string ignored;
  const auto text = all.read(kRevocationsFile, ignored);
  return text ? read_revocations(*text, authority) : std::nullopt;
}

// How many entries of the list `index` did not have as revoked; it has them then. Those that it never heard of too: nobody can say
// when these expire, so they stay on the list as long as the CA (`end`).
std::size_t take_over(const Published& list, Index& index, std::int64_t end) {
  std::set<std::string> known;
  std::size_t count = 0;
  std::vector<std::pair<std::string, std::int64_t>> listed = list.revoked;
  std::sort(listed.begin(), listed.end());
  for (Record& each : index.records) {
    const auto found = std::lower_bound(listed.begin(), listed.end(), std::pair(each.serial, std::int64_t{0}));
    if (found == listed.end() || found->first != each.serial) continue;
    known.insert(each.serial);
    if (each.revoked) continue;
    each.revoked = found->second;
    ++count;
  }
  for (const auto& [serial, when] : listed) {
    if (!known.insert(serial).second) continue;
    index.records.push_back(unheard_of(serial, when, end));
    ++count;
  }
  return count;
}

// Whether all that must stand on a list of this moment stands on this one.
bool says_all(const Published& list, const Index& index, std::int64_t now) {
  std::set<std::string> listed;
  for (const auto& each : list.revoked) listed.insert(each.first);
  return std::all_of(index.records.begin(), index.records.end(),
                     [&](const Record& each) { return !is_listed(each, now) || listed.contains(each.serial); });
}

bool holds(const Published& list, std::int64_t now) { return now >= list.from && now <= list.until - kRenewBefore; }

std::string count_words(std::size_t count) { return std::to_string(count) + (count == 1 ? " revocation" : " revocations"); }

} // namespace

Record unheard_of(const std::string& serial, std::int64_t revoked, std::int64_t until) {
  Record lost;
  lost.serial = serial;
  lost.name = kUnheardOf;
  lost.issued = revoked;
  lost.until = until;
  lost.revoked = revoked;
  lost.sans = {kUnheardOfSan};
  return lost;
}

bool Authority::write_revocations(std::string& why) {
  const Revocations list = make_revocations(index_, certificate_.get(), key_.get(), now_, why);
  return list && all_.write(kRevocationsFile, pem(list.get()), kPublicFile, why);
}

bool Authority::put_list_right(std::string& why) {
  const auto list = read_list(all_, certificate_.get());
  Index next = index_;
  const std::size_t taken = list ? take_over(*list, next, valid_until(certificate_.get())) : 0;
  const bool restored = taken > 0 || (list && list->number > index_.revocations);
  if (list) next.revocations = std::max(next.revocations, list->number);
  const bool outdated = list && !holds(*list, now_);
  const bool good = list && !outdated && list->number == next.revocations && says_all(*list, next, now_);
  if (good && !restored) return true;
  if (!good) ++next.revocations; // no two lists have one number (RFC 5280 section 5.2.3)
  if (!write_index(next, why)) return false;
  index_ = std::move(next);
  if (!good && !write_revocations(why)) return false;
  if (outdated) audit_.note("made the revocation list anew: it was not valid by this clock, or would soon be no more", now_);
  if (!restored) return true;
  notes_.push_back(
      "the index is older than crl.pem, as when private/ is restored from a copy: " + count_words(taken) +
      " taken over from crl.pem. What was issued since that copy is not in the index: audit.log has the serial numbers, "
      "and `revoke --not-in-index SERIAL` takes such a one back");
  audit_.note("took over " + count_words(taken) + " from crl.pem, which was newer than the index", now_);
  return true;
}

std::optional<Index> Authority::look(const std::filesystem::path& directory, std::string& why) {
  const auto all = Folder::open(directory, why);
  const auto secret = all ? open_secret(*all, why) : std::nullopt;
  return secret ? read_index(*secret, why) : std::nullopt;
}

std::string Authority::doubt_of_list(const std::filesystem::path& directory, std::int64_t now) {
  static constexpr const char* kAgain = "whatever changes something next makes it anew, as another `revoke`";
  std::string why;
  const auto all = Folder::open(directory, why);
  const auto text = all ? all->read(kAuthorityFile, why) : std::nullopt;
  const Certificate authority = text ? read_certificate(*text, kAuthorityFile, why) : nullptr;
  auto index = look(directory, why);
  if (!authority || !index) return why;
  const auto list = read_list(*all, authority.get());
  if (!list) return std::string("crl.pem is missing, damaged or of another CA: ") + kAgain;
  Index merged = *index;
  if (take_over(*list, merged, valid_until(authority.get())) > 0 || list->number > index->revocations)
    return "the index is older than crl.pem, as when private/ is restored from a copy: whatever changes something next takes over "
           "what crl.pem says";
  if (list->number != index->revocations || !says_all(*list, *index, now))
    return std::string("crl.pem is older than the index: ") + kAgain;
  if (holds(*list, now)) return "";
  if (now >= list->from && now <= list->until)
    return "crl.pem ends on " + day_text(list->until) + ": `ledgergate cert crl` makes it anew, as does whatever changes something";
  const std::string said =
      now < list->from ? "is not valid before " + moment_text(list->from) : "was valid until " + moment_text(list->until);
  return "crl.pem " + said + ", and no branch is let in by it. Is the clock of this machine right (" + moment_text(now) + ")? " +
         "Whatever changes something next makes it anew, as another `revoke`";
}

} // namespace ledgergate::enrol
