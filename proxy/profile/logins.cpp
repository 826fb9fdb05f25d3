#include "profile/logins.h"

#include "base/encode.h"
#include "http/base64.h"
#include "http/chars.h"
#include "http/path_readings.h"
#include "http/query.h"
#include "profile/credentials.h"

#include <nlohmann/json.hpp>
#include <openssl/crypto.h>

#include <algorithm>
#include <iterator>
#include <new>
#include <optional>
#include <utility>

namespace ledgergate::profile {
namespace {

using settings::Profile;

constexpr std::string_view kNtlmSignature{"NTLMSSP\0", 8};
constexpr std::size_t kShortestMessage = 12; // bytes: the signature and the number of the message
constexpr int kMostDecoded = 4;              // rounds of percent-decoding
constexpr std::string_view kConnectionSchemes[] = {"NTLM", "Negotiate", "Kerberos", "Nego2"};

// "NTLM TlRM…": the token behind the scheme, or nothing when it is another scheme.
std::optional<std::string_view> token_of(std::string_view value, std::string_view scheme) noexcept {
  if (value.size() < scheme.size() || !http::iequals(value.substr(0, scheme.size()), scheme)) return std::nullopt;
  value.remove_prefix(scheme.size());
  if (!value.empty() && value.front() != ' ' && value.front() != '\t') return std::nullopt;
  return http::trim(value);
}

std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t size) noexcept {
  std::uint32_t out = 0;
  for (std::size_t i = size; i-- > 0;) out = out << 8U | static_cast<unsigned char>(bytes[at + i]);
  return out;
}

// The user of an AUTHENTICATE_MESSAGE (MS-NLMP section 2.2.1.3); "" where it can't be read. Nothing for the other messages.
std::optional<std::string> ntlm_user(std::string_view message) {
  constexpr std::size_t kUser = 36, kFlags = 60;
  if (message.size() < kShortestMessage || number(message, 8, 4) != 3) return std::nullopt;
  if (message.size() < kFlags + 4) return std::string();
  const std::size_t length = number(message, kUser, 2), offset = number(message, kUser + 4, 4);
  if (offset > message.size() || length > message.size() - offset) return std::string();
  const std::string_view name = message.substr(offset, length);
  if ((number(message, kFlags, 4) & 1U) == 0) return std::string(name); // not in UTF-16
  std::string out;
  for (std::size_t i = 0; i + 1 < name.size(); i += 2)
    if (!append_character(number(name, i, 2), Encoding::utf8, out)) out += '?'; // half of a pair
  return out;
}

bool in_word(char c) noexcept { return (http::lower(c) >= 'a' && http::lower(c) <= 'z') || (c >= '0' && c <= '9'); }

bool is_connection_scheme(std::string_view word) noexcept {
  return std::any_of(std::begin(kConnectionSchemes), std::end(kConnectionSchemes),
                     [&](std::string_view scheme) { return http::iequals(word, scheme); });
}

// By what a password scheme that stands anywhere in the value would prove a user: servers differ in what they take for the blank
// behind it, and in whether they read a list.
LoginKind scheme_within(std::string_view value) noexcept {
  LoginKind found = LoginKind::none;
  for (std::size_t at = 0; at < value.size();) {
    std::size_t end = at;
    while (end < value.size() && in_word(value[end])) ++end;
    const std::string_view word = value.substr(at, end - at);
    if (http::iequals(word, "Basic")) return LoginKind::basic;
    if (http::iequals(word, "Digest")) found = LoginKind::digest;
    if (found == LoginKind::none && is_connection_scheme(word)) found = LoginKind::windows;
    at = end + 1;
  }
  return found;
}

ServerLogin nameless_login(LoginKind kind, std::string_view secret) {
  ServerLogin out;
  out.kind = kind;
  out.account = "?";
  out.nameless = true;
  out.secret = secret;
  return out;
}

// As decoders do that mind nothing.
std::string decode_carelessly(std::string_view token) {
  std::string clean, out;
  http::append_letters_of_base64(token, clean);
  // Without the last bits of a group that is not full: they may be any.
  clean.resize(clean.size() / 4 * 4);
  static_cast<void>(http::decode_base64(clean, out));
  OPENSSL_cleanse(clean.data(), clean.size());
  return out;
}

// What a token holds: messages of NTLM, also within SPNEGO (RFC 4178).
struct Messages {
  std::size_t first = std::string_view::npos; // where the first one that names a user begins
  int all = 0, naming = 0;
};
Messages messages_in(std::string_view bytes) {
  Messages out;
  for (auto at = bytes.find(kNtlmSignature); at != std::string_view::npos; at = bytes.find(kNtlmSignature, at + 1)) {
    ++out.all;
    if (bytes.size() - at < kShortestMessage || number(bytes, at + 8, 4) != 3) continue;
    if (out.naming++ == 0) out.first = at;
  }
  return out;
}

ServerLogin windows_login(std::string_view token) {
  std::string bytes;
  const bool clean = http::decode_base64(token, bytes);
  if (!clean) bytes = decode_carelessly(token);
  const Messages found = messages_in(bytes);
  if (!clean) {
    // A server may read it otherwise than we do, as a list, too. Only what begins a handshake, and nothing else, is none for sure.
    const bool begins = found.all != 0 && found.naming == 0 && scheme_within(token) == LoginKind::none;
    return begins || bytes.size() < kShortestMessage ? ServerLogin() : nameless_login(LoginKind::windows, token);
  }
  if (found.naming == 0) return {};
  if (found.all > 1) return nameless_login(LoginKind::windows, token);
  auto user = ntlm_user(std::string_view(bytes).substr(found.first));
  if (!user || user->empty()) return nameless_login(LoginKind::windows, token);
  ServerLogin out;
  out.kind = LoginKind::windows;
  out.account = std::move(*user);
  out.secret = token;
  return out;
}

// username="…" (RFC 7616 section 3.4). Where the word stands twice it is not known which one the server reads.
ServerLogin digest_login(std::string_view parameters) {
  constexpr std::string_view kWord = "username", kName = "username=\"";
  const auto find = [&](auto from, std::string_view word) {
    return std::search(from, parameters.end(), word.begin(), word.end(), [](char a, char b) { return http::lower(a) == b; });
  };
  const auto found = find(parameters.begin(), kName);
  if (found == parameters.end() || find(parameters.begin(), kWord) != found || find(found + 1, kWord) != parameters.end())
    return nameless_login(LoginKind::digest, parameters);
  ServerLogin out;
  out.kind = LoginKind::digest;
  out.secret = parameters;
  for (auto at = found + kName.size(); at != parameters.end() && *at != '"'; ++at) {
    if (*at == '\\' && at + 1 != parameters.end()) ++at;
    out.account += *at;
  }
  out.nameless = out.account.empty();
  return out;
}

// `cred` of 1C's web client: version 1, two blocks with their lengths, the user with a length of four bytes, a check sum; older
// ones send user:password, or a user alone who has no password.
std::string form_user(std::string_view cred) {
  std::string bytes;
  if (!http::decode_base64(cred, bytes)) return {};
  const std::string_view all = bytes;
  if (!all.empty() && all[0] == 1) {
    std::size_t at = 1;
    for (int block = 0; block < 2 && at < all.size(); ++block) at += 1U + static_cast<unsigned char>(all[at]);
    if (at > all.size() || all.size() - at < 4) return {};
    const std::size_t length = number(all, at, 4);
    return length <= all.size() - at - 4 ? std::string(all.substr(at + 4, length)) : std::string();
  }
  const bool text = std::none_of(all.begin(), all.end(), [](unsigned char c) { return c < 0x20; });
  return text ? std::string(all.substr(0, all.find(':'))) : std::string();
}

// Decoded until nothing is left to decode, %u0063 too, and without controls: what a server might make of it, at its most careless.
std::string decoded_throughout(std::string_view text) {
  std::string out(text);
  for (int round = 0; round < kMostDecoded; ++round) {
    std::string next;
    for (std::size_t at = 0; at < out.size(); ++at) {
      const bool wide =
          out.size() - at > 5 && out[at] == '%' && http::lower(out[at + 1]) == 'u' && out[at + 2] == '0' && out[at + 3] == '0';
      const std::size_t digits = at + (wide ? 4 : 1);
      const bool escape = out[at] == '%' && out.size() - digits > 1 && digits + 1 < out.size() &&
                          http::is(out[digits], http::hex_byte) && http::is(out[digits + 1], http::hex_byte);
      const unsigned c =
          escape ? http::hex_value(out[digits]) << 4U | http::hex_value(out[digits + 1]) : static_cast<unsigned char>(out[at]);
      if (escape) at = digits + 1;
      if (c >= 0x20) next += static_cast<char>(c);
    }
    const bool same = next == out;
    out.swap(next);
    OPENSSL_cleanse(next.data(), next.size());
    if (same) break;
  }
  return out;
}

// Whether a parameter in it could be `cred`: "x=1;cred=…", "+cred=…", "cred[]=…", "%2563red=…".
bool could_hold_cred(std::string_view text) {
  constexpr std::string_view kCred = "cred";
  std::string plain = decoded_throughout(text);
  bool found = false;
  for (std::size_t at = 0; !found && at + kCred.size() <= plain.size(); ++at) {
    const std::size_t end = at + kCred.size();
    found = http::iequals(std::string_view(plain).substr(at, kCred.size()), kCred) && (at == 0 || !in_word(plain[at - 1])) &&
            (end == plain.size() || !in_word(plain[end]));
  }
  OPENSSL_cleanse(plain.data(), plain.size());
  return found;
}

// Every `cred` of a query or of a body of that form. A '+' that came as it is belongs to the base64.
void collect(std::string_view query, ServerLogin& out) {
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    const std::size_t equals = part.find('=');
    const auto name = http::percent_decoded(part.substr(0, equals));
    if (!name || !http::iequals(*name, "cred")) {
      if (could_hold_cred(part)) out.join(nameless_login(LoginKind::form, part));
      continue;
    }
    ServerLogin each = unread_form_login();
    auto value = http::percent_decoded(equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1));
    if (value) {
      each.account = form_user(*value);
      each.nameless = each.account.empty();
      each.secret = std::move(*value);
    }
    out.join(std::move(each));
  }
}

// "…/e1cib/login", in a reading.
bool ends_as_login(std::u32string_view reading) {
  static const http::FoldedPrefix wanted = http::fold_prefix("/e1cib/login");
  const std::size_t last = reading.rfind(U'/');
  if (last == std::u32string_view::npos || last == 0) return false;
  return http::could_lie_below(reading.substr(reading.rfind(U'/', last - 1)), wanted);
}

} // namespace

ServerLogin::~ServerLogin() { OPENSSL_cleanse(secret.data(), secret.size()); }

void ServerLogin::join(ServerLogin other) {
  if (other.kind == LoginKind::none) return;
  if (kind == LoginKind::none) {
    *this = std::move(other);
    return;
  }
  // The form's failures are the others' as well, and a handshake that goes on is none of its.
  if (other.kind == LoginKind::form) kind = other.kind;
  account = "?";
  nameless = true;
  secret.append(" ").append(other.secret);
}

ServerLogin read_field_login(std::string_view value, Profile profile) {
  ServerLogin out;
  if (auto user = named_user(value, profile)) {
    out.kind = LoginKind::basic;
    out.account = std::move(*user);
    out.nameless = out.account == "?";
    out.secret = value;
    return out;
  }
  const LoginKind within = scheme_within(value);
  const bool basic_only = profile == Profile::mserver || profile == Profile::apicomprem;
  if (!basic_only) {
    for (const std::string_view scheme : kConnectionSchemes)
      if (const auto token = token_of(value, scheme)) return windows_login(*token);
    if (const auto parameters = token_of(value, "Digest")) return digest_login(*parameters);
  }
  if (within == LoginKind::none || (basic_only && within != LoginKind::basic)) return out;
  return nameless_login(within, value);
}

bool is_login_form(Profile profile, std::string_view path) noexcept {
  if (profile != Profile::onec) return false;
  try {
    http::PathReadings readings(path, http::PathReadings::Text::decoded);
    while (readings.next())
      if (ends_as_login(readings.text())) return true;
    return !readings.complete();
  } catch (const std::bad_alloc&) {
    return true;
  }
}

ServerLogin unread_form_login() { return nameless_login(LoginKind::form, {}); }

ServerLogin read_form_login(std::string_view query, std::string_view body) {
  ServerLogin out;
  collect(query, out);
  body = http::trim(body);
  if (body.empty()) return out;
  if (body.front() != '{') {
    collect(body, out);
    return out;
  }
  int named = 0, like = 0; // of several it is not known which one counts
  const nlohmann::json::parser_callback_t count = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    if (depth != 1 || event != nlohmann::json::parse_event_t::key) return true;
    named += parsed == "cred" ? 1 : 0;
    like += could_hold_cred(parsed.get_ref<const std::string&>()) ? 1 : 0;
    return true;
  };
  const auto said = nlohmann::json::parse(body, count, false);
  if (said.is_discarded()) {
    out.join(unread_form_login()); // a server may be less strict than we are
  } else if (said.is_object() && like != 0) {
    ServerLogin each = unread_form_login();
    each.secret = body;
    const auto cred = said.find("cred");
    const auto* const text = cred != said.end() ? cred->get_ptr<const std::string*>() : nullptr;
    if (text != nullptr && named == 1 && like == 1) {
      each.secret = *text;
      each.account = form_user(*text);
      each.nameless = each.account.empty();
    }
    out.join(std::move(each));
  }
  return out;
}

bool login_failed(LoginKind kind, const http::ReplyHead& reply) {
  if (kind == LoginKind::form && reply.status == 402) return true;
  if (kind == LoginKind::none || reply.status != 401) return false;
  for (const auto& field : reply.fields) {
    if (!http::iequals(field.name, "WWW-Authenticate")) continue;
    for (const std::string_view scheme : {"NTLM", "Negotiate"})
      if (const auto token = token_of(field.value, scheme); token && !token->empty() && token->front() != ',') return false;
    if (kind != LoginKind::digest || !token_of(field.value, "Digest")) continue;
    std::string plain;
    for (const char c : field.value)
      if (c != ' ' && c != '\t' && c != '"') plain += http::lower(c);
    if (plain.find("stale=true") != std::string::npos) return false;
  }
  return true;
}

} // namespace ledgergate::profile
