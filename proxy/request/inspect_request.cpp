// What only the body tells, between the spool and the turn: whether the caller may do what it asks, and which accounting unit, and
// so which server, it means.
#include "request/inspect_request.h"

#include "http/chars.h"
#include "http/coding.h"
#include "inspect/content_type.h"
#include "inspect/rules.h"
#include "profile/asked_by_head.h"
#include "profile/endpoints.h"
#include "request/decide.h"
#include "request/find_unit.h"
#include "request/own_secrets.h"
#include "route/field_names.h"
#include "route/route.h"
#include "settings/known_operations.h"
#include "state/services.h"

namespace ledgergate {
namespace {

using settings::Profile;

constexpr std::size_t kMostNamed = 200; // bytes of operations in the log

bool has_rules(const Exchange& x) {
  return !x.facts.route->operations.empty() || (x.client != nullptr && !x.client->operations.empty());
}

// ApiComPrem's commands are always read: `select` must be asked for by name (docs/vendors.md, ApiComPrem: it is raw SQL).
bool must_be_read(const Exchange& x) {
  return x.asks_by_body && (x.facts.server->profile == Profile::apicomprem || has_rules(x) || !x.facts.route->units.empty());
}

// The server that keeps the unit of a dataPack, where the route has servers of units.
Result<void> find_server(Exchange& x) {
  if (x.facts.route->units.empty()) return {};
  // A pack for whatever unit happens to be open, at whatever server `server` is, would be booked where nobody looks for it.
  if (x.unit.empty()) return Error{Cause::unit_unknown, "the dataPack names no ico"};
  const auto chosen = choose_server(x);
  if (!chosen) return chosen;
  const std::uint64_t limit = body_limit(x);
  if (limit != 0 && x.spool.size() > limit) return Error{Cause::body_too_large};
  keep_own_secrets(x); // what the edge holds for the route's server is not this one's
  return check_rules(x, x.upstream_target);
}

// The one field of this name that says how the body is to be read; null: there is none. One that comes twice is no word at all, nor
// one in a spelling that some servers take for it ("Content_Type").
Result<const http::Field*> sole_field(const http::RequestHead& request, std::string_view name, Error twice, Error twin) {
  const http::Field* found = nullptr;
  for (const auto& field : request.fields) {
    if (!route::same_variable(field.name, name)) continue;
    if (!http::iequals(field.name, name)) return twin;
    if (found != nullptr) return twice;
    found = &field;
  }
  return found;
}

Result<std::string_view> charset_of(const http::RequestHead& request) {
  const auto type = sole_field(request, "Content-Type", {Cause::body_unreadable, "more than one Content-Type"},
                               {Cause::body_unreadable, "a Content-Type in another spelling"});
  if (!type) return type.error();
  return *type == nullptr ? Result<std::string_view>(std::string_view()) : inspect::strict_charset((*type)->value);
}

Result<http::Coding> coding_of(const http::RequestHead& request) {
  const auto said = sole_field(request, "Content-Encoding", {Cause::body_unreadable, "more than one Content-Encoding"},
                               {Cause::body_unreadable, "a Content-Encoding in another spelling"});
  if (!said) return said.error();
  const auto coding = http::content_coding(request.fields);
  // "identity, gzip" is gzip, but not to who compares the whole value.
  const bool list = *said != nullptr && (*said)->value.find(',') != std::string_view::npos;
  if (!coding || list) return Error{Cause::unsupported_coding};
  return *coding;
}

// What is known of the body, as far as it was read: a refusal in the caller's own form names its pack.
void note_facts(Exchange& x) {
  const inspect::RequestReader& reader = *x.reading;
  x.pack_id = reader.pack_id();
  x.body_charset = to_string(reader.charset());
  if (x.facts.server->profile == Profile::mserver) x.unit = http::trim(reader.ico());
  x.operation.clear();
  for (const std::string& name : reader.operations()) {
    if (x.operation.size() + name.size() > kMostNamed) break;
    if (!x.operation.empty()) x.operation += ',';
    x.operation += name;
  }
}

// By the route's rules, and by the client's own where it has some: those of a client who has none are the route's.
bool allowed(const Exchange& x, const std::vector<std::string>& operations) {
  const settings::Server& server = *x.facts.server;
  const auto by = [&](const std::vector<std::string>& rules) {
    return inspect::first_denied(server.profile, rules, operations, server.commands) == nullptr;
  };
  return by(x.facts.route->operations) && (x.client == nullptr || x.client->operations.empty() || by(x.client->operations));
}

// What the head asks of an mserver, where there are rules: its files, and what it tells of the company.
Result<void> judge_by_head(Exchange& x, std::string_view path) {
  if (x.facts.server->profile != Profile::mserver || !has_rules(x)) return {};
  const std::string_view name = profile::asked_by_head(path, x.target.query, x.request.body.has_content());
  if (name.empty()) return {};
  x.operation = name;
  if (allowed(x, {std::string(name)})) return {};
  return Error{Cause::operation_denied, name == settings::kDocuments
                                            ? "files need the word `documents` in `operations`"
                                            : "/status with more than nothing needs the word `company_detail` in `operations`"};
}

} // namespace

Result<void> prepare_inspection(Exchange& x) {
  const Profile profile = x.facts.server->profile;
  if (profile != Profile::mserver && profile != Profile::apicomprem) return {};
  std::string scratch;
  const std::string_view path = route::server_path(*x.facts.route, x.target, scratch);
  x.asks_by_body = profile::asks_by_body(profile, path);
  const auto judged = judge_by_head(x, path);
  if (!judged) return judged;
  if (!must_be_read(x)) return {};
  if (!x.request.body.has_content()) return Error{Cause::body_unreadable, "there is no body"};
  auto coding = coding_of(x.request);
  if (!coding) return coding.error();
  if (x.body_coding != http::Coding::identity) coding = http::Coding::identity; // taken off on the way into the spool
  const auto charset = charset_of(x.request);
  if (!charset) return charset.error();
  x.reading = std::make_unique<inspect::RequestReader>(profile, *coding, *charset, body_limit(x));
  return {};
}

Result<void> read_request(Exchange& x, std::string_view bytes) {
  if (!x.reading) return {};
  const auto read = x.reading->feed(bytes);
  if (!read) note_facts(x);
  return read;
}

Result<void> inspect_request(Exchange& x) {
  if (!x.reading) return {};
  const auto whole = x.reading->finish();
  note_facts(x);
  if (!whole) return whole;
  x.operations = x.reading->operations();
  if (!allowed(x, *x.operations)) return Error{Cause::operation_denied};
  x.reading.reset();
  if (x.facts.server->profile != Profile::mserver) return {};
  return find_server(x);
}

Result<void> inspect_again(Exchange& x) {
  std::string scratch;
  const auto judged = judge_by_head(x, route::server_path(*x.facts.route, x.target, scratch));
  if (!judged) return judged;
  if (x.reading || !must_be_read(x)) return {}; // it is being read, and what it asks is judged behind that
  if (!x.operations) return Error{Cause::operation_denied, "rules that came meanwhile must know what it asks, and it was not read"};
  if (!allowed(x, *x.operations)) return Error{Cause::operation_denied};
  return {};
}

} // namespace ledgergate
