// What a reply points to: where that is the server, it is to be the public name (RFC 9110 sections 10.2.2 and 8.7).
#include "base/prepare_thread.h"
#include "route/caller_view.h"
#include "route/fit.h"
#include "route/reply_fields.h"

namespace ledgergate::route {
namespace {

constexpr auto npos = std::string_view::npos;

thread_local std::string path_scratch; // reused, so that it allocates once a thread
const PreparedThread prepared([] { path_scratch.clear(); });

// What strip or rewrite did to the target, undone: the public prefix, and how much of the server's path it stands for.
struct Unmapped {
  bool changed = false;
  std::size_t cut = 0;
};

Unmapped unmap(const settings::Route& route, std::string_view path, Spelling spelling) noexcept {
  const auto prefix = trim_slashes(route.path);
  if (route.rewrite_prefix.empty()) return {route.strip_prefix && !prefix.empty(), 0};
  const auto cut = prefix_bytes(path, trim_slashes(route.rewrite_prefix), spelling);
  return cut == npos ? Unmapped{} : Unmapped{true, cut};
}

// "authority" of public_url, or empty; and its scheme.
std::string_view public_authority(const settings::Route& route, std::string_view& scheme) noexcept {
  const std::string_view url = route.public_url;
  const auto colon = url.find("://");
  if (colon == npos) return {};
  scheme = url.substr(0, colon);
  return url.substr(colon + 3, url.find_first_of("/?#", colon + 3) - colon - 3);
}

void append_scheme(std::string_view scheme, bool websocket, std::string& out) {
  if (websocket)
    out += scheme == "https" ? "wss" : "ws";
  else
    out += scheme;
  out += "://";
}

} // namespace

bool append_known_origin(const Facts& facts, const Reference& reference, Named named, std::string& out) {
  const bool websocket = reference.scheme == Scheme::ws || reference.scheme == Scheme::wss;
  std::string_view scheme = named == Named::caller_by_tls ? "https" : public_scheme(facts);
  const auto configured = public_authority(*facts.route, scheme);
  if (configured.empty() && !has_public_authority(facts)) return false;
  append_scheme(scheme, websocket, out);
  append_known_authority(facts, out);
  return true;
}

void append_known_authority(const Facts& facts, std::string& out) {
  std::string_view scheme;
  const auto configured = public_authority(*facts.route, scheme);
  if (!configured.empty())
    out += configured;
  else if (has_public_authority(facts))
    append_public_authority(facts, out);
}

bool map_location(const Facts& facts, std::string_view text, std::string& out) {
  const auto& route = *facts.route;
  Reference reference;
  if (!route.map_location || !read_reference(text, reference)) return false;
  const Named named = reference.absolute ? whom_names(facts, reference) : Named::server;
  if (named == Named::other) return false;
  const std::string_view path = reference.path.empty() ? std::string_view("/") : plain_path(reference.path, path_scratch);
  const auto unmapped = unmap(route, path, spelling_of(*facts.server));
  if (!reference.absolute && !unmapped.changed) return false;
  const auto start = out.size();
  // Where the caller named no host, the path alone: it knows whom it asked.
  if (reference.absolute) (void)append_known_origin(facts, reference, named, out);
  if (unmapped.changed) append_encoded(trim_slashes(route.path), out);
  auto rest = path.substr(unmapped.cut);
  if (out.size() == start) // a path alone must not begin with "//": it would name a host
    while (rest.starts_with("//")) rest.remove_prefix(1);
  if (rest.empty() && trim_slashes(route.path).empty()) out += '/';
  out += rest;
  out += reference.tail;
  return true;
}

} // namespace ledgergate::route
