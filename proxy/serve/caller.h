// One caller's connection as its parts see it: what comes before requests (caller.cpp), and the requests (connection.cpp).
#pragma once

#include "io/task.h"
#include "listen/client_cert.h"
#include "listen/tls_front.h"
#include "serve/connection_services.h"
#include "serve/h1.h"
#include "serve/handshakes.h"
#include "state/capacity.h"
#include "upstream/bound.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace ledgergate {

struct Connection final : Standing, Held {
  Connection(ConnectionServices& its_services, std::shared_ptr<const Generation> its_generation, std::size_t its_listener,
             io::Stream::Ptr stream, const Endpoint& its_peer, Slot its_slot)
      : services(its_services), generation(std::move(its_generation)), listener(its_listener), client(std::move(stream)),
        wake(its_services.loop()), slot(std::move(its_slot)), peer(its_peer), peer_ip_text(its_peer.ip.text()) {
    client->attach(&wake, io::kClientIn, io::kClientOut);
    const std::uint16_t configured = generation->settings().listeners[listener].address.port;
    local_port = configured != 0 ? configured : client->local_port();
    client->read_at_most(kHeadRead);
    open.wake = &wake;
    open.held = this;
    open.own = &own;
    open.number = number;
    open.listener = slot.listener();
    open.spared = generation->settings().listeners[listener].kind == settings::ListenerKind::admin;
    services.opened(open);
  }
  ~Connection() { services.closed(open); }
  void append_certificate(std::string& leaf) const override { listen::append_client_cert(ssl, leaf); }
  void append_chain(std::string& chain) const override { listen::append_client_cert_chain(ssl, chain); }
  [[nodiscard]] Newest newest(const Generation* seen) const override;
  void proven(const settings::Client& its_client) noexcept override;
  [[nodiscard]] bool known() const noexcept override { return open.client != 0; }
  [[nodiscard]] bool on_trial() const noexcept override { return trial != nullptr; }
  [[nodiscard]] std::string_view shed() const noexcept override { return open.shed; }
  [[nodiscard]] std::size_t bytes() const noexcept override;
  [[nodiscard]] static std::uint64_t next_number() noexcept;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  ConnectionServices& services;
  std::shared_ptr<const Generation> generation;
  std::size_t listener;
  listen::Hello hello; // outlives the stream's handshake
  io::Stream::Ptr client;
  io::Wake wake;
  Slot slot;
  OpenConnection open;
  std::uint64_t number = next_number(); // names it within the process
  Endpoint peer;
  std::string peer_ip_text;
  std::uint16_t local_port = 0;
  std::size_t rules = 0;                    // of callers' certificates: those of the server name it asked for
  std::string_view tls_version, tls_cipher; // OpenSSL's own strings
  std::uint32_t requests = 0;
  std::uint32_t unwaited = 0; // requests in a row that were there already (pipelined)
  bool tls = false;
  client::AddressTable::Hold address;            // of the caller, where addresses are limited
  client::Share address_share;                   // of the connections of one address on which nobody is known
  std::unique_ptr<Handshake> trial;              // it is one too many of them
  std::optional<IpAddress> proxy;                // who told `peer` by the PROXY protocol
  bool for_many = false;                         // a trusted proxy's: its requests are of many callers
  SSL* ssl = nullptr;                            // the stream's
  std::shared_ptr<const listen::TlsFront> front; // that it was opened with, and calls back; a reload changes `generation` only
  std::shared_ptr<const client::PeerCertificate> certificate;
  client::Share client_share; // of the connections that a client may have
  std::string client_of_share;
  upstream::Bound own;                // server connections that are this caller's alone
  const Exchange* exchange = nullptr; // while there is a request
  bool gone = false;                  // the newest settings do not have its listener: what it asks is refused, and then it ends
  bool cut = false;
};

// What comes before requests: the PROXY header, the limits of the address, TLS. False: it is over.
io::Task<bool> receive_caller(Connection& connection);
// The newest settings judge every request. They may believe the caller's certificate no longer (it is revoked, or its CA is gone),
// or want one that it did not show: false, and nothing more is served, not even an answer.
[[nodiscard]] bool move_to_newest(Connection& connection);

} // namespace ledgergate
