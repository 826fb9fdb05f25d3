#include "inspect/xml_parser.h"

#include <algorithm>
#include <cstdint>
#include <expat.h>
#include <new>
#include <optional>
#include <type_traits>

namespace ledgergate::inspect {
namespace {

static_assert(std::is_same_v<XML_Char, char>);

constexpr std::size_t kBlock = 16 * 1024;
constexpr std::size_t kMostDeclaration = 256; // bytes of <?xml … ?>
constexpr std::size_t kMostSpace = 256;       // bytes of a namespace's URI: each prefixed attribute costs a copy of it
constexpr char kBetween = '\n';               // between URI and local name; expat refuses a URI that has it

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
constexpr std::string_view kUtf16Big = "\xFE\xFF";
constexpr std::string_view kUtf16Little = "\xFF\xFE";
constexpr std::string_view kDeclaration = "<?xml";

constexpr Error unreadable(std::string_view detail) noexcept { return {Cause::body_unreadable, detail}; }

// Cuts expat's name in two. The prefix is not reported.
XmlName name_of(const char* text) noexcept {
  const std::string_view name(text);
  const std::size_t cut = name.find(kBetween);
  if (cut == std::string_view::npos) return {{}, name};
  return {name.substr(0, cut), name.substr(cut + 1)};
}

} // namespace

void XmlHandler::attribute(XmlParser&, const XmlName&, std::string_view) {}
void XmlHandler::element_end(XmlParser&) {}
void XmlHandler::text(XmlParser&, std::string_view) {}

// Handlers may run out of memory, and nothing may fly through expat, which is C.
struct XmlParser::Calls {
  template <class Work>
  static void guarded(void* data, Work work) noexcept {
    XmlParser& self = *static_cast<XmlParser*>(data);
    if (self.failed_) return; // expat may call a few more handlers after it was stopped
    try {
      work(self);
    } catch (const std::bad_alloc&) {
      self.stop({Cause::out_of_memory});
    }
  }

  static void start(void* data, const char* name, const char** attributes) {
    guarded(data, [&](XmlParser& self) {
      self.spaces_ = 0;
      if (++self.depth_ > self.bounds_.depth) return self.stop(unreadable("the XML is nested too deep"));
      const XmlName own = name_of(name);
      if (own.local.size() > self.bounds_.name) return self.stop(unreadable("a name in the XML is too long"));
      self.handler_.element(self, own);
      std::uint32_t count = 0;
      for (; *attributes != nullptr && !self.failed_; attributes += 2) {
        const XmlName one = name_of(attributes[0]);
        if (++count > self.bounds_.attributes) return self.stop(unreadable("an element of the XML has too many attributes"));
        if (one.local.size() > self.bounds_.name) return self.stop(unreadable("a name in the XML is too long"));
        self.handler_.attribute(self, one, attributes[1]);
      }
    });
  }
  static void end(void* data, const char*) {
    guarded(data, [](XmlParser& self) {
      self.handler_.element_end(self);
      --self.depth_;
    });
  }
  static void text(void* data, const char* bytes, int size) {
    guarded(data, [&](XmlParser& self) { self.handler_.text(self, {bytes, static_cast<std::size_t>(size)}); });
  }
  static void space(void* data, const char*, const char* uri) {
    guarded(data, [&](XmlParser& self) {
      if (++self.spaces_ > self.bounds_.attributes) self.stop(unreadable("an element of the XML has too many attributes"));
      if (uri != nullptr && std::string_view(uri).size() > kMostSpace) self.stop(unreadable("a namespace of the XML is too long"));
    });
  }
  // No document of either vendor has a DTD. It could define entities, defaults for attributes, and point to files: before a single
  // declaration is read, that is the end.
  static void doctype(void* data, const char*, const char*, const char*, int) {
    guarded(data, [](XmlParser& self) { self.stop(unreadable("the XML has a document type declaration")); });
  }
  // A style sheet could make another document of this one, if the server's reader obeys it.
  static void instruction(void* data, const char* target, const char*) {
    guarded(data, [&](XmlParser& self) {
      if (self.care_ == XmlCare::strict && std::string_view(target) == "xml-stylesheet")
        self.stop(unreadable("the XML names a style sheet"));
    });
  }
  static void declaration(void* data, const char* version, const char* encoding, int) {
    guarded(data, [&](XmlParser& self) { self.declared(version, encoding); });
  }
  // An encoding that expat does not read by itself.
  static int encoding(void* data, const char* name, XML_Encoding* map) {
    const XmlParser& self = *static_cast<const XmlParser*>(data);
    if (self.failed_) return XML_STATUS_ERROR;
    const auto named = charset_named(name);
    const bool known = named && one_byte(*named);
    if (!known && self.care_ == XmlCare::strict) return XML_STATUS_ERROR;
    const Charset charset = known ? *named : Charset::iso8859_1;
    for (unsigned i = 0; i < 256; ++i) map->map[i] = character_of(charset, static_cast<unsigned char>(i));
    map->data = nullptr;
    map->convert = nullptr;
    map->release = nullptr;
    return XML_STATUS_OK;
  }
};

void XmlParser::Free::operator()(XML_ParserStruct* parser) const noexcept { XML_ParserFree(parser); }

XmlParser::XmlParser(XmlHandler& handler, XmlCare care, std::string_view header_charset, XmlBounds bounds) noexcept
    : handler_(handler), bounds_(bounds), header_(charset_named(header_charset)), care_(care),
      header_unknown_(!header_charset.empty() && !header_) {}
XmlParser::~XmlParser() = default;

void XmlParser::stop(Error why) noexcept {
  if (failed_) return;
  failed_ = true;
  failure_ = why;
  if (expat_) XML_StopParser(expat_.get(), XML_FALSE);
}

// The encoding declaration, before expat turns to it.
void XmlParser::declared(const char* version, const char* encoding) noexcept {
  // 1.1 ends lines at more characters and allows more names; expat does not look.
  if (version != nullptr && std::string_view(version) != "1.0" && care_ == XmlCare::strict)
    return stop(unreadable("the XML is of another version than 1.0"));
  if (encoding == nullptr) return;
  const auto said = charset_named(encoding);
  if (!said) {
    if (care_ == XmlCare::strict) stop(unreadable("the encoding of the XML is not known"));
    charset_ = Charset::iso8859_1;
    return;
  }
  // expat would turn from UTF-16 to a set of single bytes in the middle of the document; Windows' reader refuses that.
  if (ascii_compatible(*said) != (mark_ != Begin::utf16))
    return stop(unreadable("the encoding that the XML declares is not its own"));
  charset_ = *said;
}

// Whether there is enough of the document to say how it begins: with a mark, with a declaration, and whether that one names an
// encoding.
bool XmlParser::begin_known() const noexcept {
  const std::string_view start(first_.data(), first_size_);
  if (start.size() < 4) return false;
  if (start.starts_with(kUtf16Big) || start.starts_with(kUtf16Little)) return true;
  const std::string_view body = start.substr(start.starts_with(kUtf8Mark) ? kUtf8Mark.size() : 0, kMostDeclaration);
  const std::size_t common = std::min(kDeclaration.size(), body.size());
  if (body.substr(0, common) != kDeclaration.substr(0, common)) return true;
  return body.find("?>") != std::string_view::npos || body.size() == kMostDeclaration;
}

Result<void> XmlParser::begin() noexcept {
  std::string_view body(first_.data(), first_size_);
  if (body.starts_with(kUtf16Big) || body.starts_with(kUtf16Little)) mark_ = Begin::utf16;
  if (body.starts_with(kUtf8Mark)) mark_ = Begin::utf8_mark;
  // XML 1.0 section 4.3.3: UTF-16 begins with a mark. expat would also guess.
  if (mark_ != Begin::utf16 && body.substr(0, 4).find('\0') != std::string_view::npos)
    return unreadable("the XML is in an encoding without its mark");
  if (header_unknown_ && care_ == XmlCare::strict) return unreadable("the charset of the Content-Type is not known");
  // RFC 7303 lets the header win over the declaration, readers do otherwise: both readings must find the same tags.
  const bool says_utf16 = header_ && !ascii_compatible(*header_);
  if (care_ == XmlCare::strict && header_ && says_utf16 != (mark_ == Begin::utf16))
    return unreadable("the charset of the Content-Type is not that of the XML");

  bool names_encoding = false;
  body = body.substr(mark_ == Begin::utf8_mark ? kUtf8Mark.size() : 0, kMostDeclaration);
  if (body.starts_with(kDeclaration)) {
    const std::size_t end = body.find("?>");
    if (end == std::string_view::npos) return unreadable("the declaration of the XML is too long, or has no end");
    names_encoding = body.substr(0, end).find("encoding") != std::string_view::npos;
  }

  expat_.reset(XML_ParserCreateNS(nullptr, kBetween));
  if (!expat_) return Error{Cause::out_of_memory};
  XML_ParserStruct* const p = expat_.get();
  // expat salts its hashes itself, from getrandom(); no DTD means that nothing is amplified.
  XML_SetUserData(p, this);
  XML_SetElementHandler(p, Calls::start, Calls::end);
  XML_SetCharacterDataHandler(p, Calls::text);
  XML_SetStartNamespaceDeclHandler(p, Calls::space);
  XML_SetStartDoctypeDeclHandler(p, Calls::doctype);
  XML_SetProcessingInstructionHandler(p, Calls::instruction);
  XML_SetXmlDeclHandler(p, Calls::declaration);
  XML_SetUnknownEncodingHandler(p, Calls::encoding, this);

  if (mark_ == Begin::utf16) {
    charset_ = Charset::utf16;
  } else if (mark_ == Begin::nothing && header_ && !says_utf16 && !names_encoding) {
    charset_ = *header_;
    // The names are literals, so they end with a NUL.
    if (XML_SetEncoding(p, to_string(*header_).data()) != XML_STATUS_OK) return Error{Cause::out_of_memory};
  }
  return {};
}

Result<void> XmlParser::outcome(bool parsed) noexcept {
  if (failed_) return failure_;
  if (parsed) return {};
  failed_ = true;
  switch (XML_GetErrorCode(expat_.get())) {
  case XML_ERROR_NO_MEMORY: failure_ = {Cause::out_of_memory}; break;
  case XML_ERROR_UNKNOWN_ENCODING:
  case XML_ERROR_INCORRECT_ENCODING: failure_ = unreadable("the encoding of the XML is not known, or not its own"); break;
  case XML_ERROR_UNDEFINED_ENTITY: failure_ = unreadable("the XML uses an entity that is not defined"); break;
  case XML_ERROR_JUNK_AFTER_DOC_ELEMENT: failure_ = unreadable("the XML has something behind its root"); break;
  default: failure_ = unreadable("the body is not well-formed XML"); break;
  }
  return failure_;
}

namespace {

// Bytes that expat keeps behind its position; none, where it has no position. Newer ones deprecate the function that older ones
// have.
template <class Parser>
std::optional<std::uint64_t> kept_behind_position(Parser parser) noexcept {
  if constexpr (requires(std::int64_t offset, std::uint64_t size) { XML_GetInputContext64(parser, &offset, &size); }) {
    std::int64_t offset = 0;
    std::uint64_t size = 0;
    if (XML_GetInputContext64(parser, &offset, &size) == nullptr) return std::nullopt;
    const auto position = static_cast<std::uint64_t>(std::max<std::int64_t>(0, offset));
    return size - std::min(size, position);
  } else {
    int offset = 0, size = 0;
    if (XML_GetInputContext(parser, &offset, &size) == nullptr) return std::nullopt;
    return static_cast<std::uint64_t>(std::max(0, size - offset));
  }
}

} // namespace

Result<void> XmlParser::parse(bool last) noexcept {
  const int size = static_cast<int>(block_size_);
  handed_over_ += block_size_;
  block_size_ = 0;
  block_ = nullptr;
  const bool parsed = XML_ParseBuffer(expat_.get(), size, last ? 1 : 0) == XML_STATUS_OK;
  const auto result = outcome(parsed);
  if (!result) return result;
  // What expat keeps behind its position is a token that is not complete yet.
  // It has no position before the first one is complete: then that is all there was.
  const std::uint64_t pending = kept_behind_position(expat_.get()).value_or(handed_over_);
  if (pending > bounds_.token) stop(unreadable("a tag or comment of the XML is too long"));
  return outcome(true);
}

bool XmlParser::get_block() noexcept {
  if (block_ == nullptr) block_ = static_cast<char*>(XML_GetBuffer(expat_.get(), static_cast<int>(kBlock)));
  if (block_ == nullptr) stop({Cause::out_of_memory});
  return block_ != nullptr;
}

Result<void> XmlParser::take(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    if (!get_block()) return failure_;
    const std::size_t size = std::min(bytes.size(), kBlock - block_size_);
    std::copy_n(bytes.data(), size, block_ + block_size_);
    block_size_ += size;
    bytes.remove_prefix(size);
    if (block_size_ < kBlock) break;
    const auto parsed = parse(false);
    if (!parsed) return parsed;
  }
  return {};
}

Result<void> XmlParser::feed(std::string_view bytes) noexcept {
  if (failed_) return failure_;
  size_ += bytes.size();
  if (size_ > bounds_.size) {
    stop({Cause::body_too_large, "the XML is too large"});
    return failure_;
  }
  if (begun_) return take(bytes);
  const std::size_t size = std::min(bytes.size(), first_.size() - first_size_);
  std::copy_n(bytes.data(), size, first_.data() + first_size_);
  first_size_ += size;
  bytes.remove_prefix(size);
  if (!begin_known()) return {};
  const auto begun = take_first();
  if (!begun) return begun;
  return take(bytes);
}

Result<void> XmlParser::take_first() noexcept {
  begun_ = true;
  const auto begun = begin();
  if (!begun) {
    stop(begun.error());
    return failure_;
  }
  return take({first_.data(), first_size_});
}

Result<void> XmlParser::finish() noexcept {
  if (failed_) return failure_;
  if (!begun_) {
    const auto begun = take_first();
    if (!begun) return begun;
  }
  if (!get_block()) return failure_;
  return parse(true);
}

} // namespace ledgergate::inspect
