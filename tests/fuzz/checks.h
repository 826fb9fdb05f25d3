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
// The first bytes on a TLS listener, behind a PROXY header or without one: the same verdict however they are cut, never a way in,
// and for who is answered the certificate and the rules of the name that a reader of the RFC finds.
void check_hello(std::string_view bytes);
// Fields with a grammar of their own: Accept, Forwarded, Authorization, Upgrade, Location, Set-Cookie and their like.
void check_fields(std::string_view bytes);

// Callers and servers on connections of the real program, in memory: a letter of story_settings.h says by which door the caller
// comes in, and what follows says who says what ("~c…" the caller, "~s…" the server), who goes ("~C", "~X", "~S", "~R"), and when
// ("~t"). What arrives on each side is what was sent, in whole messages; and everything ends.
void check_story(std::string_view bytes);

} // namespace ledgergate::fuzz
