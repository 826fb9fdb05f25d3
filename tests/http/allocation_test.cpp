// The steady state allocates nothing: once the reused objects have their capacity, a request and its reply go through this folder
// without a call of operator new (docs/invariants.md, "The steady state allocates nothing").
#include "heads.h"

#include "../allocations.h"

#include "http/chunked.h"
#include "http/target.h"

#include <gtest/gtest.h>

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

using ledgergate::tests::allocations;

TEST(Allocation, TheSteadyStateHasNone) {
  HeadScan scan;
  RequestHead request;
  ReplyHead answer;
  Target target;
  const std::size_t before = allocations();
  ASSERT_EQ(read_all(scan, request, answer, target), 0U); // grows the capacities
  EXPECT_GT(allocations(), before) << "the counter counts nothing";
  const std::size_t warm = allocations();
  ASSERT_EQ(read_all(scan, request, answer, target), 0U);
  EXPECT_EQ(allocations(), warm);
}

} // namespace
} // namespace ledgergate::http::tests
