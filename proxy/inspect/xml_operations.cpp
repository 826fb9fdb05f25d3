#include "inspect/xml_operations.h"

#include "http/head.h"

#include <algorithm>

namespace ledgergate::inspect {
namespace {

constexpr std::string_view kVendorSpaces = "http://www.stormware.cz/schema/version_2/";

constexpr Error unreadable(std::string_view detail) noexcept { return {Cause::body_unreadable, detail}; }

bool plain_name(std::string_view name) noexcept {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

} // namespace

XmlOperations::XmlOperations(std::string_view header_charset, XmlRequestBounds bounds) noexcept
    : bounds_(bounds), parser_(*this, XmlCare::strict, header_charset, bounds.xml) {}

void XmlOperations::element(XmlParser& parser, const XmlName& name) {
  switch (parser.depth()) {
  case 1:
    if (name.space != kDataSpace || name.local != "dataPack") parser.stop(unreadable("the root of the XML is not a dataPack"));
    break;
  case 2:
    if (name.space != kDataSpace || name.local != "dataPackItem")
      return parser.stop(unreadable("the dataPack has something else than dataPackItem"));
    if (++request_.items > bounds_.items) parser.stop(unreadable("the dataPack has too many items"));
    children_ = 0;
    break;
  case 3:
    if (++children_ > 1) return parser.stop(unreadable("an item of the dataPack asks for more than one thing"));
    operation(parser, name);
    break;
  default: break;
  }
}

void XmlOperations::operation(XmlParser& parser, const XmlName& name) {
  if (!name.space.starts_with(kVendorSpaces)) return parser.stop(unreadable("an item of the dataPack is of a foreign namespace"));
  if (!plain_name(name.local)) return parser.stop(unreadable("the name of an operation is not plain"));
  // Most packs ask for one thing a thousand times.
  auto& known = request_.operations;
  if (!known.empty() && known.back() == name.local) return;
  if (std::find(known.begin(), known.end(), name.local) != known.end()) return;
  if (known.size() >= bounds_.operations) return parser.stop(unreadable("the dataPack asks for too many different things"));
  known.emplace_back(name.local);
}

void XmlOperations::attribute(XmlParser& parser, const XmlName& name, std::string_view value) {
  if (parser.depth() != 1) return;
  const bool ico = http::iequals(name.local, "ico");
  if (!ico && !http::iequals(name.local, "id")) return;
  // XML tells `ico` from `ICO` and from `dat:ico`; the vendor's prose about shops does not.
  if (!name.space.empty() || (name.local != "ico" && name.local != "id"))
    return parser.stop(unreadable("the dataPack has a second spelling of ico or id"));
  if (value.size() > bounds_.value) return parser.stop(unreadable("ico or id of the dataPack is too long"));
  (ico ? request_.ico : request_.id) = value;
}

void XmlOperations::element_end(XmlParser& parser) {
  if (parser.depth() == 2 && children_ == 0) parser.stop(unreadable("an item of the dataPack asks for nothing"));
}

Result<void> XmlOperations::finish() noexcept {
  const auto whole = parser_.finish();
  if (!whole) return whole;
  request_.charset = parser_.charset();
  if (request_.items == 0) return unreadable("the dataPack has no items");
  return {};
}

} // namespace ledgergate::inspect
