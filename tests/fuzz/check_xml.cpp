#include "checks.h"
#include "inspect/xml_operations.h"
#include "require.h"

namespace ledgergate::fuzz {

void check_xml(std::string_view bytes) {
  using inspect::XmlOperations;
  for (const std::string_view charset : {"", "utf-8", "Windows-1250", "utf-16"}) {
    bool first = true;
    Result<void> expected;
    inspect::XmlRequest request;
    for (const auto& pieces : cuts(bytes)) {
      XmlOperations reader(charset);
      Result<void> got;
      for (const std::string_view piece : pieces)
        if (got) got = reader.feed(piece);
      if (got) got = reader.finish();
      if (got) {
        require(!reader.request().operations.empty() && reader.request().items > 0, "what is taken asks for something");
        for (const auto& name : reader.request().operations) {
          require(!name.empty() && name.size() <= 256, "operations have names");
          for (const char c : name) require(c > 0x20 && c < 0x7F, "names of operations are ASCII");
        }
      } else {
        require(!got.error().detail.empty(), "a refusal says why");
      }
      if (first) {
        expected = got;
        request = reader.request();
        first = false;
        continue;
      }
      require(got.ok() == expected.ok() && got.error().detail == expected.error().detail, "cutting changes no verdict");
      if (!got) continue;
      require(reader.request().operations == request.operations && reader.request().ico == request.ico &&
                  reader.request().id == request.id && reader.request().charset == request.charset,
              "cutting changes no content");
    }
  }
}

} // namespace ledgergate::fuzz
