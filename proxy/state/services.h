// What the stages of a request, and what goes on beside requests, need of the worker that they run on. The worker is one
// (serve/worker.h); a test may make one with nothing but a loop.
//
// Invariants
//  * Loop thread only, but for the constructor and the destructor.
//  * In the list of open connections is what a drain has to wait for, and can end.
#pragma once

#include "io/loop.h"
#include "observe/log_ring.h"
#include "state/compressors.h"
#include "state/generation.h"
#include "state/open_connection.h"
#include "state/shared.h"
#include "upstream/resolver.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace ledgergate {

class Services {
public:
  // `shared` must outlive it. `number`: of the worker, from 0.
  Services(Shared& shared, std::size_t number);
  virtual ~Services();
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  [[nodiscard]] io::Loop& loop() noexcept { return loop_; }
  [[nodiscard]] Shared& shared() noexcept { return shared_; }
  [[nodiscard]] upstream::Resolver& resolver() noexcept { return *resolver_; }
  [[nodiscard]] Compressors& compressors() noexcept { return compressors_; }
  // No request that comes from now on is served.
  [[nodiscard]] bool draining() const noexcept { return draining_; }
  // The settings in use, null before the first.
  [[nodiscard]] const std::shared_ptr<const Generation>& newest() const noexcept { return current_; }

  // A request's line in the access log, if there is one; lost when there is no memory for it.
  void log(const observe::AccessRecord& record) noexcept;
  void count(observe::Tally& tally, const observe::AccessRecord& record) noexcept;

  // Each once. One that opens when all were ended is ended, too.
  void opened(OpenConnection& connection) noexcept;
  void closed(OpenConnection& connection) noexcept;

protected:
  io::Loop loop_;
  Shared& shared_;
  std::size_t number_;
  std::unique_ptr<upstream::Resolver> resolver_;
  Compressors compressors_;
  std::shared_ptr<const Generation> current_;
  OpenConnection* open_ = nullptr; // the newest first
  std::size_t open_count_ = 0;
  bool draining_ = false;
  bool halted_ = false;

  // Behind each that has closed.
  virtual void has_closed() noexcept {}

private:
  observe::LogRing& log_;
  std::string line_;
};

} // namespace ledgergate
