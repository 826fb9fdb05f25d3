#include "listen/published_names.h"

#include "base/address.h"

#include <algorithm>
#include <string_view>

namespace ledgergate::listen {
namespace {

constexpr std::size_t kMostNamed = 4;

// A certificate's name for a route's host (RFC 6125 section 6.4.3: the wildcard of a certificate stands for one label, a route's
// for one or more, so that one below it is all that is asked).
bool fits(std::string_view name, std::string_view host) {
  if (name == host) return true;
  if (host.starts_with("*.")) return name.size() > host.size() - 1 && name.ends_with(host.substr(1));
  const auto dot = host.find('.');
  return name.starts_with("*.") && dot != std::string_view::npos && dot > 0 && name.substr(1) == host.substr(dot);
}

bool is_for(const ShownCertificate& certificate, const std::string& host) {
  if (const auto address = IpAddress::parse(host))
    return std::find(certificate.addresses.begin(), certificate.addresses.end(), address->text()) != certificate.addresses.end();
  return std::any_of(certificate.names.begin(), certificate.names.end(), [&](const std::string& name) { return fits(name, host); });
}

std::string names_of(const ShownCertificate& certificate) {
  std::vector<std::string> all = certificate.names;
  all.insert(all.end(), certificate.addresses.begin(), certificate.addresses.end());
  if (all.empty()) return "no host at all (subjectAltName)";
  std::string out;
  for (std::size_t i = 0; i < all.size() && i < kMostNamed; ++i) out += (i > 0 ? ", " : "") + all[i];
  return all.size() > kMostNamed ? out + ", …" : out;
}

} // namespace

std::vector<std::string> name_doubts(const settings::Settings& settings, std::size_t listener,
                                     const std::vector<ShownCertificate>& shown) {
  std::vector<std::string> hosts, out;
  bool any = false;
  for (const settings::Route& route : settings.routes) {
    const auto& on = route.listeners;
    if (!on.empty() && std::find(on.begin(), on.end(), listener) == on.end()) continue;
    any = any || route.host.empty();
    if (!route.host.empty() && std::find(hosts.begin(), hosts.end(), route.host) == hosts.end()) hosts.push_back(route.host);
  }
  if (shown.empty()) return out;
  for (const std::string& host : hosts)
    if (std::none_of(shown.begin(), shown.end(), [&](const ShownCertificate& each) { return is_for(each, host); }))
      out.push_back("no certificate is for " + host + ", the host of a route: its callers get that for " + names_of(shown.front()) +
                    ", and refuse it");
  for (const ShownCertificate& each : shown)
    if (!any && !hosts.empty() &&
        std::none_of(hosts.begin(), hosts.end(), [&](const std::string& host) { return is_for(each, host); }))
      out.push_back(each.file + ": this certificate is for " + names_of(each) + ": no route here has such a host");
  return out;
}

} // namespace ledgergate::listen
