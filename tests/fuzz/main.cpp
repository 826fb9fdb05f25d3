// libFuzzer's entry to one check: -DLEDGERGATE_CHECK=check_xml.
#include "checks.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ledgergate::fuzz::LEDGERGATE_CHECK({reinterpret_cast<const char*>(data), size});
  return 0;
}
