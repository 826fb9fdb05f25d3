// Every head is regenerated, never forwarded raw: what goes to the server, and what goes back to the caller.
#pragma once

#include "base/address.h"
#include "http/head.h"
#include "http/target.h"
#include "settings/settings.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::route {

// All that header values and variables may speak of. Views must outlive the call only.
struct Facts {
  const settings::Listener* listener = nullptr;
  const settings::Route* route = nullptr;
  const settings::Server* server = nullptr;
  const std::vector<IpAddress>* server_addresses =
      nullptr; // that the server's name has, as far as they are known; null: not at all
  const http::RequestHead* request = nullptr;
  const http::Target* target = nullptr;
  IpAddress client_ip; // the real caller: the peer, or what a trusted proxy said
  std::uint16_t client_port = 0;
  std::uint16_t local_port = 0; // of the listener, as the kernel knows it
  std::string_view client_ip_text;
  bool peer_trusted = false;     // the peer is in trusted_proxies: its forwarding headers are extended, not dropped
  std::string_view peer_ip_text; // the TCP peer; may be left empty when it is the caller
  std::string_view said_scheme,
      said_host; // what a trusted peer said about the caller's own request (client/forwarded.h); else empty
  std::uint16_t said_port = 0;
  bool tls = false;
  std::string_view tls_version, tls_cipher, tls_sni;
  std::string_view request_id;
  std::string_view client_name;            // empty until the caller is identified
  std::string_view rate_policy, rate_left; // RateLimit-Policy and RateLimit for the caller; empty: not sent
  bool edge_authorization = false;         // Authorization is the edge's to read, or nobody's: it goes no further
  // Others of the request's fields that go no further, since they show a secret of the edge's: their places in it, ascending.
  std::span<const std::size_t> own_fields;
  // Values of Client-Cert and Client-Cert-Chain (RFC 9440), where the route wants them and the caller has shown a certificate.
  std::string_view client_cert, client_cert_chain;
  bool keeps_connection_login = false; // the reply asks for a login of NTLM or Negotiate, and its legs will find their connection
  bool plain_reply = false;            // the reply is read here: it is asked for whole, and without a content coding
  bool websocket = false;              // a sound request to switch to WebSocket, on a route that lets it
  // What the edge holds for the server (profile/credentials.h), as the value of the field that the server reads. Not empty: the
  // caller's Authorization and STW-Authorization go nowhere.
  std::string_view credentials;
};

// Appends the request head for the server, empty line included. `framing` is how the body will go out (a chunked body that was
// spooled goes with its length).
//  * request line: caller's method, `upstream_target` bytes, HTTP/1.1
//  * Host as the route says; exactly one
//  * the caller's fields in their order and spelling, except: hop-by-hop, those named in Connection (but a framing, Host or
//    authentication header named there is kept: it can't be smuggled away), Host, Content-Length, Transfer-Encoding, Expect,
//    forwarding headers (X-Forwarded-*, Forwarded, X-Real-IP, X-Request-ID, Via is extended), X-Client-Name and all that front
//    servers say of their callers (field_names.cpp), in any spelling (case, '_' for '-')
//  * where the edge holds credentials for the server: neither Authorization nor STW-Authorization of the caller, in no spelling,
//  but
//    the edge's own in the field that the server reads
//  * of a WebSocket handshake: Upgrade and Connection anew, and nothing else of what is hop-by-hop
//  * a server that counts characters is asked for plain text and the end of the connection; one whose reply is read here for plain
//    text, and all of it (no Range)
//  * X-Forwarded-For/-Proto/-Host/-Port, Forwarded (RFC 7239), Via (RFC 9110 section 7.6.3: "1.1 ledgergate"), X-Request-ID,
//    Client-Cert and Client-Cert-Chain (RFC 9440)
//  * the route's rules, last; they may replace all but Host, framing and hop-by-hop fields. A rule whose value comes out empty
//    writes nothing
void append_request_head(const Facts& facts, std::string_view upstream_target, const http::Framing& framing, std::string& out);
// Of that head only the caller's fields and those of the route's rules, a line each. There may be secrets in it.
void append_outgoing_fields(const Facts& facts, std::string& out);

// How the reply's body goes to the caller.
enum class ReplyFraming : std::uint8_t { none, length, chunked, until_close };

// Appends the reply head for the caller, empty line included. Hop-by-hop fields and those named in Connection are dropped,
// where a server names itself the public name is put (reply_fields.h), Strict-Transport-Security set on TLS,
// X-Request-ID, Date and Via set, Proxy-Support to a challenge of NTLM or Negotiate, the route's rules last. `length` is written
// with `length`; with `none` the server's own Content-Length is kept (HEAD, 304). `keep_alive` decides Connection, which in a 101
// is Upgrade. The status line says HTTP/1.1 with the server's code and reason.
void append_reply_head(const Facts& facts, const http::ReplyHead& reply, ReplyFraming framing, std::uint64_t length,
                       bool keep_alive, std::string& out);

// Appends a URI of a reply as the caller should see it: where it names the server, by whatever of its names and in whatever
// spelling a reader would follow (server_names.h), it gets the public scheme, authority and path. False (out untouched) when it is
// to stay as it came.
[[nodiscard]] bool map_location(const Facts& facts, std::string_view location, std::string& out);

} // namespace ledgergate::route
