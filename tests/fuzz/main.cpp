// libFuzzer's entry to one check: -DLEDGERGATE_CHECK=check_xml.
#include "checks.h"
#include "require.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  ledgergate::fuzz::current_input = input;
  ledgergate::fuzz::LEDGERGATE_CHECK(input);
  return 0;
}
