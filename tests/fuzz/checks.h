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

} // namespace ledgergate::fuzz
