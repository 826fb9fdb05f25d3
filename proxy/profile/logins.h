// The logins that callers bring for a server themselves: whom they name, by what, and which answers say that it failed. What each
// profile knows stands in docs/lockout.md.
#pragma once

#include "http/head.h"
#include "settings/settings.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace ledgergate::profile {

enum class LoginKind : std::uint8_t {
  none,
  basic,   // RFC 7617
  digest,  // RFC 7616
  windows, // NTLM, also within Negotiate: the message that names a user (MS-NLMP section 2.2.1.3), not those that prepare it
  form,    // 1C's e1cib/login
};

struct ServerLogin {
  LoginKind kind = LoginKind::none;
  std::string account;   // whom it names, as the caller wrote it
  bool nameless = false; // the name can't be seen, or there are several
  std::string secret;    // what is to prove it; wiped at the end
  ServerLogin() = default;
  ~ServerLogin();
  ServerLogin(ServerLogin&&) = default;
  ServerLogin& operator=(ServerLogin&&) = default;
  ServerLogin(const ServerLogin&) = delete;
  ServerLogin& operator=(const ServerLogin&) = delete;
  // Both came with one request: which of them the server believes is not known.
  void join(ServerLogin other);
};

// What a field that the profile's server reads (credentials_field()) says. Other schemes are none: their failures are no guesses at
// a password (an expired token).
[[nodiscard]] ServerLogin read_field_login(std::string_view value, settings::Profile profile);

// Whether requests to this decoded path are 1C's login, which its web client sends as `cred`: in the query or in the body.
[[nodiscard]] bool is_login_form(settings::Profile profile, std::string_view server_path) noexcept;
// Longest body that is looked at for it (bytes).
inline constexpr std::size_t kLoginBody = 16 * 1024;
// `body`: the whole of it, or empty. None where there is no `cred`: so the web client asks first whether it needs one, and 402 is
// the usual answer.
[[nodiscard]] ServerLogin read_form_login(std::string_view query, std::string_view body);
// One whose body is not looked at.
[[nodiscard]] ServerLogin unread_form_login();

// Whether the server's answer says that the login was wrong. A 401 that only goes on with the handshake is none, nor one that asks
// for the same again (RFC 7616 section 3.3, stale).
[[nodiscard]] bool login_failed(LoginKind kind, const http::ReplyHead& reply);

} // namespace ledgergate::profile
