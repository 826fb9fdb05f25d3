#include "profile/questions.h"

namespace ledgergate::profile {
namespace {

// One question a connection: the server may close it as soon as it has answered.
std::string question(const settings::Server& server, std::string_view line) {
  std::string out(line);
  out += " HTTP/1.1\r\nHost: ";
  out += server.authority;
  out += "\r\nUser-Agent: ledgergate\r\nConnection: close\r\n";
  return out;
}

} // namespace

std::string status_question(const settings::Server& server) { return question(server, "GET /status") + "\r\n"; }

} // namespace ledgergate::profile
