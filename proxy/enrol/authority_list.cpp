// The revocation list beside the index: which of the two is newer, what one knows that the other does not, and until when it holds.
#include "enrol/audit.h"
#include "enrol/audit_lines.h"
#include "enrol/authority.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

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

// What an index was given that it did not have.
struct Taken {
  std::size_t from_list = 0;                 // revocations, from crl.pem
  std::size_t certificates = 0, revoked = 0; // from audit.log
  std::uint64_t number = 0;                  // of the newest list that is known of
  bool newer_list = false;                   // crl.pem has a number that the index has not come to
};

std::vector<AuditLine> audit_lines(const Folder& all) {
  std::string ignored;
  const auto text = all.read("audit.log", ignored);
  return text ? read_audit(*text) : std::vector<AuditLine>();
}

Record heard_of(const AuditLine& line, std::int64_t end) {
  Record found = unheard_of(line.serial, line.when, line.until != 0 ? line.until : end);
  found.revoked.reset();
  if (line.name.empty()) return found;
  found.kind = line.kind;
  found.name = line.name;
  found.sans = {line.kind == Kind::client ? line.name + std::string(kClientDomain) : line.name};
  return found;
}

// What was issued and revoked behind the index, which is the copy of an older one then.
void take_over(const std::vector<AuditLine>& lines, Index& index, std::int64_t end, Taken& taken) {
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < index.records.size(); ++i) places.emplace(index.records[i].serial, i);
  std::uint64_t uncounted = 0; // lists that are not said to have a number
  for (const AuditLine& line : lines) {
    const auto [found, is_new] = places.try_emplace(line.serial, index.records.size());
    if (is_new) {
      index.records.push_back(heard_of(line, end));
      ++taken.certificates;
    }
    Record& record = index.records[found->second];
    if (record.name == kUnheardOf && !line.name.empty()) {
      const auto revoked = record.revoked;
      record = heard_of(line, end);
      record.revoked = revoked;
      ++taken.certificates;
    }
    taken.number = std::max(taken.number, line.list);
    if (!line.revoked || record.revoked) continue;
    record.revoked = line.when;
    ++taken.revoked;
    if (line.list == 0) ++uncounted;
  }
  if (uncounted > 0) taken.number = std::max(taken.number, index.revocations + uncounted);
}

Taken take_over(const std::optional<Published>& list, const std::vector<AuditLine>& lines, Index& index, std::int64_t end) {
  Taken taken;
  if (list) {
    taken.newer_list = list->number > index.revocations;
    taken.number = list->number;
    taken.from_list = take_over(*list, index, end);
  }
  take_over(lines, index, end, taken);
  index.revocations = std::max(index.revocations, taken.number);
  return taken;
}

// Whether all that must stand on a list of this moment stands on this one.
bool says_all(const Published& list, const Index& index, std::int64_t now) {
  std::set<std::string> listed;
  for (const auto& each : list.revoked) listed.insert(each.first);
  return std::all_of(index.records.begin(), index.records.end(),
                     [&](const Record& each) { return !is_listed(each, now) || listed.contains(each.serial); });
}

bool holds(const Published& list, std::int64_t now) { return now >= list.from && now <= list.until - kRenewBefore; }

std::string count_words(std::size_t count, const std::string& what = "revocation") {
  return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

// "crl.pem", "audit.log": what is newer than the index; "" when nothing is.
std::string newer_than_index(const Taken& taken) {
  const bool by_audit = taken.certificates > 0 || taken.revoked > 0;
  if (taken.from_list > 0 || taken.newer_list) return by_audit ? "crl.pem and audit.log" : "crl.pem";
  return by_audit ? "audit.log" : "";
}

std::string words_of(const Taken& taken) {
  std::string out;
  if (taken.from_list > 0 || taken.newer_list) out = count_words(taken.from_list) + " taken over from crl.pem";
  if (taken.certificates > 0 || taken.revoked > 0)
    out += (out.empty() ? "" : ", ") + count_words(taken.certificates, "certificate") + " and " + count_words(taken.revoked) +
           " taken over from audit.log";
  return out;
}

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
  const Taken taken = take_over(list, audit_lines(all_), next, valid_until(certificate_.get()));
  const std::string newer = newer_than_index(taken);
  const bool outdated = list && !holds(*list, now_);
  const bool good = list && !outdated && list->number == next.revocations && says_all(*list, next, now_);
  if (good && newer.empty()) return true;
  if (!good) ++next.revocations; // no two lists have one number (RFC 5280 section 5.2.3)
  const bool missing = !all_.has(kRevocationsFile);
  if (!write_index(next, why)) return false;
  index_ = std::move(next);
  if (!good && !write_revocations(why)) return false;
  if (outdated) audit_.note("made the revocation list anew: it was not valid by this clock, or would soon be no more", now_);
  if (!list) {
    const std::string what = missing ? "missing" : "damaged, or of another CA";
    notes_.push_back("crl.pem was " + what + ": it was made anew, as number " + std::to_string(index_.revocations) +
                     ", of what the index and audit.log say is revoked. Compare it with `ledgergate cert list`");
    audit_.note("made the revocation list anew: it was " + what, now_);
  }
  if (newer.empty()) return true;
  std::string note = "the index is older than " + newer + ", as when private/ is restored from a copy: " + words_of(taken);
  if (taken.certificates > 0)
    note += ". A certificate from audit.log is taken to have the name of its own only: if it was issued with --san, revoke it and "
            "issue it again";
  else
    note +=
        ". What was issued since that copy and is not in audit.log is not in the index: `revoke --not-in-index SERIAL` takes such "
        "a one back";
  notes_.push_back(std::move(note));
  if (taken.from_list > 0 || taken.newer_list)
    audit_.note("took over " + count_words(taken.from_list) + " from crl.pem, which was newer than the index", now_);
  if (taken.certificates > 0 || taken.revoked > 0)
    audit_.note("took over " + count_words(taken.certificates, "certificate") + " and " + count_words(taken.revoked) +
                    " from audit.log, which was newer than the index",
                now_);
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
  const Taken taken = take_over(list, audit_lines(*all), merged, valid_until(authority.get()));
  if (const std::string newer = newer_than_index(taken); !newer.empty())
    return "the index is older than " + newer +
           ", as when private/ is restored from a copy: whatever changes something next takes " + "over what stands there";
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
