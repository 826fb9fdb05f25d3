// The idle connections of one worker to one server, newest used first. They keep reading while they wait: one that the server
// closes, or that says something nobody asked for, is dropped at once and never used again; so is one whose server has said that it
// keeps it no longer (Keep-Alive), a second before that.
//
// A connection that was taken from here, or opened for it, touches nothing of the pool: it may be closing still when the settings
// that the pool belongs to are gone.
//
// Invariants: loop thread only; idle_ is ordered by the time since which they wait (oldest first); at most `keep_idle` of them; the
// deadline is the earliest of their times.
#pragma once

#include "io/deadline.h"
#include "io/stream.h"
#include "settings/settings.h"
#include "upstream/client_tls.h"
#include "upstream/relief.h"

#include <memory>
#include <vector>

namespace ledgergate::upstream {

class Pool final : public IdleConnections, private io::StreamWatcher, private io::Deadline {
public:
  // Made on any thread; it is the loop's from the first take() or put() on.
  // `relief`: who may close what idles here when descriptors are short; null: nobody. Must outlive the pool.
  Pool(io::Loop& loop, settings::Server server, std::shared_ptr<const ClientTls> tls, Relief* relief = nullptr,
       Use use = Use::by_all);
  ~Pool() override;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  [[nodiscard]] const settings::Server& server() const noexcept { return server_; }
  [[nodiscard]] const ClientTls* tls() const noexcept { return tls_.get(); }
  // What a new connection offers and brings; it outlives the pool with the connections that were opened with it.
  [[nodiscard]] const std::shared_ptr<KeptSession>& session() const noexcept { return session_; }
  [[nodiscard]] Relief* relief() const noexcept { return relief_; }

  // An idle connection, or null.
  [[nodiscard]] io::Stream::Ptr take() noexcept;
  // A connection whose last reply is complete and that has nothing unread. Closed when there is no room. `until`: the loop's time
  // from which on its server may end it.
  void put(io::Stream::Ptr stream, io::TimeMs until = io::kNever);
  // Newer settings have a pool of their own: what idles here is closed, and so is what comes back. (A server that is asked in turn
  // from now on must not see a second connection.)
  void retire() noexcept;
  void close_idle() noexcept override { idle_.clear(); }
  [[nodiscard]] std::size_t idle() const noexcept override { return idle_.size(); }

private:
  struct Idle {
    io::Stream::Ptr stream;
    io::TimeMs until = 0;    // by the settings and by its server's word; not used from there on
    std::uint64_t round = 0; // of the loop
  };
  io::Loop& loop_;
  settings::Server server_;
  std::shared_ptr<const ClientTls> tls_;
  Relief* relief_;
  std::shared_ptr<KeptSession> session_ = std::make_shared<KeptSession>();
  std::vector<Idle> idle_;
  bool retired_ = false;
  bool relieved_ = false; // it is in the list of relief_

  void stream_woke(io::Stream& stream) override;
  void expired() noexcept override;
  void drop_old() noexcept;
};

} // namespace ledgergate::upstream
