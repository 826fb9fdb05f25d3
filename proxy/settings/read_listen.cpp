#include "settings/read_file.h"
#include "settings/sections.h"
#include "settings/url.h"

#include <algorithm>
#include <array>

namespace ledgergate::settings {
namespace {

struct CertificateValues {
  Value chain, key;
};

void read_certificates(const Value& list, Listener& listener, std::vector<CertificateValues>& to_check) {
  for (const Value& item : list.items("`certificates` is empty; each has a `chain` and a `key`")) {
    Map fields(item);
    Value chain = fields.need("chain");
    Value key = fields.need("key");
    std::string chain_path, key_path;
    const bool has_chain = chain.path_name(chain_path);
    if (!key.path_name(key_path) || !has_chain) continue;
    listener.certificates.push_back({chain_path, key_path});
    to_check.push_back({std::move(chain), std::move(key)});
  }
}

// Exactly one of the three kinds, and only the keys that belong to it.
void read_kind(Map& fields, const Value& item, Listener& listener, std::vector<CertificateValues>& to_check) {
  const Value certificates = fields.get("certificates");
  const Value redirect = fields.get("redirect");
  const Value tls = fields.get("tls");
  read_certificates(certificates, listener, to_check);
  ListenerKind kind = ListenerKind::redirect;
  redirect.choice<ListenerKind>(kind, {{"https", ListenerKind::redirect}});
  bool tls_on = false;
  if (tls.boolean(tls_on) && tls_on) tls.error("`tls` can only be `off`: TLS is spoken where there are `certificates`");

  const int kinds = int{certificates.present()} + int{redirect.present()} + int{tls.present()};
  if (fields.present() && kinds == 0)
    item.error("a listener needs `certificates` (HTTPS), `redirect: https` or `tls: off` (plain HTTP)");
  if (kinds > 1) item.error("`certificates`, `redirect` and `tls: off` exclude each other: a listener has one of them");
  if (kinds == 1)
    listener.kind = certificates.present() ? ListenerKind::https
                    : redirect.present()   ? ListenerKind::redirect
                                           : ListenerKind::plain;

  const Value port = fields.get("redirect_port");
  std::uint32_t number = listener.redirect_port;
  if (port.count(number, 1, 65535)) listener.redirect_port = static_cast<std::uint16_t>(number);
  if (port.present() && kinds == 1 && listener.kind != ListenerKind::redirect)
    port.error("`redirect_port` belongs to a listener with `redirect: https`");
  const Value webroot = fields.get("acme_webroot");
  webroot.existing_directory(listener.acme_webroot);
  if (webroot.present() && kinds == 1 && listener.kind == ListenerKind::https)
    webroot.error(
        "`acme_webroot` belongs to a listener without TLS: the challenge is asked for over plain HTTP (RFC 8555 section 8.3)");
}

// A file that says whom to believe.
bool read_believed(const Value& value, std::string& out) {
  if (!value.existing_file(out)) return false;
  if (!others_may_write(out)) return true;
  value.error(value.name() + ": " + quote(out) + ": " + std::string(kOthersMayWrite) + out);
  return false;
}

struct CallerValues {
  Value ca, crl, certificate, depth;
};

CallerValues caller_values(Map& fields) {
  return {fields.get("client_ca"), fields.get("client_crl"), fields.get("client_certificate"), fields.get("client_depth")};
}

// Who shows which certificate is told by `clients`; here is what makes one good. `out` holds what counts where nothing is said.
void read_callers(const CallerValues& values, CallerCertificates& out) {
  if (values.ca.present()) {
    out.ca.clear();
    out.crl.clear(); // a list is of the CAs it stands beside
  }
  const auto read_one = [&](const Value& item) {
    std::string file;
    read_believed(item, file);
    out.ca.push_back(std::move(file)); // even so: later checks ask whether there is one
  };
  if (values.ca.present() && values.ca.is_scalar())
    read_one(values.ca);
  else
    for (const Value& item : values.ca.items("`client_ca` is empty; leave it out to ask for no certificates")) read_one(item);
  read_believed(values.crl, out.crl);
  values.depth.count(out.depth, 0, 10);
}

enum class Asked : std::uint8_t { off, optional, required };

std::string server_name_mistake(std::string_view name) {
  if (IpAddress::parse(name)) return "an address is no server name: callers name none for it (RFC 6066 section 3)";
  if (name.find(':') != std::string_view::npos) return "only a host name belongs here";
  if (name.starts_with("*.")) name.remove_prefix(2);
  if (name.find('*') != std::string_view::npos) return "`*` can only stand for the first part, as in `*.example.cz`";
  return host_mistake(name);
}

void read_name(const Value& value, const std::string& key, Place place, Listener& listener) {
  const std::string name = lower(key);
  if (const std::string mistake = server_name_mistake(name); !mistake.empty())
    value.context().problems.error(place, quote(key) + ": " + mistake);
  if (std::any_of(listener.names.begin(), listener.names.end(), [&](const auto& other) { return other.first == name; }))
    value.context().problems.error(place, "duplicate name: " + quote(name) + " has its rules already");
  Map fields(value);
  const CallerValues values = caller_values(fields);
  CallerCertificates callers = listener.callers;
  read_callers(values, callers);
  Asked asked = callers.required ? Asked::required : Asked::optional;
  values.certificate.choice<Asked>(asked, {{"off", Asked::off}, {"optional", Asked::optional}, {"required", Asked::required}});
  callers.required = asked == Asked::required;
  const bool nobody = callers.ca.empty() && !values.ca.present();
  for (const Value& each : {values.ca, values.crl, values.depth}) {
    if (!each.present()) continue;
    if (asked == Asked::off)
      each.error(each.name() + " means nothing beside `client_certificate: off`");
    else if (nobody)
      each.error(each.name() + " means nothing without `client_ca`, here or on the listener");
  }
  if (nobody && values.certificate.present() && asked != Asked::off)
    values.certificate.error("`client_certificate` means nothing without `client_ca`, here or on the listener");
  if (asked == Asked::off) callers = {};
  listener.names.emplace_back(name, std::move(callers));
}

void read_client_certificates(Map& fields, Listener& listener) {
  const CallerValues values = caller_values(fields);
  read_callers(values, listener.callers);
  values.certificate.choice<bool>(listener.callers.required, {{"optional", false}, {"required", true}});
  const Value names = fields.get("names");
  for (const auto& [name, place, value] : names.named("`names` is empty; leave it out where all names have the same rules"))
    read_name(value, name, place, listener);
  const Value require = fields.get("require");
  read_require(require, listener.require);
  if (values.ca.present() && listener.kind != ListenerKind::https)
    values.ca.error("`client_ca` belongs to a listener with `certificates`: only TLS can ask a caller for one");
  if (names.present() && listener.kind != ListenerKind::https)
    names.error("`names` belongs to a listener with `certificates`: only TLS has server names");
  for (const Value& each : {values.crl, values.certificate, values.depth})
    if (each.present() && !values.ca.present()) each.error(each.name() + " means nothing without `client_ca`");
  const bool asks = values.ca.present() || std::any_of(listener.names.begin(), listener.names.end(),
                                                       [](const auto& each) { return !each.second.ca.empty(); });
  if ((listener.require & kCertificate) != 0 && !asks)
    require.error("`require: certificate` without `client_ca` would let nobody in");
}

} // namespace

bool is_local_network(const IpAddress& address) {
  if (address.loopback()) return true;
  static const auto networks = [] {
    std::array<Cidr, 6> out{};
    // RFC 1918, RFC 3927, RFC 4193, RFC 4291 section 2.5.6.
    constexpr std::array<std::string_view, 6> words{"10.0.0.0/8",     "172.16.0.0/12", "192.168.0.0/16",
                                                    "169.254.0.0/16", "fc00::/7",      "fe80::/10"};
    std::transform(words.begin(), words.end(), out.begin(),
                   [](std::string_view word) { return Cidr::parse(word).value_or(Cidr{}); });
    return out;
  }();
  return std::any_of(networks.begin(), networks.end(), [&](const Cidr& network) { return network.contains(address); });
}

void read_listeners(const Value& list, Draft& draft) {
  std::vector<CertificateValues> to_check;
  for (const Value& item : list.items("`listen` is empty: nothing would be served")) {
    Map fields(item);
    Listener listener;
    const Value address = fields.need("address");
    std::string text;
    bool exposed = false;
    if (address.text(text)) {
      listener.name = text; // so that routes can be held against it even when it is wrong
      if (const auto endpoint = Endpoint::parse(text)) {
        listener.address = *endpoint;
        listener.name = endpoint->text();
        exposed = !is_local_network(endpoint->ip);
      } else {
        address.error(
            quote(text) +
            " is not an address to listen on: write `[::]:443`, `0.0.0.0:443`, `127.0.0.1:8443`, `:443` or `localhost:8443`");
      }
    }
    fields.get("name").label(listener.name);
    read_kind(fields, item, listener, to_check);
    fields.get("odd_hosts").boolean(listener.odd_hosts);
    fields.get("max_connections").count(listener.max_connections, 1, 10'000'000);
    read_client_certificates(fields, listener);
    fields.get("proxy_protocol").boolean(listener.proxy_protocol);
    if (listener.kind == ListenerKind::plain && exposed)
      address.warning(
          "this listener serves without TLS on an address that is not private: passwords and invoices can be read on the way");
    draft.settings.listeners.push_back(std::move(listener));
    draft.listener_places.push_back(item.place());
  }

  // The first certificate comes through the challenges on port 80, so this must start without it: its listener stays off until
  // then.
  const auto& listeners = draft.settings.listeners;
  const bool acme =
      std::any_of(listeners.begin(), listeners.end(), [](const Listener& listener) { return !listener.acme_webroot.empty(); });
  for (const CertificateValues& certificate : to_check) {
    std::string path;
    // A pair comes as a whole: where one file of it is there, the other one's name is wrong.
    const bool waits = acme && !certificate.chain.names_something() && !certificate.key.names_something();
    const std::string_view only_warn = waits ? "; its listener stays off until it does" : "";
    certificate.chain.existing_file(path, only_warn);
    certificate.key.existing_file(path, only_warn);
  }
}

} // namespace ledgergate::settings
