// The sections of the config, one file each (read_*.cpp), and the checks that need several of them (check.cpp).
#pragma once

#include "settings/reader.h"
#include "settings/settings.h"

#include <vector>

namespace ledgergate::settings {

// Settings in the making, with the places that later checks speak of. The places run parallel to the vectors of `settings`.
struct Draft {
  Settings settings;
  std::vector<Place> listener_places;
  std::vector<Place> server_places;
  std::vector<Place> route_places;
  struct ClientPlace {
    std::string file; // the main one, or one of clients_dir
    Place place;      // in it
  };
  std::vector<ClientPlace> client_places;
  bool clients_alone = false; // only clients are looked at: which servers there are is not known
  Place admin_place;
  std::vector<Problem> elsewhere; // in other files than the main one
};

void read_listeners(const Value& list, Draft& draft);
void read_servers(const Value& map, Draft& draft);
void read_clients(const Value& map, Draft& draft);       // behind servers: clients may have credentials for them
void read_clients_dir(const Value& value, Draft& draft); // behind read_clients()
void read_route_clients(const Value& list, const Draft& draft, Route& route);
void read_require(const Value& list, Proofs& out);
enum class LimitsOf : std::uint8_t { address, client, route };
void read_rate_limits(const Value& map, LimitsOf whose, RateLimits& out);
void read_patterns(const Value& list, std::string_view if_empty, std::vector<std::string>& out);
void read_users(const Value& list, std::vector<std::string>& out);
void read_lockout(const Value& value, Lockout& out);
void read_client_table(const Value& map, ClientTable& out);
void read_routes(const Value& list, Draft& draft); // behind the two above: routes name them
void read_header_rules(const Value& map, bool reply, std::vector<HeaderRule>& out);
void read_hsts(const Value& value, std::string& out);
void read_compress(const Value& value, Compress& out);
// A name of servers{}, as an index; their number, with a word, when there is none of that name.
[[nodiscard]] std::size_t find_server(const Value& value, const Draft& draft);
void read_health(const Value& value, Server& server); // behind its profile and credentials
void read_hours(const Value& list, std::vector<OpenSpan>& out);
void read_server_units(const Value& list, const Value& total, Server& server); // behind its profile and concurrency
void read_route_units(const Value& map, const Draft& draft, Route& route);     // behind its server, as the two below
void read_operations(const Value& list, const Draft& draft, Route& route);
void look_at_client_operations(const Value& list, const Draft& draft); // behind servers: warns of what no server has
void read_commands(const Value& map, Server& server);
// A file that only this service and root can read, found in $CREDENTIALS_DIRECTORY or beside the config.
void read_credentials(const Value& value, std::string& out);
// Whether the edge's own user and password go to a server of this route, in place of the caller's.
[[nodiscard]] bool injects_credentials(const Route& route, const std::vector<Server>& servers);
void read_spool_choice(const Value& value, SpoolChoice& out);

void read_trusted_proxies(const Value& list, Draft& draft); // behind clients
void read_limits(const Value& map, Limits& out);
void read_timeouts(const Value& map, Timeouts& out);
void read_body_rate(const Value& map, BodyRate& out);
void read_spool(const Value& map, Spool& out);
void read_log(const Value& map, Log& out);
void read_admin(const Value& map, Draft& draft);

inline constexpr Choice<TurnClass> kTurnClasses[] = {
    {"high", TurnClass::high}, {"normal", TurnClass::normal}, {"bulk", TurnClass::bulk}};
inline constexpr Choice<SpoolChoice> kSpoolChoices[] = {
    {"request", SpoolChoice::request}, {"reply", SpoolChoice::reply}, {"both", SpoolChoice::both}, {"off", SpoolChoice::off}};
inline constexpr Choice<Language> kLanguages[] = {{"en", Language::en}, {"cs", Language::cs}, {"sk", Language::sk}};
inline constexpr Choice<Profile> kProfiles[] = {
    {"http", Profile::http},   {"mserver", Profile::mserver}, {"apicomprem", Profile::apicomprem},
    {"eshop", Profile::eshop}, {"onec", Profile::onec},       {"mobile_smarts", Profile::mobile_smarts}};

// What each profile's server is known to need (docs/vendors.md: mServer's imports and 1C's calls run for minutes, one ApiComPrem
// command may take two).
[[nodiscard]] Server with_profile_defaults(Profile profile);

// Whether a listener may publish plain HTTP without a word: loopback, private and link-local networks only.
[[nodiscard]] bool is_local_network(const IpAddress& address);

// Duplicates, overlaps, and what can never be reached.
void check_together(Draft& draft, Problems& problems);
void check_identity(Draft& draft, Problems& problems);           // part of it
void join_names_of_one_server(Draft& draft, Problems& problems); // the same: names and bounds of one place (same_server.h)

} // namespace ledgergate::settings
