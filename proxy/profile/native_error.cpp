#include "profile/native_error.h"

#include "http/accept.h"
#include "http/chars.h"
#include "inspect/charset.h"
#include "profile/error_documents.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace ledgergate::profile {
namespace {

using http::iequals;
using settings::Language;
using settings::Profile;

enum class Form : std::uint8_t {
  response_pack,
  shop_pack,
  premier,
  soap_1_1,
  soap_1_2,
  odata_json,
  odata_xml,
  rest,
  problem,
  page,
  plain
};

struct Offer {
  std::string_view media;
  Form form;
};

// The form of the offer that Accept likes best; `otherwise` where it says nothing that helps (RFC 9110 section 12.4.1).
template <std::size_t N>
Form choose(const http::RequestHead& request, const std::array<Offer, N>& offers, Form otherwise) noexcept {
  std::array<std::string_view, N> media{};
  std::transform(offers.begin(), offers.end(), media.begin(), [](const Offer& offer) { return offer.media; });
  const auto best = http::best_media(http::accepted_media(request.fields), media);
  return best ? offers[*best].form : otherwise;
}

// Who asks for plain JSON gets problem details: they are JSON (RFC 9457 section 3).
Form by_accept(const http::RequestHead& request) noexcept {
  static constexpr std::array<Offer, 5> offers{{{"text/plain", Form::plain},
                                                {"application/problem+json", Form::problem},
                                                {"application/json", Form::problem},
                                                {"text/html", Form::page},
                                                {"application/xhtml+xml", Form::page}}};
  return choose(request, offers, Form::plain);
}

std::string_view field(const http::RequestHead& request, std::string_view name) noexcept {
  for (const auto& field : request.fields)
    if (iequals(field.name, name)) return field.value;
  return {};
}

std::string_view media_type(std::string_view content_type) noexcept {
  return http::trim(content_type.substr(0, content_type.find(';')));
}

bool contains(std::string_view text, std::string_view lower_case) noexcept {
  return std::search(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                     [](char a, char b) { return http::lower(a) == b; }) != text.end();
}

// What stands where in a published 1C base: /base/ws/name.1cws is SOAP, /base/odata/… OData 3, /base/hs/… what its author wants,
// the rest the web client.
Form of_1c(const Reader& reader) noexcept {
  const http::RequestHead& request = *reader.request;
  if (contains(reader.path, ".1cws")) {
    // SOAP 1.2 has a media type of its own; 1.1 is text/xml with SOAPAction.
    const bool newer = iequals(media_type(field(request, "Content-Type")), "application/soap+xml");
    return newer ? Form::soap_1_2 : Form::soap_1_1;
  }
  if (contains(reader.path, "/odata/")) {
    static constexpr std::array<Offer, 4> offers{{{"application/json", Form::odata_json},
                                                  {"application/atom+xml", Form::odata_xml},
                                                  {"application/xml", Form::odata_xml},
                                                  {"text/xml", Form::odata_xml}}};
    return choose(request, offers, Form::odata_json);
  }
  return contains(reader.path, "/hs/") ? Form::problem : by_accept(request);
}

Form form_for(const Reader& reader) noexcept {
  switch (reader.profile) {
  // What these clients' libraries put into Accept says nothing of what the program parses.
  case Profile::mserver: return Form::response_pack;
  case Profile::eshop: return Form::shop_pack;
  case Profile::apicomprem: return Form::premier;
  case Profile::mobile_smarts: return Form::rest;
  case Profile::onec: return of_1c(reader);
  case Profile::http: break;
  }
  return by_accept(*reader.request);
}

Language language_for(const Reader& reader) noexcept {
  static constexpr std::array<Language, 3> languages{Language::en, Language::cs, Language::sk};
  const std::array<std::string_view, 3> tags{tag(languages[0]), tag(languages[1]), tag(languages[2])};
  const auto given = std::find(languages.begin(), languages.end(), reader.language);
  const auto fallback = given == languages.end() ? 0 : static_cast<std::size_t>(std::distance(languages.begin(), given));
  return languages[http::best_language(http::accepted_languages(reader.request->fields), tags, fallback)];
}

// The request's own encoding, since its sender can read that; the header speaks louder than the XML declaration (RFC 7303 section
// 3). Else what POHODA writes (docs/vendors.md, mServer and Shops).
Encoding encoding_for(const Reader& reader) noexcept {
  const auto stated = find_encoding(inspect::charset_parameter(field(*reader.request, "Content-Type")));
  if (stated) return *stated;
  return find_encoding(reader.charset).value_or(Encoding::windows_1250);
}

std::string_view text_xml(Encoding encoding) noexcept {
  switch (encoding) {
  case Encoding::utf8: return "text/xml; charset=utf-8";
  case Encoding::windows_1250: return "text/xml; charset=Windows-1250";
  case Encoding::iso_8859_2: return "text/xml; charset=ISO-8859-2";
  case Encoding::utf16: return "text/xml; charset=UTF-16";
  }
  return "text/xml";
}

std::string_view append_document(Form form, const Account& account, std::string& out) {
  switch (form) {
  case Form::response_pack:
  case Form::shop_pack: {
    const Encoding encoding = encoding_for(account.reader);
    (form == Form::response_pack ? append_response_pack : append_shop_pack)(account, encoding, out);
    return text_xml(encoding);
  }
  case Form::premier: append_premier(account, out); return "application/json; charset=utf-8";
  case Form::soap_1_1: append_soap_fault(account, false, out); return "text/xml; charset=utf-8";
  case Form::soap_1_2: append_soap_fault(account, true, out); return "application/soap+xml; charset=utf-8";
  case Form::odata_json: append_odata_json(account, out); return "application/json; charset=utf-8";
  case Form::odata_xml: append_odata_xml(account, out); return "application/xml; charset=utf-8";
  case Form::rest: append_rest_error(account, out); return "application/json; charset=utf-8";
  case Form::problem: append_problem(account, out); return "application/problem+json";
  case Form::page: append_page(account, out); return "text/html; charset=utf-8";
  case Form::plain: break;
  }
  out += account.message;
  out += '\n';
  return "text/plain; charset=utf-8";
}

ErrorBody append_body(const Failure& failure, const Reader& reader, std::string& out) {
  const Language language = language_for(reader);
  const Again again = may_send_again(failure.cause, failure.forwarded, http::is_safe(reader.request->method));
  std::string message;
  append_message({failure.cause, again, failure.waited_seconds, failure.address, failure.request_id}, language, message);
  std::string one_line = message;
  std::replace(one_line.begin(), one_line.end(), '\n', ' ');
  const Account account{failure, reader, describe(failure.cause), language, again, message, one_line};
  return {append_document(form_for(reader), account, out), tag(language)};
}

} // namespace

Again may_send_again(Cause cause, bool forwarded, bool safe) noexcept {
  if (describe(cause).side == Side::client || cause == Cause::server_refused_edge) return Again::unsaid;
  if (!forwarded) return Again::not_forwarded;
  return safe ? Again::only_reads : Again::in_doubt;
}

unsigned premier_number(Cause cause, Again again) noexcept {
  return (again == Again::in_doubt ? 98'000U : 97'000U) + describe(cause).status;
}

ErrorBody append_error_body(const Failure& failure, const Reader& reader, std::string& out) {
  const std::size_t start = out.size();
  const ErrorBody body = append_body(failure, reader, out);
  if (out.size() - start <= kMaxErrorBody) return body;
  // Somebody's id or address is of the size of a novel: the message goes without.
  out.resize(start);
  Failure bare = failure;
  bare.address = {};
  bare.request_id = bare.request_id.substr(0, 64);
  Reader stranger = reader;
  stranger.pack_id = stranger.ico = stranger.command = {};
  return append_body(bare, stranger, out);
}

} // namespace ledgergate::profile
