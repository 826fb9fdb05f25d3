// A streaming reader of XML over expat, with the bounds and refusals that every use of it shares: no DTD, no entities of its own,
// known encodings only, bounded depth, names, attributes and tokens.
//
// Input goes to expat in blocks of one size, whatever the pieces it came in: the same bytes have the same outcome.
#pragma once

#include "base/result.h"
#include "inspect/charset.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

struct XML_ParserStruct;

namespace ledgergate::inspect {

// How much is doubted. strict: what a server might read differently from expat is refused. tolerant: a reply is looked at, and an
// encoding that is not known is read as if it were ISO-8859-1.
enum class XmlCare : std::uint8_t { strict, tolerant };

struct XmlBounds {
  std::uint64_t size = 256ULL << 20; // bytes of input
  std::uint32_t depth = 64;
  std::uint32_t attributes = 256;   // of one element; as many namespace declarations
  std::uint32_t name = 256;         // bytes of a local name, and of an attribute's
  std::uint32_t token = 256 * 1024; // bytes of one tag, comment or instruction
};

// An element's or attribute's name, cut in two. Views of expat's memory, good in the call only.
struct XmlName {
  std::string_view space; // the namespace's URI; empty: none
  std::string_view local;
};

class XmlParser;

// What the reader of a document sees. Text is UTF-8.
class XmlHandler {
public:
  virtual void element(XmlParser& parser, const XmlName& name) = 0;
  // The attributes of that element, one by one, before anything else is seen.
  virtual void attribute(XmlParser& parser, const XmlName& name, std::string_view value);
  virtual void element_end(XmlParser& parser);
  // Comes in pieces of any size.
  virtual void text(XmlParser& parser, std::string_view bytes);

protected:
  ~XmlHandler() = default;
};

// One document. Not thread-safe. Nothing throws out of it.
class XmlParser {
public:
  // `handler` must outlive the parser. `header_charset`: the charset parameter of Content-Type, or empty; it counts where the
  // document declares no encoding (docs/vendors.md, Shops: a reply whose header says utf-8 and whose declaration Windows-1250; the
  // declaration is right).
  XmlParser(XmlHandler& handler, XmlCare care, std::string_view header_charset, XmlBounds bounds = {}) noexcept;
  ~XmlParser();
  XmlParser(const XmlParser&) = delete;
  XmlParser& operator=(const XmlParser&) = delete;

  // The next bytes of the document. Errors: body_unreadable, body_too_large, out_of_memory, what stop() was given; for good.
  [[nodiscard]] Result<void> feed(std::string_view bytes) noexcept;
  // The document is complete. The same errors.
  [[nodiscard]] Result<void> finish() noexcept;
  // From a handler: the rest is not read.
  void stop(Error why) noexcept;

  // How deep the element is that was begun last and is still open; the root has 1.
  [[nodiscard]] std::uint32_t depth() const noexcept { return depth_; }
  // How the document is read. Known for sure once an element was seen.
  [[nodiscard]] Charset charset() const noexcept { return charset_; }

private:
  struct Calls; // expat's callbacks
  struct Free {
    void operator()(XML_ParserStruct* parser) const noexcept;
  };
  enum class Begin : std::uint8_t { nothing, utf8_mark, utf16 };

  [[nodiscard]] bool begin_known() const noexcept;
  [[nodiscard]] Result<void> begin() noexcept;
  [[nodiscard]] Result<void> take_first() noexcept;
  [[nodiscard]] bool get_block() noexcept;
  [[nodiscard]] Result<void> take(std::string_view bytes) noexcept;
  [[nodiscard]] Result<void> parse(bool last) noexcept;
  [[nodiscard]] Result<void> outcome(bool parsed) noexcept;
  void declared(const char* version, const char* encoding) noexcept;

  XmlHandler& handler_;
  std::unique_ptr<XML_ParserStruct, Free> expat_;
  XmlBounds bounds_;
  std::uint64_t size_ = 0;
  std::array<char, 260> first_; // the document's first bytes, until its beginning is understood
  std::size_t first_size_ = 0;
  char* block_ = nullptr;      // expat's, being filled
  std::size_t block_size_ = 0; // bytes in it
  std::uint64_t handed_over_ = 0;
  std::uint32_t depth_ = 0;
  std::uint32_t spaces_ = 0; // namespace declarations before the next element
  std::optional<Charset> header_;
  Charset charset_ = Charset::utf8;
  XmlCare care_;
  Begin mark_ = Begin::nothing;
  bool header_unknown_ = false;
  bool begun_ = false;
  bool failed_ = false;
  Error failure_{};
};

} // namespace ledgergate::inspect
