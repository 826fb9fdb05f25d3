#include "profile/logins.h"

#include "base/encode.h"
#include "http/base64.h"
#include "http/chars.h"
#include "http/query.h"
#include "profile/credentials.h"

#include <nlohmann/json.hpp>
#include <openssl/crypto.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace ledgergate::profile {
namespace {

using settings::Profile;

constexpr std::string_view kNtlmSignature{"NTLMSSP\0", 8};

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
  if (message.size() < 12 || number(message, 8, 4) != 3) return std::nullopt;
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

ServerLogin windows_login(std::string_view token) {
  ServerLogin out;
  std::string bytes;
  if (!http::decode_base64(token, bytes)) return out;
  const std::size_t begin = bytes.find(kNtlmSignature); // SPNEGO (RFC 4178) wraps it
  if (begin == std::string::npos) return out;
  auto user = ntlm_user(std::string_view(bytes).substr(begin));
  if (!user) return out;
  out.kind = LoginKind::windows;
  out.nameless = user->empty();
  out.account = std::move(*user);
  out.secret = token;
  return out;
}

// username="…" (RFC 7616 section 3.4).
ServerLogin digest_login(std::string_view parameters) {
  ServerLogin out;
  out.kind = LoginKind::digest;
  out.secret = parameters;
  constexpr std::string_view kName = "username=\"";
  const auto found = std::search(parameters.begin(), parameters.end(), kName.begin(), kName.end(),
                                 [](char a, char b) { return http::lower(a) == b; });
  if (found != parameters.end()) {
    for (auto at = found + kName.size(); at != parameters.end() && *at != '"'; ++at) {
      if (*at == '\\' && at + 1 != parameters.end()) ++at;
      out.account += *at;
    }
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

// Every `cred` of a query or of a body of that form. A '+' that came as it is belongs to the base64.
void collect(std::string_view query, ServerLogin& out) {
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    const std::size_t equals = part.find('=');
    const auto name = http::percent_decoded(part.substr(0, equals));
    if (!name || !http::iequals(*name, "cred")) continue;
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
  if (profile == Profile::mserver || profile == Profile::apicomprem) return out; // they know Basic only
  if (const auto token = token_of(value, "NTLM")) return windows_login(*token);
  if (const auto token = token_of(value, "Negotiate")) return windows_login(*token);
  if (const auto parameters = token_of(value, "Digest")) return digest_login(*parameters);
  return out;
}

bool is_login_form(Profile profile, std::string_view path) noexcept {
  if (profile != Profile::onec) return false;
  // The last two segments that are any; IIS minds no case.
  const auto last = [&] {
    while (path.ends_with('/')) path.remove_suffix(1);
    const std::size_t slash = path.rfind('/');
    const std::string_view segment = path.substr(slash == std::string_view::npos ? 0 : slash + 1);
    path.remove_suffix(segment.size());
    return segment;
  };
  return http::iequals(last(), "login") && http::iequals(last(), "e1cib");
}

ServerLogin unread_form_login() {
  ServerLogin out;
  out.kind = LoginKind::form;
  out.account = "?";
  out.nameless = true;
  return out;
}

ServerLogin read_form_login(std::string_view query, std::string_view body) {
  ServerLogin out;
  collect(query, out);
  body = http::trim(body);
  if (body.empty()) return out;
  if (body.front() != '{') {
    collect(body, out);
    return out;
  }
  int named = 0; // of several it is not known which one counts
  const nlohmann::json::parser_callback_t count = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    named += depth == 1 && event == nlohmann::json::parse_event_t::key && parsed == "cred" ? 1 : 0;
    return true;
  };
  const auto said = nlohmann::json::parse(body, count, false);
  if (said.is_discarded()) {
    out.join(unread_form_login()); // a server may be less strict than we are
  } else if (said.is_object() && named != 0) {
    ServerLogin each = unread_form_login();
    each.secret = body;
    if (const auto* const text = said["cred"].get_ptr<const std::string*>(); text != nullptr && named == 1) {
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
