// The steady state allocates nothing: once the reused objects have their capacity, a request and its reply go through this folder
// without a call of operator new (DESIGN: Speed).
#include "heads.h"

#include "http/chunked.h"
#include "http/target.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

namespace {
thread_local std::size_t allocations = 0;
} // namespace

void* operator new(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new[](std::size_t size) { return operator new(size); }
// A sanitizer has one of its own otherwise, whose memory the delete below must not free; std::stable_sort asks for it.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace ledgergate::http::tests {
namespace {

// Reads every vendor head once; the number of those that did not come out well.
std::size_t read_all(HeadScan& scan, RequestHead& request, ReplyHead& answer, Target& target) {
  std::size_t failures = 0;
  HeadScan::Bounds bounds;
  for (const std::string& bytes : vendor_requests()) {
    scan.reset(bounds);
    if (scan.advance(bytes) != HeadScan::State::complete || !parse_request(bytes, request).ok()) ++failures;
    if (!read_target(request, true, 443, target).ok()) ++failures;
  }
  bounds.request = false;
  for (const std::string& bytes : vendor_replies()) {
    scan.reset(bounds);
    if (scan.advance(bytes) != HeadScan::State::complete || !parse_reply(bytes, Method::post, answer).ok()) ++failures;
  }
  ChunkDecoder decoder;
  if (decoder.next("5;a=b\r\nhello\r\n0\r\n\r\n").state != ChunkDecoder::State::data) ++failures;
  return failures;
}

TEST(Allocation, TheSteadyStateHasNone) {
  HeadScan scan;
  RequestHead request;
  ReplyHead answer;
  Target target;
  const std::size_t before = allocations;
  ASSERT_EQ(read_all(scan, request, answer, target), 0U); // grows the capacities
  EXPECT_GT(allocations, before) << "the counter counts nothing";
  const std::size_t warm = allocations;
  ASSERT_EQ(read_all(scan, request, answer, target), 0U);
  EXPECT_EQ(allocations, warm);
}

} // namespace
} // namespace ledgergate::http::tests
