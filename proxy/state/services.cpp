#include "state/services.h"

#include "io/farewell.h"

#include <memory>
#include <new>

namespace ledgergate {

Services::Services(Shared& shared, std::size_t number)
    : shared_(shared), number_(number), resolver_(std::make_unique<upstream::Resolver>(loop_)), log_(shared.log.ring()) {
  loop_.set_last_keeper(std::make_unique<io::Farewells>());
}
Services::~Services() = default;

void Services::log(const observe::AccessRecord& record) noexcept {
  const settings::Log& log = current_->settings().log;
  if (log.access == "off") return;
  try {
    line_.clear();
    observe::append_line(record, log.format, log.mask_query, line_);
    log_.push(line_);
  } catch (const std::bad_alloc&) {
    // The request is done; its line is lost.
  }
}

void Services::count(observe::Tally& tally, const observe::AccessRecord& record) noexcept { tally.add(number_, record); }

void Services::opened(OpenConnection& connection) noexcept {
  connection.next = open_;
  connection.previous = nullptr;
  if (open_ != nullptr) open_->previous = &connection;
  open_ = &connection;
  ++open_count_;
  if (halted_) connection.wake->halt(); // it comes from one that was ended
}

void Services::closed(OpenConnection& connection) noexcept {
  if (connection.previous != nullptr)
    connection.previous->next = connection.next;
  else
    open_ = connection.next;
  if (connection.next != nullptr) connection.next->previous = connection.previous;
  --open_count_;
  has_closed();
}

} // namespace ledgergate
