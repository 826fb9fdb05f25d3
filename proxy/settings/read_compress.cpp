// `compress` of a route.
#include "settings/sections.h"

#include <algorithm>

namespace ledgergate::settings {
namespace {

// type "/" subtype, both tokens (RFC 9110 sections 8.3.1 and 5.6.2), without parameters.
bool good_media_type(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto token = [](std::string_view part) {
    return !part.empty() && std::all_of(part.begin(), part.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || std::string_view("!#$&^_.+-").find(c) != std::string_view::npos;
    });
  };
  return slash != std::string_view::npos && token(text.substr(0, slash)) && token(text.substr(slash + 1));
}

} // namespace

void read_compress(const Value& value, Compress& out) {
  if (value.is_scalar() && !value.words().empty()) {
    if (const auto word = parse_boolean(value.words()))
      out.enabled = *word;
    else
      value.error("`compress` must be `on`, `off` or a map of `level`, `min` and `types`");
    return;
  }
  out.enabled = value.present();
  Map fields(value);
  std::uint32_t level = static_cast<std::uint32_t>(out.level);
  if (fields.get("level").count(level, 1, 9)) out.level = static_cast<int>(level);
  fields.get("min").size(out.min, 0, 1024 * 1024 * 1024);
  for (const Value& item :
       fields.get("types").items("`types` is empty: nothing would be compressed; leave it out for the usual ones")) {
    std::string text;
    if (!item.text(text)) continue;
    text = lower(text);
    if (good_media_type(text))
      out.types.push_back(std::move(text));
    else
      item.error(quote(text) + " is not a media type such as `text/xml`, without parameters");
  }
}

} // namespace ledgergate::settings
