// Which methods a profile's server answers where (docs/vendors.md).
#pragma once

#include "http/head.h"
#include "settings/settings.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace ledgergate::profile {

enum class Verdict : std::uint8_t { allowed, no_such_endpoint, method_not_allowed };
struct Endpoint {
  Verdict verdict = Verdict::allowed;
  std::string_view allow{}; // value of Allow with method_not_allowed
};
// `server_path` is the decoded path as the server will see it (behind strip/rewrite). mserver's are compared loosely: in any
// case, slashes in a row as one and slashes at the end as none.
[[nodiscard]] Endpoint check(settings::Profile profile, http::Method method, std::string_view server_path) noexcept;

// Whether a decoded path leads to pages that describe the whole API to whoever looks: Swagger, of a Mobile SMARTS server. They are
// not for the public, so a route must name them. In any reading of the path (docs/paths.md); may throw std::bad_alloc like those.
[[nodiscard]] bool describes_api(settings::Profile profile, std::string_view path);

// Whether request bodies must go out with Content-Length even when they came chunked (mserver, apicomprem).
[[nodiscard]] bool needs_length(settings::Profile profile) noexcept;
// Whether unsafe requests get a fresh connection (one-slot servers; docs/invariants.md, "Nothing is sent twice").
[[nodiscard]] bool fresh_for_unsafe(settings::Profile profile) noexcept;

// Whether the server says of itself, at any time and to anybody, if it is at work: mserver's /status.
[[nodiscard]] bool tells_status(settings::Profile profile) noexcept;
// Whether the server answers this target also while it is busy with another request, and outside its count: mserver's bare /status.
// `target` is the origin-form target as the server will see it, and only the plain spelling counts.
[[nodiscard]] bool answers_while_busy(settings::Profile profile, std::string_view target) noexcept;

// Whether the body of a request to this path says what is to be done: mserver's /xml, all of apicomprem. `server_path` as above.
[[nodiscard]] bool asks_by_body(settings::Profile profile, std::string_view server_path) noexcept;

// Whether this is text, in which replace_server_name() finds what there is: compressed bytes without a label are none.
[[nodiscard]] bool can_name_server(std::string_view body);
// mserver prints its LAN name in /status: `<server>http://C0508P:444</server>`. Writes `body` with the content of each <server>
// element (of any namespace; an attribute's value, too) replaced by `public_url` to `out`; false (out untouched) when there is
// none. Source: docs/vendors.md, mServer.
[[nodiscard]] bool replace_server_name(std::string_view body, std::string_view public_url, std::string& out);
// Whether this is mserver's /status, however it is spelled: a reply may hold that name, and says nothing of a login (it asks
// nobody).
[[nodiscard]] bool is_status(settings::Profile profile, std::string_view server_path) noexcept;

} // namespace ledgergate::profile
