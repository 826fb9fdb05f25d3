// Who may come in: clients, their proofs, what they may do and how much; users, limits of addresses, lock-out.
#include "settings/sections.h"

#include "base/networks.h"
#include "settings/suggest.h"
#include "settings/units.h"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace ledgergate::settings {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMost = 1'000'000'000'000;

// "60/min", "10MiB/s": an amount in a unit of time.
void read_rate(const Value& value, bool bytes, Rate& out) {
  std::string text;
  if (!value.present() || !value.text(text)) return;
  const auto wrong = [&] {
    value.error(value.name() + " must be a rate such as " + (bytes ? "`1MiB/s` or `2GiB/h`" : "`60/min`, `10/s` or `1000/h`") +
                ", not " + quote(text));
  };
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return wrong();
  const std::string unit = text.substr(slash + 1), number = text.substr(0, slash);
  if (unit == "s")
    out.per = 1s;
  else if (unit == "min")
    out.per = 1min;
  else if (unit == "h")
    out.per = 1h;
  else
    return wrong();
  std::uint64_t amount = 0;
  if (bytes) {
    const auto size = parse_size(number);
    if (!size) return wrong();
    amount = *size;
  } else {
    const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), amount);
    if (failure != std::errc{} || end != number.data() + number.size()) return wrong();
  }
  if (amount == 0 || amount > kMost)
    return value.error(value.name() + " must be from 1 to " + std::to_string(kMost) + " in its unit of time, not " + quote(text));
  out.amount = amount;
}

void read_burst(const Value& value, const Value& rate, Rate& out) {
  std::uint32_t burst = 0;
  if (!value.count(burst, 1, 1'000'000'000)) return;
  if (!rate.present()) return value.error(value.name() + " needs " + rate.name() + " beside it");
  out.burst = burst;
}

bool good_key(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

std::array<std::uint8_t, 32> digest(std::string_view hex) {
  std::array<std::uint8_t, 32> out{};
  for (std::size_t i = 0; i < out.size(); ++i) std::from_chars(hex.data() + 2 * i, hex.data() + 2 * i + 2, out[i], 16);
  return out;
}

void read_digest(const Value& value, std::optional<std::array<std::uint8_t, 32>>& out) {
  std::string text;
  if (!value.text(text)) return;
  std::erase(text, ':'); // as `openssl x509 -fingerprint` prints it
  if (!good_key(text)) return value.error(value.name() + " must be a SHA-256 in hex: 64 digits");
  out = digest(text);
}

// What `printf %s "$KEY" | sha256sum` gives where KEY is not set, and `echo` in its place: everybody has this key.
bool is_digest_of_nothing(const std::array<std::uint8_t, 32>& key) {
  static const std::array kOfNothing{
      digest("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), // ""
      digest("01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b"), // "\n"
      digest("7eb70257593da06f682a3ddda54a9d260d4fc514f645237f5ca74b08f8da61a6"), // "\r\n"
      digest("36a9e7f1c95b82ffb99743e0c5c4ce95d83c9a430aac59f84ef3cbfab6145068"), // " "
  };
  return std::find(kOfNothing.begin(), kOfNothing.end(), key) != kOfNothing.end();
}

// One or several; an empty list would look like a lock and be none.
std::vector<Value> one_or_more(const Value& value) {
  if (value.present() && value.is_scalar()) return {value};
  return value.items(value.name() + " is empty; leave it out");
}

void read_certificate_match(const Value& value, Client& client) {
  CertificateMatch match;
  Map fields(value);
  const Value sans = fields.get("san");
  for (const Value& item : one_or_more(sans)) {
    std::string san;
    if (!item.text(san)) continue;
    if (san.find('@') == std::string::npos && san.find(':') == std::string::npos)
      for (char& c : san)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (const auto address = IpAddress::parse(san)) san = address->text(); // in the one way that the certificate's is written in
    match.sans.push_back(std::move(san));
  }
  fields.get("subject").text(match.subject);
  read_digest(fields.get("sha256"), match.sha256);
  if (!value.present()) return;
  if (match.sans.empty() && match.subject.empty() && !match.sha256)
    return value.error("`certificate` needs `san`, `subject` or `sha256`: any certificate of the CA would be this client");
  client.certificate = std::move(match);
}

void read_keys(const Value& value, Client& client) {
  for (const Value& item : one_or_more(value)) {
    std::string text;
    if (!item.text(text)) continue;
    if (!good_key(text))
      item.error("`api_key_sha256` must be the SHA-256 of a random key in hex: 64 digits (`ledgergate client add` makes both)");
    else if (is_digest_of_nothing(digest(text)))
      item.error("`api_key_sha256` is the SHA-256 of an empty key: whatever made it was given none (an unset variable?); make a "
                 "random one (`ledgergate client add`)");
    else
      client.api_keys.push_back(digest(text));
  }
}

void read_networks(const Value& list, std::vector<Cidr>& out) {
  for (const Value& item : list.items("`from` is empty: nobody could come from there; leave it out for anywhere")) {
    std::string text;
    if (!item.text(text)) continue;
    if (const auto network = Cidr::parse(text))
      out.push_back(*network);
    else
      item.error(quote(text) + " is not a network such as `192.0.2.0/24` or an address (no bits may be set behind the prefix)");
  }
}

// "2026-12-31": midnight in UTC at its beginning.
void read_date(const Value& value, std::optional<std::int64_t>& out) {
  std::string text;
  if (!value.text(text)) return;
  std::tm day{};
  const char* end = strptime(text.c_str(), "%Y-%m-%d", &day);
  const std::tm asked = day;
  const std::time_t seconds = end != nullptr && *end == '\0' ? timegm(&day) : -1;
  if (seconds < 0 || day.tm_mday != asked.tm_mday)
    return value.error(value.name() + " must be a day such as `2026-12-31` (from its beginning, UTC), not " + quote(text));
  out = seconds;
}

void read_client_credentials(const Value& map, const Draft& draft, Client& client) {
  for (const auto& [key, place, value] : map.named()) {
    const auto& servers = draft.settings.servers;
    const auto found =
        std::find_if(servers.begin(), servers.end(), [&name = key](const Server& each) { return each.name == name; });
    std::string file;
    read_credentials(value, file);
    if (found == servers.end() && value.present())
      value.context().problems.error(place, "there is no server " + quote(key));
    else if (found != servers.end())
      client.credentials.emplace_back(static_cast<std::size_t>(found - servers.begin()), file);
  }
}

void read_client(const Value& item, const Draft& draft, Client& client) {
  Map fields(item);
  const Value certificate = fields.get("certificate"), keys = fields.get("api_key_sha256");
  const Value user = fields.get("user"), from = fields.get("from");
  read_certificate_match(certificate, client);
  read_keys(keys, client);
  user.label(client.user);
  read_networks(from, client.from);
  const Value prove = fields.get("prove");
  prove.choice<bool>(client.all, {{"any", false}, {"all", true}});
  TurnClass turn_class{};
  if (fields.get("class").choice(turn_class, kTurnClasses)) client.turn_class = turn_class;
  const Value operations = fields.get("operations");
  read_patterns(operations, "`operations` is empty: nothing would be allowed; leave it out for what the route allows",
                client.operations);
  look_at_client_operations(operations, draft);
  read_rate_limits(fields.get("limits"), LimitsOf::client, client.limits);
  read_date(fields.get("valid_from"), client.valid_from);
  const Value until = fields.get("valid_until");
  read_date(until, client.valid_until);
  if (client.valid_from && client.valid_until && *client.valid_until <= *client.valid_from)
    until.error("`valid_until` must be behind `valid_from`");
  fields.get("disabled").boolean(client.disabled);
  const Value credentials = fields.get("credentials");
  if (!draft.clients_alone) read_client_credentials(credentials, draft, client);
  const bool given = certificate.present() || keys.present() || user.present() || from.present();
  if (fields.present() && client.ways() == kNoProof && !given)
    item.error("a client needs a proof: `certificate`, `api_key_sha256`, `user`, or `from` alone");
}

// What is asked for by both, in the same words, and told apart by nothing else: who shows it would be both clients.
bool share_a_certificate(const Client& a, const Client& b) {
  if (!a.certificate || !b.certificate) return false;
  const CertificateMatch &one = *a.certificate, &other = *b.certificate;
  if (one.sha256 && other.sha256) return one.sha256 == other.sha256;
  if (!one.subject.empty() && !other.subject.empty() && one.subject != other.subject) return false;
  const bool share_a_san = std::any_of(one.sans.begin(), one.sans.end(), [&](const std::string& san) {
    return std::find(other.sans.begin(), other.sans.end(), san) != other.sans.end();
  });
  if (!one.sans.empty() && !other.sans.empty() && !share_a_san) return false;
  return share_a_san || (!one.subject.empty() && one.subject == other.subject);
}

} // namespace

void read_rate_limits(const Value& map, LimitsOf whose, RateLimits& out) {
  bool on = true;
  if (whose == LimitsOf::address && map.present() && map.is_scalar()) {
    if (map.boolean(on) && on) return map.error("`address_limits` are on by themselves: write `off`, or their keys");
    if (!on) out = {};
    return;
  }
  Map fields(map);
  const Value requests = fields.get("requests");
  read_rate(requests, false, out.requests);
  read_burst(fields.get("burst"), requests, out.requests);
  read_rate(fields.get("bytes_in"), true, out.bytes_in);
  read_rate(fields.get("bytes_out"), true, out.bytes_out);
  fields.get("concurrent").count(out.concurrent, 1, 1'000'000);
  if (whose == LimitsOf::address) read_rate(fields.get("handshakes"), false, out.handshakes);
  if (whose == LimitsOf::route) return; // a connection belongs to none
  const Value connections = fields.get("connections");
  if (whose == LimitsOf::address && connections.words() == "none")
    out.connections = 0;
  else
    connections.count(out.connections, 1, 1'000'000);
}

void read_clients(const Value& map, Draft& draft) {
  for (const auto& [name, place, value] : map.named()) {
    Client client;
    client.name = name;
    if (name.empty() && value.present()) value.context().problems.error(place, "a client needs a name");
    if (const std::string mistake = label_mistake(name); !mistake.empty())
      value.context().problems.error(place, "the name of a client" + mistake);
    read_client(value, draft, client);
    const auto& known = draft.settings.clients;
    const auto twin =
        std::find_if(known.begin(), known.end(), [&named = name](const Client& other) { return other.name == named; });
    if (twin != known.end())
      value.context().problems.error(place, "there is a client " + quote(name) + " in " +
                                                draft.client_places[static_cast<std::size_t>(twin - known.begin())].file +
                                                " already");
    const auto shares = [&](const Client& other) {
      return std::any_of(client.api_keys.begin(), client.api_keys.end(), [&](const auto& key) {
        return std::find(other.api_keys.begin(), other.api_keys.end(), key) != other.api_keys.end();
      });
    };
    if (std::any_of(known.begin(), known.end(), shares))
      value.context().problems.error(place, "another client has this API key already");
    if (!client.user.empty() &&
        std::any_of(known.begin(), known.end(), [&](const Client& other) { return other.user == client.user; }))
      value.context().problems.error(place, "another client has the user " + quote(client.user) + " already");
    const auto same =
        std::find_if(known.begin(), known.end(), [&](const Client& other) { return share_a_certificate(client, other); });
    if (same != known.end())
      value.context().problems.error(place,
                                     "a certificate of this client could be one of the client " + quote(same->name) + ", too");
    if (client.ways() == kAddress && hold_half_of_all(client.from))
      value.context().problems.error(place, "`from` alone with every address in it proves nothing: everybody would be this client; "
                                            "say `access: anonymous` on the route instead");
    draft.settings.clients.push_back(std::move(client));
    draft.client_places.push_back({value.context().problems.file(), place});
  }
}

void read_route_clients(const Value& list, const Draft& draft, Route& route) {
  if (list.words() == "any") {
    route.any_client = true;
    if (draft.settings.clients.empty()) list.error("`clients: any` lets nobody in: there are no `clients`");
    return;
  }
  const auto& clients = draft.settings.clients;
  for (const Value& item : list.items("`clients` is empty: nobody could come in")) {
    std::string name;
    if (!item.text(name)) continue;
    const auto found = std::find_if(clients.begin(), clients.end(), [&](const Client& each) { return each.name == name; });
    const auto index = static_cast<std::size_t>(found - clients.begin());
    if (found == clients.end()) {
      std::vector<std::string> known;
      for (const Client& each : clients) known.push_back(each.name);
      item.error("there is no client " + quote(name) + did_you_mean(name, known));
    } else if (std::find(route.clients.begin(), route.clients.end(), index) != route.clients.end()) {
      item.error("the client " + quote(name) + " is named twice");
    } else {
      route.clients.push_back(index);
    }
  }
  std::sort(route.clients.begin(), route.clients.end());
}

void read_require(const Value& list, Proofs& out) {
  for (const Value& item : one_or_more(list)) {
    Proofs proof = kNoProof;
    if (item.choice<Proofs>(proof, {{"certificate", kCertificate}, {"api_key", kApiKey}, {"password", kPassword}}))
      out = static_cast<Proofs>(out | proof);
  }
}

void read_users(const Value& list, std::vector<std::string>& out) {
  for (const Value& item : one_or_more(list)) {
    std::string file;
    if (item.existing_file(file)) out.push_back(std::move(file));
  }
}

void read_lockout(const Value& value, Lockout& out) {
  bool enabled = true;
  if (value.present() && value.is_scalar()) {
    if (value.boolean(enabled) && enabled) return value.error("`lockout` is on by itself: write `off`, or its keys");
    out.enabled = enabled;
    return;
  }
  Map fields(value);
  fields.get("failures").count(out.failures, 1, 1'000'000);
  fields.get("address_failures").count(out.address_failures, 1, 100'000'000);
  fields.get("within").duration(out.within, 1s, 7 * 24h);
  fields.get("ban").duration(out.ban, 1s, 7 * 24h);
  const Value longest = fields.get("longest");
  longest.duration(out.longest, 1s, 365 * 24h);
  if (out.longest < out.ban) longest.error("`longest` must not be shorter than `ban`");
}

void read_client_table(const Value& map, ClientTable& out) {
  Map fields(map);
  fields.get("entries").count(out.entries, 16, 16'777'216);
}

} // namespace ledgergate::settings
