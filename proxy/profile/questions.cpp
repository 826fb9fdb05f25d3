#include "profile/questions.h"

#include "profile/credentials.h"

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

void append(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

} // namespace

std::string status_question(const settings::Server& server) { return question(server, "GET /status") + "\r\n"; }

std::string company_question(const settings::Server& server, std::string_view credentials) {
  std::string out = question(server, "GET /status?companyDetail");
  append(out, credentials_field(server.profile), credentials);
  return out + "\r\n";
}

std::string version_question(const settings::Server& server, std::string_view credentials) {
  constexpr std::string_view body = R"({"command":{"inComm":"VERZEAPI","inParam":{"parameters":{}}}})";
  std::string out = question(server, "POST /api/comm");
  append(out, "Content-Type", "application/json; charset=utf-8");
  if (!server.units.empty()) append(out, "ID-UJ", server.units.front());
  append(out, credentials_field(server.profile), credentials);
  append(out, "Content-Length", std::to_string(body.size()));
  out += "\r\n";
  out += body;
  return out;
}

std::string path_question(const settings::Server& server) { return question(server, "GET " + server.health.path) + "\r\n"; }

} // namespace ledgergate::profile
