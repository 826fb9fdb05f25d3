#include "http/second_reader.h"

#include "http/chars.h"

#include <llhttp.h>

#include <algorithm>
#include <cstdint>

namespace ledgergate::http {
namespace {

// One comparison: what we read, and how far llhttp got in telling the same.
struct Comparison {
  const std::vector<Field>* fields = nullptr;
  std::size_t at = 0; // the field llhttp is in
  bool named = false; // its name was told
  bool value_told = false;
  bool ended = false; // the end of the fields was seen
};

Comparison& of(llhttp_t* parser) noexcept { return *static_cast<Comparison*>(parser->data); }

// Both callbacks refuse with -1 (HPE_USER), which ends the parse. The head is in one piece, so a span comes in one piece.
int on_name(llhttp_t* parser, const char* at, std::size_t length) noexcept {
  Comparison& comparison = of(parser);
  if (comparison.named || comparison.at == comparison.fields->size()) return -1;
  const Field& ours = (*comparison.fields)[comparison.at];
  comparison.named = true;
  comparison.value_told = false;
  return at == ours.name.data() && length == ours.name.size() ? 0 : -1;
}

// llhttp keeps white space behind a value, we don't.
int on_value(llhttp_t* parser, const char* at, std::size_t length) noexcept {
  Comparison& comparison = of(parser);
  if (!comparison.named || comparison.value_told) return -1;
  comparison.value_told = true;
  const std::string_view theirs = trim(std::string_view(at, length));
  const Field& ours = (*comparison.fields)[comparison.at];
  if (theirs.empty()) return ours.value.empty() ? 0 : -1;
  return theirs.data() == ours.value.data() && theirs.size() == ours.value.size() ? 0 : -1;
}

int on_value_complete(llhttp_t* parser) noexcept {
  Comparison& comparison = of(parser);
  if (!comparison.named) return -1;
  if (!comparison.value_told && !(*comparison.fields)[comparison.at].value.empty()) return -1;
  comparison.named = false;
  ++comparison.at;
  return 0;
}

// Stops before llhttp acts on what it read: bodies, upgrades and the next message are not its business.
int on_fields_end(llhttp_t* parser) noexcept {
  of(parser).ended = true;
  return HPE_PAUSED;
}

llhttp_settings_t make_settings() noexcept {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_header_field = on_name;
  settings.on_header_value = on_value;
  settings.on_header_value_complete = on_value_complete;
  settings.on_headers_complete = on_fields_end;
  return settings;
}

const llhttp_settings_t settings = make_settings();

// What is shown in place of the head's beginning, as far as it isn't shown as it is.
struct Shown {
  std::string_view method, target;
};

// Runs llhttp over `first` (empty pieces are left out) and the rest of the head.
bool reads_the_same(llhttp_t& parser, llhttp_type_t type, Comparison& comparison, const Shown& first,
                    std::string_view rest) noexcept {
  llhttp_init(&parser, type, &settings);
  parser.data = &comparison;
  for (const std::string_view piece : {first.method, first.target})
    if (!piece.empty() && llhttp_execute(&parser, piece.data(), piece.size()) != HPE_OK) return false;
  if (llhttp_execute(&parser, rest.data(), rest.size()) != HPE_PAUSED) return false;
  return comparison.ended && !comparison.named && comparison.at == comparison.fields->size() && parser.http_major == 1;
}

bool same_framing(const llhttp_t& parser, const Framing& ours) noexcept {
  const bool chunked = (parser.flags & F_CHUNKED) != 0;
  const bool length = (parser.flags & F_CONTENT_LENGTH) != 0;
  if (chunked != (ours.kind == BodyKind::chunked)) return false;
  if (length != (ours.kind == BodyKind::length)) return false;
  return !length || parser.content_length == ours.length;
}

bool beyond_ascii(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

std::uint8_t shown_method(Method method) noexcept {
  switch (method) {
  case Method::get: return HTTP_GET;
  case Method::head: return HTTP_HEAD;
  case Method::put: return HTTP_PUT;
  case Method::delete_: return HTTP_DELETE;
  case Method::options: return HTTP_OPTIONS;
  case Method::patch: return HTTP_PATCH;
  case Method::post:
  case Method::other: break;
  }
  return HTTP_POST;
}

} // namespace

bool second_reader_agrees(std::string_view head, const RequestHead& ours) noexcept {
  const bool unknown = ours.method == Method::other;
  llhttp_t parser;
  Comparison comparison{&ours.fields};
  Shown first;
  std::string_view rest = head;
  if (unknown) {
    first.method = "POST";
    rest.remove_prefix(ours.method_text.size());
  }
  if (beyond_ascii(ours.target)) {
    if (!unknown) first.method = ours.method_text;
    first.target = " /";
    rest.remove_prefix(static_cast<std::size_t>(ours.target.data() + ours.target.size() - rest.data()));
  }
  if (!reads_the_same(parser, HTTP_REQUEST, comparison, first, rest)) return false;
  return parser.method == shown_method(ours.method) && parser.http_minor == ours.minor && same_framing(parser, ours.body);
}

bool second_reader_agrees(std::string_view head, const ReplyHead& ours, const Framing& framing) noexcept {
  llhttp_t parser;
  Comparison comparison{&ours.fields};
  if (!reads_the_same(parser, HTTP_RESPONSE, comparison, {}, head)) return false;
  return parser.status_code == ours.status && parser.http_minor == ours.minor && same_framing(parser, framing);
}

} // namespace ledgergate::http
