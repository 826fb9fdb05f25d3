#include "observe/mask.h"

#include "base/prepare_thread.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace ledgergate::observe {
namespace {

thread_local std::string decoded_piece;
const PreparedThread prepared([] { decoded_piece.clear(); });

constexpr std::string_view kMasked = "***";

// Compared with names reduced to their letters and digits in lower case. Czech, German and Russian for "password", "key" and "code"
// stand here because these are the countries of POHODA, Premier and 1C; beyond ASCII in both cases, and as Windows-1250,
// Windows-1251 and KOI8-R have them.
constexpr auto kAnywhere = std::to_array<std::string_view>({
    "passw",
    "passphrase",
    "psswd",
    "pssword",
    "kennwort",
    "heslo",
    "parol",
    "пароль",
    "Пароль",
    "ПАРОЛЬ",
    "\xEF\xE0\xF0\xEE\xEB\xFC",
    "\xCF\xE0\xF0\xEE\xEB\xFC",
    "\xCF\xC0\xD0\xCE\xCB\xDC", // пароль, Пароль, ПАРОЛЬ in Windows-1251
    "\xD0\xC1\xD2\xCF\xCC\xD8",
    "\xF0\xC1\xD2\xCF\xCC\xD8",
    "\xF0\xE1\xF2\xEF\xEC\xF8", // in KOI8-R
    "passmd",
    "passhash",
    "passsha",
    "pwmd",
    "pwhash",
    "pwsha",
    "pwd",
    "secret",
    "token",
    "apikey",
    "credential",
    "signature",
    "authorization",
    "assertion",
    "samlresponse",
    "samlart",
    "bearer",
    "cookie",
    "session",
    "jwt",
    "passcode",
    "accesscode",
    "authcode",
    "securitycode",
    "verificationcode",
    "confirmationcode",
    "activationcode",
    "devicecode",
    "logincode",
    "resetcode",
    "mfacode",
    "otpcode",
    "backupcode",
    "recoverycode",
    "codeverifier",
    "smscode",
    "smskod",
    "pincode",
    "pinkod",
    "cardpin",
});
constexpr auto kAtTheEnd = std::to_array<std::string_view>({
    "key",
    "auth",
    "sig",
    "pass",
    "hmac",
    "sid",
    "otp",
    "pw",
    "psw",
    "pswd",
    "klic",
    "klíč",
    "klÍČ",
    "klÍč",
    "klíČ",
    "klič",
    "klÍc",
    "klíc",
    "kliČ", // as they are typed
    "kl\xED\xE8",
    "kl\xCD\xC8",
    "kl\xCD\xE8",
    "kl\xED\xC8", // klíč in Windows-1250
    "ключ",
    "Ключ",
    "КЛЮЧ",
    "\xEA\xEB\xFE\xF7",
    "\xCA\xEB\xFE\xF7",
    "\xCA\xCB\xDE\xD7", // and Windows-1251
});
// `code` is what OAuth 2 hands over in a redirect (RFC 6749 section 4.1.2), `ticket` what CAS does.
constexpr auto kWhole = std::to_array<std::string_view>({"pin", "code", "cred", "creds", "ticket", "tan", "pword"});
// As the last of several words: user_pin, userPin, but not "spin".
constexpr auto kLastWords = std::to_array<std::string_view>({"pin", "ticket", "tan", "pword"});

// Where a name inside a value ends and its own value begins (a=b, JSON's "a":, XML's <a>), and where such a name can begin.
constexpr std::string_view kPairMarks = "=:>";
constexpr std::string_view kNameStarts = "=:><?&;,{#/ \t\r\n";

int hex(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// One round of percent-decoding in place, %uXXXX of old IIS included. False: there was nothing to decode.
bool decode_once(std::string& text) noexcept {
  std::size_t to = 0;
  bool changed = false;
  for (std::size_t from = 0; from < text.size(); ++to) {
    std::size_t digits = from + 1;
    std::size_t length = 3;
    if (text[from] == '%' && from + 5 < text.size() && (text[from + 1] | 0x20) == 'u' && text[from + 2] == '0' &&
        text[from + 3] == '0')
      digits = from + 4, length = 6;
    const bool encoded = text[from] == '%' && digits + 1 < text.size() && hex(text[digits]) >= 0 && hex(text[digits + 1]) >= 0;
    text[to] = encoded ? static_cast<char>(hex(text[digits]) * 16 + hex(text[digits + 1])) : text[from];
    from += encoded ? length : 1;
    changed = changed || encoded;
  }
  text.resize(to);
  return changed;
}

// A server decodes once, a chain of them (a gateway, IIS, a script) may do so again.
void decode(std::string_view raw, std::string& text) {
  text.assign(raw);
  for (int round = 0; round < 4 && text.find('%') != std::string::npos; ++round)
    if (!decode_once(text)) return;
}

// A letter or digit in lower case, or '\0' for what a name is compared without. Other bytes are parts of letters.
char reduced(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  const bool counts = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
  return counts ? c : '\0';
}

bool same_name(std::string_view name, std::string_view listed) noexcept {
  std::size_t at = 0;
  bool any = false;
  for (const char c : listed) {
    const char wanted = reduced(c);
    if (wanted == '\0') continue;
    while (at < name.size() && reduced(name[at]) == '\0') ++at;
    if (at == name.size() || reduced(name[at]) != wanted) return false;
    ++at;
    any = true;
  }
  while (at < name.size() && reduced(name[at]) == '\0') ++at;
  return any && at == name.size();
}

bool digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool ends_in_word(std::string_view name, std::string_view word) noexcept {
  while (!name.empty() && (reduced(name.back()) == '\0' || digit(name.back()))) name.remove_suffix(1);
  if (name.size() <= word.size()) return false;
  const std::string_view last = name.substr(name.size() - word.size());
  if (!std::equal(last.begin(), last.end(), word.begin(), [](char c, char wanted) { return reduced(c) == wanted; })) return false;
  const char before = name[name.size() - word.size() - 1];
  const bool begins = last.front() >= 'A' && last.front() <= 'Z' && before >= 'a' && before <= 'z';
  return begins || reduced(before) == '\0' || digit(before);
}

// Whether a decoded name is that of a secret. A name longer than any honest one counts as secret.
bool secret_name(std::string_view name, const SecretNames& mask) noexcept {
  const auto is_listed = [name](std::string_view listed) { return same_name(name, listed); };
  if (std::any_of(mask.listed.begin(), mask.listed.end(), is_listed)) return true;
  if (std::any_of(mask.of_server.begin(), mask.of_server.end(), is_listed)) return true;
  if (std::any_of(kLastWords.begin(), kLastWords.end(), [name](auto word) { return ends_in_word(name, word); })) return true;
  std::array<char, 256> letters;
  std::size_t count = 0;
  for (const char c : name) {
    const char letter = reduced(c);
    if (letter == '\0') continue;
    if (count == letters.size()) return true;
    letters[count++] = letter;
  }
  while (count > 0 && digit(letters[count - 1])) --count; // key1, token[0]
  const std::string_view word(letters.data(), count);
  const auto anywhere = [word](std::string_view part) { return word.find(part) != std::string_view::npos; };
  const auto at_the_end = [word](std::string_view part) { return word.ends_with(part); };
  return std::any_of(kAnywhere.begin(), kAnywhere.end(), anywhere) || std::any_of(kAtTheEnd.begin(), kAtTheEnd.end(), at_the_end) ||
         std::find(kWhole.begin(), kWhole.end(), word) != kWhole.end();
}

bool letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Whether a URL in it names a user, and so perhaps a password (RFC 3986 section 3.2.1), behind slashes or, as people type it, one
// or none of them.
bool holds_user_information(std::string_view text) noexcept {
  constexpr std::string_view slashes = "/\\";
  for (std::size_t at = text.find_first_of(slashes); at != std::string_view::npos; at = text.find_first_of(slashes, at + 1)) {
    const bool second = at > 0 && slashes.find(text[at - 1]) != std::string_view::npos;
    const bool of_scheme = at > 1 && text[at - 1] == ':' && letter(text[at - 2]);
    if (!second && !of_scheme) continue;
    const std::string_view rest = text.substr(at + 1);
    if (rest.substr(0, rest.find_first_of("/\\?# \t\r\n<>\"")).find('@') != std::string_view::npos) return true;
  }
  for (std::size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    const std::size_t before = at == 0 ? std::string_view::npos : text.find_last_of("/\\?#=&;, \t\r\n<>\"'", at - 1);
    const std::string_view user =
        text.substr(before == std::string_view::npos ? 0 : before + 1, at - (before == std::string_view::npos ? 0 : before + 1));
    const std::size_t colon = user.find(':');
    if (colon != std::string_view::npos && colon + 1 < user.size() && !same_name(user.substr(0, colon), "mailto")) return true;
  }
  return false;
}

// Whether it is what stands in an Authorization (RFC 9110 section 11.6.2).
bool is_authorization(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '"' || text.front() == '\'')) text.remove_prefix(1);
  const std::size_t end = text.find_first_of(" +\t");
  if (end == std::string_view::npos || text.find_first_not_of(" +\t", end) == std::string_view::npos) return false;
  const std::string_view scheme = text.substr(0, end);
  constexpr auto schemes = std::to_array<std::string_view>({"basic", "bearer", "digest", "negotiate", "ntlm"});
  return std::any_of(schemes.begin(), schemes.end(), [scheme](auto each) { return same_name(scheme, each); });
}

// Whether a session of ASP.NET without cookies stands in a segment of a path: (S(…)), (A(…)), (F(…)), (X(…)).
bool holds_ticket(std::string_view text) noexcept {
  for (std::size_t at = text.find('('); at != std::string_view::npos; at = text.find('(', at + 1))
    if (text.size() - at > 3 && text[at + 2] == '(' && std::string_view("safxSAFX").find(text[at + 1]) != std::string_view::npos)
      return true;
  return false;
}

// Whether it holds an option of a command line whose value is a secret: 1C's `/N user /P password`. Short names only: a long one
// behind a slash is a path. Behind a blank the value may begin at once: `/Nuser /Ppassword`.
bool holds_option(std::string_view text, const SecretNames& mask) noexcept {
  for (std::size_t at = text.find_first_of("/-"); at != std::string_view::npos; at = text.find_first_of("/-", at + 1)) {
    if (at != 0 && reduced(text[at - 1]) != '\0' && !digit(text[at - 1])) continue;
    const bool behind_blank = at != 0 && std::string_view(" +\t").find(text[at - 1]) != std::string_view::npos;
    const auto begins = [glued = text.substr(at + 1)](auto own) { return same_name(glued.substr(0, own.size()), own); };
    if (behind_blank && std::any_of(mask.of_server.begin(), mask.of_server.end(), begins)) return true;
    const std::size_t end = text.find_first_of(" +\t\"", at + 1);
    if (end == std::string_view::npos || end - at > 4) continue;
    const std::string_view name = text.substr(at + 1, end - at - 1);
    if (std::any_of(mask.of_server.begin(), mask.of_server.end(), [name](auto own) { return same_name(name, own); })) return true;
  }
  return false;
}

// Whether a decoded value holds a secret: a pair with the name of one (another URL, JSON, XML, a matrix parameter), or a login.
bool holds_secret(std::string_view text, const SecretNames& mask) noexcept {
  if (holds_user_information(text) || holds_option(text, mask)) return true;
  for (std::size_t mark = text.find_first_of(kPairMarks); mark != std::string_view::npos;
       mark = text.find_first_of(kPairMarks, mark + 1)) {
    std::size_t end = mark;
    while (end > 0 && reduced(text[end - 1]) == '\0' && kPairMarks.find(text[end - 1]) == std::string_view::npos) --end;
    if (end == 0) continue;
    const std::size_t before = text.find_last_of(kNameStarts, end - 1);
    const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
    if (begin < end && secret_name(text.substr(begin, end - begin), mask)) return true;
  }
  return false;
}

// How much of a raw parameter may be shown, or npos for all of it.
std::size_t shown(std::string_view raw, const SecretNames& mask, std::string& decoded) {
  const std::size_t equals = raw.find('=');
  const std::size_t upto_value = equals == std::string_view::npos ? 0 : equals + 1;
  decode(raw.substr(0, equals), decoded);
  const bool nested_name = decoded.find_first_of(kPairMarks) != std::string::npos;
  if (equals != std::string_view::npos && secret_name(decoded, mask)) return nested_name ? 0 : upto_value;
  decode(raw.substr(upto_value), decoded);
  const bool authorizes = is_authorization(decoded);
  decode(raw, decoded);
  if (!authorizes && !holds_secret(decoded, mask)) return std::string_view::npos;
  return nested_name ? 0 : upto_value;
}

std::string_view mask_pieces(std::string_view text, char separator, const SecretNames& mask, std::string& scratch) {
  bool masked = false;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    const std::string_view piece = text.substr(begin, end - begin);
    std::size_t keep = shown(piece, mask, decoded_piece);
    if (separator == '/' && holds_ticket(decoded_piece)) keep = 0;
    // The authority of a URL that lies in a path is a segment of its own.
    if (separator == '/' && begin > 1 && text[begin - 2] == '/' && decoded_piece.find('@') != std::string::npos) keep = 0;
    if (keep != std::string_view::npos && !masked) {
      scratch.assign(text.substr(0, begin)); // the first secret: from here on the answer is a copy
      masked = true;
    }
    if (masked) {
      scratch.append(piece.substr(0, keep));
      if (keep != std::string_view::npos) scratch.append(kMasked);
      if (end < text.size()) scratch.push_back(separator);
    }
    if (end == text.size()) return masked ? std::string_view(scratch) : text;
    begin = end + 1;
  }
}

} // namespace

std::string_view mask_query(std::string_view query, const SecretNames& mask, std::string& scratch) {
  return mask_pieces(query, '&', mask, scratch);
}

std::string_view mask_path(std::string_view path, const SecretNames& mask, std::string& scratch) {
  if (path.find_first_of("=:>%@(") == std::string_view::npos) return path;
  return mask_pieces(path, '/', mask, scratch);
}

} // namespace ledgergate::observe
