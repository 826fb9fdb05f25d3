#include "base/prepare_thread.h"

#include <utility>

namespace ledgergate {
namespace {
constinit const PreparedThread* first = nullptr; // complete before main()
} // namespace

PreparedThread::PreparedThread(void (*touch)()) noexcept : touch_(touch), next_(std::exchange(first, this)) {}

void prepare_thread() {
  for (const PreparedThread* each = first; each != nullptr; each = each->next_) each->touch_();
}

} // namespace ledgergate
