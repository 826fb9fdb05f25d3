// What must hold for every input. Each check ends the process when it does not: libFuzzer keeps the input then (main.cpp), and the
// unit tests run the checks over the seed corpora.
#pragma once

#include <string_view>

namespace ledgergate::fuzz {

// A request body for mServer: the same outcome however it is cut; what is taken has operations with plain names.
void check_xml(std::string_view bytes);
// A request body for ApiComPrem: the same, and what is taken says to nlohmann's reader what it says to ours.
void check_json(std::string_view bytes);
// A compressed body: the same bytes however it is cut, and those that zlib's own one-call reader finds; what was packed comes back.
void check_inflate(std::string_view bytes);
// A reply of any server: the same outcome however it is cut; /status in whatever dress is survived.
void check_reply(std::string_view bytes);
// A refusal for hostile facts of a request: of the form that its profile's clients parse, bounded, and without markup of theirs.
void check_refusal(std::string_view bytes);
// A caller's side of a connection: the same requests however it is cut, those that a reader of the RFC finds; and each, written
// anew for a server, reads as the same request.
void check_request(std::string_view bytes);
// A server's reply: the same, towards the caller.
void check_response(std::string_view bytes);
// A request target: what is forwarded stays below what is published, in every reading that a server could give it.
void check_path(std::string_view bytes);
// A settings file: settings, or mistakes with their places.
void check_config(std::string_view bytes);
// A PROXY header: the same verdict however it is cut, and the caller that the C library reads.
void check_proxy(std::string_view bytes);
// Fields with a grammar of their own: Accept, Forwarded, Authorization, Upgrade, Location, Set-Cookie and their like.
void check_fields(std::string_view bytes);

struct Target {
  const char* name;
  void (*check)(std::string_view bytes);
  int near; // how many inputs near the seeds the unit tests try: a second's worth
};
inline constexpr Target kTargets[] = {
    {"xml", check_xml, 1000},           {"json", check_json, 1000},      {"inflate", check_inflate, 300},
    {"reply", check_reply, 1000},       {"refusal", check_refusal, 200}, {"request", check_request, 3000},
    {"response", check_response, 1000}, {"path", check_path, 200},       {"config", check_config, 200},
    {"proxy", check_proxy, 20000},      {"fields", check_fields, 10000},
};

} // namespace ledgergate::fuzz
