#include "base/encode.h"
#include "checks.h"
#include "profile/native_error.h"
#include "require.h"

#include <expat.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <string>

namespace ledgergate::fuzz {
namespace {

using nlohmann::json;
using settings::Language;
using settings::Profile;

// What stands in a document, by a reader that is not ours.
struct Elements {
  std::set<std::string> names;
  std::string state, note, id;
  int packs = 0;
};

void on_element(void* to, const char* name, const char** attributes) {
  auto& found = *static_cast<Elements*>(to);
  found.names.insert(name);
  if (name != std::string_view("rsp:responsePack")) return;
  ++found.packs;
  int count = 0;
  for (; *attributes != nullptr; attributes += 2, ++count) {
    if (attributes[0] == std::string_view("state")) found.state = attributes[1];
    if (attributes[0] == std::string_view("note")) found.note = attributes[1];
    if (attributes[0] == std::string_view("id")) found.id = attributes[1];
  }
  require(count == 6, "a pack has its six attributes and no other");
}

Elements read_xml(std::string bytes, std::string_view content_type) {
  const char* encoding = nullptr;
  for (const auto& [label, upper] : {std::pair{"Windows-1250", &kWindows1250}, {"ISO-8859-2", &kIso88592}}) {
    if (!content_type.ends_with(label)) continue;
    // expat knows neither: the bytes are made UTF-8 for it.
    encoding = "UTF-8";
    std::string utf8;
    for (const char c : bytes) {
      const auto byte = static_cast<unsigned char>(c);
      const char32_t point = byte < 0x80 ? byte : (*upper)[byte - 0x80U];
      require(byte < 0x80 || point != 0, "every byte is a character of the encoding");
      require(append_character(point, Encoding::utf8, utf8), "UTF-8 has it");
    }
    bytes = utf8;
  }
  const std::unique_ptr<XML_ParserStruct, void (*)(XML_Parser)> parser(XML_ParserCreate(encoding), XML_ParserFree);
  Elements found;
  XML_SetUserData(parser.get(), &found);
  XML_SetStartElementHandler(parser.get(), on_element);
  require(XML_Parse(parser.get(), bytes.data(), static_cast<int>(bytes.size()), 1) == XML_STATUS_OK, "the document is XML");
  return found;
}

void check_json_document(const std::string& text, Profile profile, const profile::Reader& reader) {
  const json document = json::parse(text, nullptr, false);
  require(document.is_object(), "the document is a JSON object");
  if (profile == Profile::apicomprem) {
    require(document.size() == 3 && document["Result"] == "ERR" && document["Error"].size() == 1, "it says one error");
    const std::string named = document["CommandIn"];
    const bool plain = std::all_of(reader.command.begin(), reader.command.end(), [](char c) { return c > 0; });
    require(!plain || named.empty() || named == reader.command, "a command is named as it was sent");
  } else {
    require(!document.contains("Result"), "nothing of a caller's became a member");
    require(document.size() == 1 || document.size() == 7, "it has the members of its form");
  }
}

// Of a page: each '<' begins a tag of ours.
void check_page(std::string_view text) {
  for (auto at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    std::string_view tag = text.substr(at + 1);
    tag = tag.substr(0, tag.find_first_of(" >"));
    if (tag.starts_with('/')) tag.remove_prefix(1);
    static const std::set<std::string_view> ours{"!DOCTYPE", "html", "head", "meta", "title", "body", "h1", "p"};
    require(ours.contains(tag), "a page has tags of ours only");
  }
}

void check_one(const profile::Failure& failure, const profile::Reader& reader) {
  std::string text;
  const auto body = profile::append_error_body(failure, reader, text);
  require(!text.empty() && text.size() <= profile::kMaxErrorBody, "a document is bounded");
  require(body.language == "en" || body.language == "cs" || body.language == "sk", "it is of a language of ours");
  if (body.content_type.find("json") != std::string_view::npos) {
    check_json_document(text, reader.profile, reader);
  } else if (body.content_type.find("xml") != std::string_view::npos) {
    const Elements found = read_xml(text, body.content_type);
    const bool pack = reader.profile == Profile::mserver || reader.profile == Profile::eshop;
    require(found.packs == (pack ? 1 : 0) && (!pack || (found.names.size() == 1 && found.state == "error")), "one pack says error");
    require(!pack || found.note.find("Po") != std::string::npos || found.note.find("Request") != std::string::npos, "with a note");
    static const std::set<std::string> ours{"rsp:responsePack", "soap:Envelope", "soap:Body",  "soap:Fault",   "faultcode",
                                            "faultstring",      "detail",        "lg:failure", "env:Envelope", "env:Body",
                                            "env:Fault",        "env:Code",      "env:Value",  "env:Reason",   "env:Text",
                                            "env:Detail",       "m:error",       "m:code",     "m:message"};
    require(std::includes(ours.begin(), ours.end(), found.names.begin(), found.names.end()), "and elements of ours only");
  } else if (body.content_type.starts_with("text/html")) {
    check_page(text);
  }
}

} // namespace

void check_refusal(std::string_view bytes) {
  // One fact a line; the first byte chooses the cause.
  std::array<std::string_view, 9> facts{};
  Cause cause = Cause::internal;
  if (!bytes.empty()) {
    const auto causes = static_cast<unsigned>(Cause::upgrade_failed) + 1;
    cause = static_cast<Cause>(static_cast<unsigned char>(bytes.front()) % causes);
    bytes.remove_prefix(1);
  }
  for (auto& fact : facts) {
    fact = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(std::min(bytes.size(), fact.size() + 1));
  }
  http::RequestHead request;
  request.method = facts[0].size() % 2 == 0 ? http::Method::post : http::Method::get;
  request.fields = {{"Accept", facts[0]}, {"Accept-Language", facts[1]}, {"Content-Type", facts[2]}};
  for (const Profile profile :
       {Profile::http, Profile::mserver, Profile::apicomprem, Profile::eshop, Profile::onec, Profile::mobile_smarts}) {
    const profile::Reader reader{profile, Language::cs, &request, facts[3], facts[4], facts[5], facts[6], facts[7]};
    check_one({cause, facts[1].size() % 2 == 0, facts[2].size(), "Bad Gateway", facts[3], facts[8]}, reader);
  }
}

} // namespace ledgergate::fuzz
