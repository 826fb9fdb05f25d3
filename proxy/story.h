// READ FIRST: the way of one request through the program. Each stage is a file; docs/architecture.md tells the same in prose.
#pragma once

#include "exchange.h"
#include "io/task.h"
#include "upstream/turns.h"

namespace ledgergate {
namespace upstream {
class Pool;
}

struct Snapshot;

class Place; // place.h

// Serves one request whose head is complete, to the end: when it returns, the reply has been handed to the sink whole, or cut, and
// the request is logged. `exchange` must outlive the task. Never throws.
io::Task<void> serve_request(Exchange& exchange);

// A request whose head could not be read: the refusal and its log line.
io::Task<void> refuse_head(Exchange& exchange, Error error);

// Behind either: what is left to be done when there was no memory for it to come to its end. Refuses what has no answer yet, cuts
// what the caller does not take at once, and logs; does nothing when the request is logged.
void end_without_memory(Exchange& exchange) noexcept;

// What a story may move out of a spool, which never makes it wait, before the others have the loop (bytes).
inline constexpr std::size_t kStretch = 1024 * 1024;

// --- the stages ----------------------------------------------------------------------------------------------------------------

// decide.cpp: what the head can decide. Normalise, redirect, route; and for a caller that may come in, endpoint and bounds. An
// error is the refusal.
enum class Way : std::uint8_t { forward, redirect, challenge, admin };
[[nodiscard]] Result<Way> decide(Exchange& exchange);
[[nodiscard]] Result<void> check_request(Exchange& exchange);
// The part of it that rules of the settings decide: endpoint, credentials for the server, the stated length.
[[nodiscard]] Result<void> check_rules(const Exchange& exchange, std::string_view upstream_target);
[[nodiscard]] std::uint64_t body_limit(const Exchange& exchange) noexcept; // bytes; 0: none

// identify.cpp: who calls. Errors: login_required, login_failed, certificate_required, locked_out, rate_limited, no_capacity.
io::Task<Result<void>> identify(Exchange& exchange);
// Whether a client that this route takes can prove itself in one of these ways; whether a Basic login is one that is asked for.
[[nodiscard]] bool route_takes(const Exchange& exchange, settings::Proofs proofs);
[[nodiscard]] bool challenges_basic(const Exchange& exchange);

// own_secrets.cpp: which fields of the caller end at the edge: Authorization before a server that reads another field, and whatever
// shows a user or key of the edge's own, on whatever route. Behind identify(). May throw std::bad_alloc.
void keep_own_secrets(Exchange& exchange);
// Whether this one of the request's fields is such a one.
[[nodiscard]] bool goes_no_further(const Exchange& exchange, const http::Field& field);
// The same by other settings, for a caller that was let in by those of `before`: by what can be said at once. A password is right
// while its hash is the one it was verified against. Counts nothing.
[[nodiscard]] Result<void> identify_again(Exchange& exchange, const Snapshot& before);

// failed_logins.cpp: a guess at a login begins: whether this address may make one now (locked_out), and whether it logged in there
// lately. Waits a while where many are on their way. What `login` refers to must outlive the task, `guess` too.
io::Task<Result<bool>> begin_login(Exchange& exchange, client::Lockout::Login login, client::Lockout::Guess& guess);
// Counts, logs and perhaps bans. `way`: a word for the log. Whether others had it banned meanwhile: who guesses learns no more.
bool count_failed_login(Exchange& exchange, client::Lockout::Guess& guess, std::string_view account, std::string_view way);
// Without a trace, for a login that was right before: whether it would be refused as banned now.
[[nodiscard]] bool is_banned(const Exchange& exchange, std::string_view account);
// By the administrator's wish: an account that many addresses tried is slowed down no more, an address is banned no more. Both log
// what they did.
[[nodiscard]] bool forget_failed_logins(Exchange& exchange, std::string_view account);
[[nodiscard]] client::Lockout::Lifted lift_bans(Exchange& exchange, const IpAddress& ip);

// server_login.cpp: a user of the server whom the caller names. Whether it does, by the head, and for some servers by the body,
// which must lie in the spool then; whether that user may be tried from here now; and what the server's reply says of that login.
[[nodiscard]] bool login_in_body(const Exchange& exchange);
[[nodiscard]] bool login_waits_for_body(const Exchange& exchange);
[[nodiscard]] bool brings_server_login(const Exchange& exchange);
io::Task<Result<void>> check_server_login(Exchange& exchange);
void note_server_login(Exchange& exchange);

// admit.cpp: whether the caller may come in: identity, permissions by head, limits.
[[nodiscard]] bool admits_all(const Exchange& exchange); // nothing to ask: the stage is passed over
io::Task<Result<void>> admit(Exchange& exchange);
// Whether a client is neither switched off nor outside its dates. Error: client_disabled.
[[nodiscard]] Result<void> in_force(const settings::Client& client);
// What the client itself and the place it comes to allow. Errors: forbidden, client_disabled, address_denied, certificate_required,
// login_required.
[[nodiscard]] Result<void> authorise(const Exchange& exchange);
[[nodiscard]] Result<void> limit_address(Exchange& exchange); // once a request
void release_address(Exchange& exchange) noexcept;            // the caller is known: its address is not what binds it
// At the end: the bytes that passed are charged, what was counted as open is given back.
void account(Exchange& exchange) noexcept;

// local.cpp: answers of the edge itself (the redirect to https, ACME challenges).
[[nodiscard]] Result<void> answer_redirect(Exchange& exchange);
[[nodiscard]] Result<void> answer_challenge(Exchange& exchange);

// find_unit.cpp: the accounting unit, where the head names it (apicomprem); and the server of `unit`, where the route has servers
// by unit. Errors: unit_unknown, bad_request.
[[nodiscard]] Result<void> find_unit(Exchange& exchange);
[[nodiscard]] Result<void> choose_server(Exchange& exchange);

// judge_again.cpp: whether the caller of a request that took its time (its body, its wait for a turn) would be let in by what holds
// now: the newest settings, the date, the bans. An error is the refusal. The exchange stays with the settings it began with: a
// request that the newest ones would send to another server, or otherwise than these, is refused too, as long as none of it has
// left
// (`at_server`: some of it may have). docs/reload.md says of each key what becomes of such a request.
enum class Progress : std::uint8_t { arriving, here, at_server };
[[nodiscard]] Result<void> judge_again(Exchange& exchange, Progress progress = Progress::here);

// available.cpp: opening hours and health of the server. Errors: server_closed, server_down.
[[nodiscard]] Result<void> available(Exchange& exchange);

// take_body.cpp: which bodies are kept whole at the edge, and the caller's, taken whole into `spool`; sets `framing`.
[[nodiscard]] bool spools_request(const Exchange& exchange);
[[nodiscard]] bool spools_reply(const Exchange& exchange);
io::Task<Result<void>> take_body(Exchange& exchange);

// inspect_request.cpp: what needs the body: operations, the accounting unit, and with it the server. prepare_inspection() says by
// the head what will be needed, and reads the unit where the head has it (ID-UJ); the body is read while take_body() takes it, so
// that no large one keeps the worker from others. An error is the refusal.
[[nodiscard]] Result<void> prepare_inspection(Exchange& exchange);
[[nodiscard]] Result<void> read_request(Exchange& exchange, std::string_view bytes);
[[nodiscard]] Result<void> inspect_request(Exchange& exchange);
// Whether rules that are newer than the reading of head and body allow what they ask. Error: operation_denied.
[[nodiscard]] Result<void> inspect_again(Exchange& exchange);

// admin.cpp: the administrator's own door: /metrics, /healthz; admin_bans.cpp: /bans.
[[nodiscard]] Result<void> answer_admin(Exchange& exchange);
[[nodiscard]] bool asks_bans(const Exchange& exchange);
[[nodiscard]] Result<void> answer_bans(Exchange& exchange);

// forward.cpp: connect, send, read the reply, relay. An error before `head_sent` becomes a refusal, one after it a cut.
io::Task<Result<void>> forward(Exchange& exchange);
// The server has answered: its connection goes to the pool, if it is `reusable` as far as the request is concerned, or the place it
// was in is given on.
void part_with(Exchange& exchange, io::Stream::Ptr& server, Place& place, bool reusable);
// The loop's time until which the connection to the server may be used again, by the server's word.
[[nodiscard]] io::TimeMs server_keeps_until(const Exchange& exchange) noexcept;
struct Attempt {
  Result<void> outcome{};
  bool whole = false; // the server has taken all of the request
  bool again = false; // nothing is in doubt: a fresh connection may be tried
};
// Sends the request over `server` and waits for the reply's head.
io::Task<Result<Attempt>> exchange_heads(Exchange& exchange, io::Stream& server, bool reused, BodySource& body,
                                         http::Framing framing);

// own_connection.cpp: a login that belongs to the server's connection (NTLM, Negotiate) makes that this caller's alone. Whether the
// request brings a part of one; the connection that is this caller's at the server of `pool`, or null; behind the reply's head,
// whether the connection in use is one (`lasts`: it may be kept); and where it goes in place of the pool.
[[nodiscard]] bool brings_connection_login(const Exchange& exchange);
[[nodiscard]] io::Stream::Ptr take_own(Exchange& exchange, const upstream::Pool& pool);
void note_connection_login(Exchange& exchange, bool lasts);
void keep_own(Exchange& exchange, io::Stream::Ptr server);
// With newer settings, of any connection of a caller's: what idles where they have no such server, or one that is asked in turn.
void close_own_that_may_not_idle(upstream::Bound& own, const Generation& newest) noexcept;

// ask_status.cpp: mServer's bare /status, answered from the edge's own question, which all who ask share.
[[nodiscard]] bool asks_status(const Exchange& exchange);
io::Task<Result<void>> answer_status(Exchange& exchange);

// take_turn.cpp: where the server may have any number of requests: to be held as long as this one is there. Held by nobody where
// it is asked in turn; the newest settings say that, since nobody's old ones bring a second request. And the wait for a turn.
// Errors: queue_full, queue_timeout, client_gone.
[[nodiscard]] upstream::Turn pass(const Exchange& exchange);
io::Task<Result<upstream::Turn>> take_turn(Exchange& exchange);

// take_reply.cpp: the reply off the server at its speed, spooled. When the server is done it takes `server` and gives `place` on;
// with a failure before that both stay with the caller (leave_place()). `reusable`: as part_with()'s. One of a server that counts
// characters goes this way, too: it is believed as a whole, behind the server's FIN, or not at all.
io::Task<Result<void>> take_reply(Exchange& exchange, io::Stream::Ptr& server, Place& place, bool reusable);
[[nodiscard]] bool counts_characters(const Exchange& exchange);
// A reply that can't be kept was asked for and forwarded: no 503, which callers answer by asking again.
[[nodiscard]] Error not_kept(const Error& why);
// The reply spool, empty, on the account of who calls.
void open_reply_spool(Exchange& exchange);
// All that lies in the reply spool to the caller, at its pace.
io::Task<Result<void>> give_spooled(Exchange& exchange);

// tunnel.cpp: behind a verified 101, both ways until both ends, a break, or silence for `timeouts.tunnel`.
io::Task<Result<void>> tunnel(Exchange& exchange, io::Stream& server);

// send.cpp: the request to the server.
enum class Sent : std::uint8_t { whole, early_reply };
io::Task<Result<Sent>> send_request(Exchange& exchange, io::Stream& server, BodySource& body, http::Framing framing);

// receive.cpp: the reply's head, and its body to the caller.
io::Task<Result<void>> receive_head(Exchange& exchange, io::Stream& server);
// Before a request goes to a server: the next bytes from there begin a head.
void expect_head(Exchange& exchange);
// Reads the head that lies in the server's input, passing over interim replies (1xx): blocked when there is no whole head yet.
Result<io::Step> take_head(Exchange& exchange, io::Stream& server);
// check_reply.cpp: whether the reply whose head has come may go to the caller at all; and what its body says of the request.
[[nodiscard]] Result<void> check_reply(Exchange& exchange);
void hear_outcome(Exchange& exchange, std::string_view bytes);
io::Task<Result<void>> relay_reply(Exchange& exchange, io::Stream& server);
// Up to here, in bytes, a reply is held whole where that makes a better one of it.
inline constexpr std::size_t kHeldWhole = 256 * 1024;
// The same of one that is changed.
inline constexpr std::size_t kMaxHeld = 64 * 1024;
// Whether what is asked may be answered with a LAN name that is to be masked (mServer's /status); whether the reply that has come
// is held whole for that.
[[nodiscard]] bool masks_reply(const Exchange& exchange);
[[nodiscard]] bool holds_for_change(const Exchange& exchange);
// What lies in the reply spool comes into `note`, and the spool is empty.
[[nodiscard]] Result<void> hold_spooled(Exchange& exchange);
// `note`, perhaps changed, as send_whole(); what is changed loses its content coding. Errors: also reply_unparsable, of a reply in
// which nobody can look for the name.
[[nodiscard]] Result<void> release_held(Exchange& exchange, bool change);
void send_head(Exchange& exchange, http::BodyKind kind, std::uint64_t length);
// Head and body of a reply that is there whole: what is large goes into the reply spool, from where give_spooled() takes it.
// `note` is given back. Errors: the spool's; nothing has been sent then.
[[nodiscard]] Result<void> send_whole(Exchange& exchange, std::string_view body);
// Waits until the sink has handed everything to the kernel, at the caller's minimum rate.
io::Task<Result<void>> flush_reply(Exchange& exchange);

// compress_reply.cpp: the same two where the route compresses: the head says what becomes of the body, and the body goes through a
// compressor when the caller takes that.
void send_encoded_head(Exchange& exchange, http::BodyKind kind, std::uint64_t length);
[[nodiscard]] Result<void> send_encoded(Exchange& exchange, std::string_view body);
// The body behind a head that is about to be sent: true, it lies in the reply spool (send_whole()).
[[nodiscard]] Result<bool> set_aside(Exchange& exchange, std::string_view body);
// Whether a reply of that length is worth holding whole, because it can then be compressed and keep a length.
[[nodiscard]] bool compresses_held(const Exchange& exchange, std::uint64_t length);

// refuse.cpp: a failure as a reply. Does nothing but cut when the cause has no status or a head was sent.
void refuse(Exchange& exchange, Error error);
// A reply of the edge's own with a body.
void answer(Exchange& exchange, std::uint16_t status, std::string_view content_type, std::string_view body);

} // namespace ledgergate
