#include "inspect/status.h"

#include "http/chars.h"
#include "http/head.h"
#include "inspect/xml_parser.h"

#include <algorithm>
#include <charconv>
#include <new>

namespace ledgergate::inspect {
namespace {

constexpr std::size_t kMostText = 256;
constexpr XmlBounds kBounds{64 * 1024, 8, 64, 256, 16 * 1024};

bool blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::uint32_t> number(std::string_view text) noexcept {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

class StatusReader final : private XmlHandler {
public:
  explicit StatusReader(std::string_view header_charset) noexcept : parser_(*this, XmlCare::tolerant, header_charset, kBounds) {}

  ServerStatus read(std::string_view body) noexcept {
    // What is told before a document breaks stays told.
    if (parser_.feed(body)) static_cast<void>(parser_.finish());
    if (http::iequals(business_, "idle")) status_.business = Business::idle;
    if (http::iequals(business_, "working")) status_.business = Business::working;
    status_.processing = number(processing_);
    return std::move(status_);
  }

private:
  void element(XmlParser& parser, const XmlName& name) override {
    wanted_ = nullptr;
    text_.clear();
    switch (parser.depth()) {
    case 1:
      if (!http::iequals(name.local, "mserver")) parser.stop({Cause::body_unreadable, "not a status"});
      break;
    case 2:
      in_company_ = name.local == "companyDetail";
      wanted_ = of_server(name.local);
      break;
    case 3:
      if (in_company_) wanted_ = of_company(name.local);
      break;
    default: break;
    }
  }
  void text(XmlParser&, std::string_view bytes) override {
    if (wanted_ != nullptr) text_.append(bytes.substr(0, kMostText - std::min(kMostText, text_.size())));
  }
  void element_end(XmlParser&) override {
    if (wanted_ != nullptr) *wanted_ = trimmed(text_);
    wanted_ = nullptr;
  }
  std::string* of_server(std::string_view name) noexcept {
    if (name == "status") return &business_;
    if (name == "processing") return &processing_;
    if (name == "name") return &status_.name;
    if (name == "server") return &status_.server;
    return nullptr;
  }
  std::string* of_company(std::string_view name) noexcept {
    if (name == "company") return &status_.company;
    if (name == "databaseName") return &status_.database;
    if (name == "year") return &status_.year;
    if (name == "period") return &status_.period;
    return nullptr;
  }

  ServerStatus status_;
  std::string business_, processing_;
  std::string text_;
  std::string* wanted_ = nullptr; // where the text of the open element goes
  bool in_company_ = false;
  XmlParser parser_;
};

bool letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Where the word stands by itself, without regard to case; npos when it does not.
std::size_t find_word(std::string_view text, std::string_view word) noexcept {
  for (std::size_t at = 0; at + word.size() <= text.size(); ++at) {
    if (!http::iequals(text.substr(at, word.size()), word)) continue;
    const bool begins = at == 0 || !letter(text[at - 1]);
    const bool ends = at + word.size() == text.size() || !letter(text[at + word.size()]);
    if (begins && ends) return at;
  }
  return std::string_view::npos;
}

// "status: idle, processing: 0" in whatever dress. Only an answer that says one thing and not the other counts.
ServerStatus read_plain(std::string_view text) noexcept {
  ServerStatus status;
  const bool idle = find_word(text, "idle") != std::string_view::npos;
  const bool working = find_word(text, "working") != std::string_view::npos;
  if (idle != working) status.business = idle ? Business::idle : Business::working;
  constexpr std::string_view word = "processing";
  const std::size_t at = find_word(text, word);
  if (at == std::string_view::npos) return status;
  std::string_view rest = text.substr(at + word.size());
  while (!rest.empty() && (blank(rest.front()) || rest.front() == ':' || rest.front() == '=')) rest.remove_prefix(1);
  const auto* end = std::find_if(rest.begin(), rest.end(), [](char c) { return !http::is(c, http::digit_byte); });
  status.processing = number(rest.substr(0, static_cast<std::size_t>(end - rest.begin())));
  return status;
}

} // namespace

ServerStatus read_status(std::string_view body, std::string_view content_type) noexcept {
  body = body.substr(0, kBounds.size);
  try {
    // A document may begin with a mark, and in UTF-16 every second byte is a NUL: only what looks like text is read as such.
    const std::string_view start = trimmed(body);
    const bool plain = !start.empty() && letter(start.front()) && start.find('<') == std::string_view::npos;
    if (plain) return read_plain(start);
    StatusReader reader(charset_parameter(content_type));
    return reader.read(body);
  } catch (const std::bad_alloc&) {
    return {};
  }
}

} // namespace ledgergate::inspect
