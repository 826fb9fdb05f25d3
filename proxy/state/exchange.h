// One request and its reply, whatever protocol carried them. serve_request (request/serve_request.h) sees a head, a body source and
// a reply sink; HTTP/1 provides them in serve/h1.h, and another protocol would provide its own.
//
// An Exchange is scratch space, leased from the worker when a head begins to arrive and given back when the connection is idle; it
// keeps its capacity, so that the steady state allocates nothing.
#pragma once

#include "base/error.h"
#include "base/result.h"
#include "client/address_table.h"
#include "client/lockout.h"
#include "client/peer_certificate.h"
#include "http/coding.h"
#include "http/head.h"
#include "http/parser.h"
#include "http/reply_body.h"
#include "http/spool.h"
#include "http/target.h"
#include "inspect/outcome.h"
#include "inspect/request_reader.h"
#include "io/stream.h"
#include "io/wake.h"
#include "observe/access_log.h"
#include "profile/credentials.h"
#include "profile/logins.h"
#include "route/outgoing.h"
#include "state/body_source.h"
#include "state/compressors.h"
#include "state/reply_sink.h"
#include "upstream/lookup.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate {

struct Generation;
class Services;
namespace upstream {
class Bound;
}

// What the caller's connection knows of it beyond the one request; and what it is in the newest settings, for what goes on for
// longer than those it began with (judge_again.cpp).
class Standing {
public:
  // Appends the certificate that it has shown, and those between that one and a CA of the listener's, as RFC 9440 has them in
  // fields; nothing, where there is none.
  virtual void append_certificate(std::string& leaf) const = 0;
  virtual void append_chain(std::string& chain) const = 0;
  struct Newest {
    std::shared_ptr<const Generation> generation;
    bool open = false;        // its listener is there still, and is `listener` now
    std::size_t listener = 0; // index into the settings
    std::size_t rules = 0;    // of callers' certificates, as Exchange::rules
    bool believed = false;    // its certificate, or that it has none, is good enough there
  };
  // With `seen`, those settings, it looks no further than that they are the newest: `generation` is null then.
  [[nodiscard]] virtual Newest newest(const Generation* seen) const = 0;
  // The caller has proven to be this client, and may come in.
  virtual void proven(const settings::Client& client) noexcept = 0;
  // Somebody has proven who they are on this connection.
  [[nodiscard]] virtual bool known() const noexcept = 0;
  // It is one too many of its address, and stays only for a caller who proves to be a client with its first request.
  [[nodiscard]] virtual bool on_trial() const noexcept = 0;
  // Why the connection was ended for others' sake: for the memory that it held (shedding.h), or for its place. Empty: it was not.
  [[nodiscard]] virtual std::string_view shed() const noexcept = 0;

protected:
  ~Standing() = default;
};

// A time of the settings as the loop counts it.
[[nodiscard]] inline io::TimeMs ms(settings::Millis time) noexcept { return static_cast<io::TimeMs>(time.count()); }

struct Exchange {
  // Set by the protocol before serve_request.
  Services* services = nullptr;
  const Generation* generation = nullptr;
  io::Wake* wake = nullptr;
  BodySource* body = nullptr;
  ReplySink* reply = nullptr;
  Standing* standing = nullptr;
  upstream::Bound* own = nullptr; // the connection's: server connections that are this caller's alone
  std::uint64_t connection = 0;   // names the caller\'s connection, within the process
  std::size_t listener = 0;       // index into the settings
  std::size_t server = 0;         // index into the settings: the route's, or the unit's; facts.server is the same one
  Endpoint peer;
  std::string_view peer_ip_text;
  std::string head_text; // the head's own bytes: views of `request` lie here
  http::RequestHead request;
  route::Facts facts;             // listener and TLS facts are set; the stages fill in the rest
  std::uint64_t head_started = 0; // uv_hrtime() of the head's first byte

  const client::PeerCertificate* certificate = nullptr; // the caller's, verified; null: none
  std::size_t rules = 0;                                // it was verified by these of the listener's (listen::TlsFront)
  client::Share* connection_share = nullptr;            // of the client's connections: this connection's
  std::string* connection_client = nullptr;             // whose share that is

  // The stages' own.
  const settings::Client* client = nullptr; // who calls; null: nobody knows (yet)
  settings::Proofs proven = settings::kNoProof;
  bool address_limited = false; // the limits of its address hold for this request
  client::AddressTable::Hold address;
  std::array<client::Share, 3> shares; // of what address, client and route may do at once
  std::string rate_policy, rate_left;  // values of RateLimit-Policy and RateLimit; empty: no bound
  http::Target target;
  http::ReplyHead answer;
  http::HeadScan answer_scan;              // of the head that is being received
  int interims = 0;                        // 1xx replies of the server so far
  std::size_t answer_head = 0;             // bytes of the server's reply head, still in its input until the body is relayed
  io::TimeMs server_keeps = io::kNever;    // how long the server keeps an idle connection, as it says; kNever: it does not say
  io::TimeMs reply_end = 0;                // the loop's time when the last byte of the reply had come
  io::Stream* at_server = nullptr;         // the connection to the server, while the story has one
  std::optional<http::ReplyBody> arriving; // how far the reply's body has come from the server; nothing before it begins
  upstream::Addresses addresses;           // where its turn is good; empty: it has none
  std::string upstream_target;
  std::string out;      // the head that goes to the server
  std::string chunk;    // decoded body bytes that will go to the server as one chunk
  std::string gathered; // reply bytes not yet encrypted or offered to the kernel
  std::string request_id;
  std::string_view client_ip_text;
  std::string client_cert, client_cert_chain; // values of the fields of RFC 9440
  std::string other_ip_text;                  // the caller's, when a trusted proxy named it
  std::string note;                           // a reply body of our own; and one that was held, while it is changed or compressed
  CompressorLease pressed;                    // stands before the protocol's sink while a reply is compressed as it comes
  http::ReplyHead told;                       // `answer` as a caller reads it whose route compresses
  std::string weak_etag;                      // a value in `told`
  http::Spool spool;
  http::Spool reply_spool;                           // a reply on its way from the server's speed to the caller's
  http::Coding body_coding = http::Coding::identity; // to be taken off the body while it is spooled
  http::Framing framing;                             // of the body as it goes to the server
  bool spooled = false;                              // the body lies whole in `spool`
  bool asks_by_body = false;                         // what is asked stands in the body (mserver's /xml, apicomprem)
  // While rules or unit routes need to know what: reads the body as it arrives (inspect_request.cpp).
  std::unique_ptr<inspect::RequestReader> reading;
  std::unique_ptr<inspect::OutcomeReader> outcome; // of the reply, where its body says one (check_reply.cpp)
  // What the body says of itself (inspect_request.cpp); empty while unknown. Owned, since the body may lie in a file.
  std::string operation, unit, pack_id, body_charset;
  std::optional<std::vector<std::string>> operations; // all of them; nothing where nobody had to know
  // Whom the caller names to the server, for the lock-out ("server:user"); empty: nobody. By what, and the guess that it is.
  std::vector<std::size_t>
      own_fields; // of the request, by index: they show a secret of the edge's own, and end here (own_secrets.cpp)
  std::string server_account;
  profile::LoginKind server_login = profile::LoginKind::none;
  client::Lockout::Guess server_guess;
  const profile::Credentials* credentials = nullptr; // the edge's own, which went to the server in place of the caller's
  std::uint32_t retry_after = 5;                     // seconds, on a 503
  observe::AccessRecord record;
  std::uint64_t head_done = 0; // uv_hrtime()
  // The connection can't go on behind this request: what it said is not believed (docs/invariants.md, "Nothing is half-believed").
  bool last = false;
  bool own_connection = false; // the server's connection in use is this caller's alone: a login was seen on it
  bool head_sent = false;      // the reply's head went to the sink
  bool through = false;        // the sink has all of the reply, or was told that it is cut
  bool logged = false;
  Error failure{};
  bool failed = false;

  void clear() noexcept;
  // Until decide() finds others, its route and server are of no settings.
  void forget_route() noexcept;
  // Empties `note`, and gives its room back if that is large.
  void drop_note() noexcept;
  // Memory, in bytes, that it holds, its bodies and its connection to the server included: about what its end gives back.
  [[nodiscard]] std::size_t held() const noexcept;
  // Behind the reply, and not when the exchange is used again: gives back what is missing to others.
  void settle() noexcept;
};

// Whether what happened says that the caller, whose body has all come, has broken its connection.
[[nodiscard]] inline bool caller_gone(Exchange& exchange, io::Events happened) {
  return (happened & io::kClientIn) != 0 && exchange.body->complete() && exchange.body->caller_gone();
}

} // namespace ledgergate
