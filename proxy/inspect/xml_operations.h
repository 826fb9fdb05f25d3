// What an XML request to mServer asks: the unit it is for, and the name of what each item wants done.
//
// docs/vendors.md, mServer: `<dat:dataPack id ico …>` holds `<dat:dataPackItem>`s, and the first child element of each says what it
// asks: `lStk:listStockRequest`, `ord:order`, … Whatever a server could read differently is refused: another root, an item with two
// children or none, a name that is not ASCII, a namespace that is not the vendor's, an attribute that is `ico` but for its case.
#pragma once

#include "inspect/xml_parser.h"

#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::inspect {

// The namespace of dataPack and dataPackItem (docs/vendors.md, mServer and Shops).
inline constexpr std::string_view kDataSpace = "http://www.stormware.cz/schema/version_2/data.xsd";

struct XmlRequest {
  std::string ico;                     // of dataPack; empty: none
  std::string id;                      // of dataPack, UTF-8; empty: none
  Charset charset = Charset::utf8;     // what the document is written in
  std::vector<std::string> operations; // distinct names, in the order of their first appearance
  std::uint32_t items = 0;
};

struct XmlRequestBounds {
  XmlBounds xml{};
  std::uint32_t items = 1'000'000;
  std::uint32_t operations = 64; // distinct names; the vendor's schema has about a hundred
  std::uint32_t value = 256;     // bytes of `ico` and of `id`
};

// One request body, its Content-Encoding taken off. Not thread-safe.
class XmlOperations final : private XmlHandler {
public:
  // `header_charset`: the charset parameter of Content-Type, or empty.
  explicit XmlOperations(std::string_view header_charset, XmlRequestBounds bounds = {}) noexcept;
  ~XmlOperations() = default;
  XmlOperations(const XmlOperations&) = delete;
  XmlOperations& operator=(const XmlOperations&) = delete;

  // Errors: body_unreadable, body_too_large, out_of_memory; for good.
  [[nodiscard]] Result<void> feed(std::string_view bytes) noexcept { return parser_.feed(bytes); }
  [[nodiscard]] Result<void> finish() noexcept;

  // What was read so far: `ico` and `id` once the root was seen; whole only after finish().
  [[nodiscard]] const XmlRequest& request() const noexcept { return request_; }

private:
  void element(XmlParser& parser, const XmlName& name) override;
  void attribute(XmlParser& parser, const XmlName& name, std::string_view value) override;
  void element_end(XmlParser& parser) override;
  void operation(XmlParser& parser, const XmlName& name);

  XmlRequestBounds bounds_;
  XmlRequest request_;
  std::uint32_t children_ = 0; // of the item that is open
  XmlParser parser_;
};

} // namespace ledgergate::inspect
