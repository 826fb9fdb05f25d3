#include "http/coding.h"

#include "http/chars.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace ledgergate::http {
namespace {

constexpr int kUnsaid = -1;
constexpr int kMalformed = -2;

// The next element of a comma-separated list, taken off it (RFC 9110 section 5.6.1).
std::string_view next_of(std::string_view& list) noexcept {
  const std::size_t comma = list.find(',');
  const std::string_view element = trim(list.substr(0, comma));
  list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  return element;
}

std::optional<Coding> named(std::string_view name) noexcept {
  // RFC 9110 section 8.4.1.3: x-gzip is gzip.
  if (iequals(name, "gzip") || iequals(name, "x-gzip")) return Coding::gzip;
  if (iequals(name, "deflate")) return Coding::deflate;
  if (iequals(name, "identity")) return Coding::identity;
  return std::nullopt;
}

// qvalue in thousandths (RFC 9110 section 12.4.2).
int quality(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return kMalformed;
  int value = text[0] == '1' ? 1000 : 0;
  if (text.size() == 1) return value;
  if (text[1] != '.') return kMalformed;
  int unit = 100;
  for (const char c : text.substr(2)) {
    if (!is(c, digit_byte)) return kMalformed;
    value += (c - '0') * unit;
    unit /= 10;
  }
  return value <= 1000 ? value : kMalformed;
}

struct Wish {
  std::string_view name;
  int quality = 1000;
};

Wish wish(std::string_view element) noexcept {
  const std::size_t semicolon = element.find(';');
  Wish wish{trim(element.substr(0, semicolon))};
  if (semicolon == std::string_view::npos) return wish;
  const std::string_view weight = trim(element.substr(semicolon + 1));
  const bool is_weight = weight.size() > 2 && lower(weight[0]) == 'q' && weight[1] == '=';
  wish.quality = is_weight ? quality(weight.substr(2)) : kMalformed;
  return wish;
}

// Said twice: the smaller one counts.
void note(int& slot, int quality) noexcept { slot = slot == kUnsaid ? quality : std::min(slot, quality); }

} // namespace

std::string_view to_string(Coding coding) noexcept {
  switch (coding) {
  case Coding::gzip: return "gzip";
  case Coding::deflate: return "deflate";
  case Coding::identity: break;
  }
  return "identity";
}

std::optional<Coding> content_coding(const std::vector<Field>& fields) noexcept {
  Coding found = Coding::identity;
  for (const Field& field : fields) {
    if (!iequals(field.name, "Content-Encoding")) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const std::string_view element = next_of(rest);
      if (element.empty()) continue;
      const auto coding = named(element);
      if (!coding || (found != Coding::identity && *coding != Coding::identity)) return std::nullopt;
      if (*coding != Coding::identity) found = *coding;
    }
  }
  return found;
}

Coding preferred_coding(const std::vector<Field>& fields) noexcept {
  std::array<int, 3> said{kUnsaid, kUnsaid, kUnsaid}; // by Coding
  int any = kUnsaid;
  for (const Field& field : fields) {
    if (!iequals(field.name, "Accept-Encoding")) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const Wish wished = wish(next_of(rest));
      if (wished.quality == kMalformed) continue;
      if (wished.name == "*")
        note(any, wished.quality);
      else if (const auto coding = named(wished.name); coding)
        note(said[static_cast<std::size_t>(*coding)], wished.quality);
    }
  }
  // "*" speaks for what is not named. What is not even that is not acceptable, but for identity, which always is, and comes last.
  const auto worth = [&](Coding coding) {
    const int own = said[static_cast<std::size_t>(coding)];
    return own != kUnsaid ? own : any != kUnsaid ? any : 0;
  };
  Coding best = Coding::identity;
  int most = worth(Coding::identity);
  // Of equals the later one: gzip is what everybody decodes, and a coding saves bytes.
  for (const Coding coding : {Coding::deflate, Coding::gzip})
    if (const int own = worth(coding); own > 0 && own >= most) {
      best = coding;
      most = own;
    }
  return best;
}

bool lists(const std::vector<Field>& fields, std::string_view name, std::string_view member) noexcept {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const Field& field) { return iequals(field.name, name) && list_has(field.value, member); });
}

bool speaks_of_coded_bytes(std::string_view name) noexcept {
  constexpr auto names =
      std::to_array<std::string_view>({"Content-Encoding", "Content-MD5", "Digest", "Content-Digest", "Repr-Digest"});
  return std::any_of(names.begin(), names.end(), [name](std::string_view each) { return iequals(name, each); });
}

} // namespace ledgergate::http
