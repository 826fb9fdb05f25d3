// The credential split: callers never know the user and password that a server wants. A file holds them, the snapshot keeps them as
// the value of a header field, and that goes out in place of whatever the caller sent.
//
// Also the other way round: whether what a caller sent can be a user and a password at all.
#pragma once

#include "settings/settings.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ledgergate::profile {

// The field that a profile's server reads: mserver STW-Authorization (docs/vendors.md, mServer), the others Authorization. A
// literal.
[[nodiscard]] std::string_view credentials_field(settings::Profile profile) noexcept;

// A secret. Immutable, shared by all workers, wiped at its end; only value() ever leaves it, and only into a request's head.
class Credentials {
public:
  explicit Credentials(std::string_view value); // copies it
  ~Credentials();
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  // "Basic dXNlcjpwYXNzd29yZA=="
  [[nodiscard]] std::string_view value() const noexcept { return value_; }
  // The server refused them. True once a minute at most (`now_ms`: any steady clock), so that a log can say so without being
  // flooded. Any thread.
  [[nodiscard]] bool should_tell(std::int64_t now_ms) const noexcept;

private:
  std::string value_;
  mutable std::atomic<std::int64_t> told_ms_;
};

// What a credentials file says, as the value of the field: one line, `user:password` in UTF-8 (sent in Windows-1250 to an mserver,
// whose users have diacritics; in UTF-8 to any other, RFC 7617 section 2.1), or `Basic …` as it stands. Appends to `value`, or
// returns the mistake ("" when there is none), which never holds a byte of the file.
[[nodiscard]] std::string_view read_credentials(std::string_view content, settings::Profile profile, std::string& value);

// The same from the disk. Null, and a sentence with the file's name in `why`, when that fails. (Who else may read the file is the
// settings' business: settings/read_credentials.cpp.)
[[nodiscard]] std::shared_ptr<const Credentials> load_credentials(const std::string& file, settings::Profile profile,
                                                                  std::string& why);

// Whether the value of a caller's field names a user, as far as that can be seen from outside: Basic, the only scheme of mserver
// and apicomprem (docs/vendors.md, mServer and ApiComPrem), and base64 of `user:password` with a user, other than `@` without a
// password (`QDo=`: what the vendor's page prints, and what connectors send that were never set up). For an mserver the word
// Basic may be missing, as it is with some clients in the field.
[[nodiscard]] bool names_a_user(std::string_view value, settings::Profile profile);

// The user that it names, as the caller wrote it; "?" when it is Basic and can't be read (a server may be less strict than we are).
// None: another scheme, whose failures are no guesses at a password (an expired token).
[[nodiscard]] std::optional<std::string> named_user(std::string_view value, settings::Profile profile);

// Whether a reply with a 2xx says that the user and password which went with the request are right: a page of another server may
// be public, and mServer's /status is (docs/vendors.md, mServer).
[[nodiscard]] bool success_proves_login(settings::Profile profile, bool post) noexcept;

} // namespace ledgergate::profile
