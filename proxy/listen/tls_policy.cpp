#include "listen/tls_policy.h"

#include "base/openssl_pointers.h"

#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <string_view>

namespace ledgergate::listen {
namespace {

// Mozilla "intermediate" (guideline 5.7): TLS 1.2 with forward secrecy and AEAD only, ECDSA first. DHE with an RFC 7919 group is
// there for Schannel up to Server 2012 R2, which has no ECDHE-RSA with GCM.
constexpr const char* kCiphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
                                 "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
                                 "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305";
constexpr const char* kSuites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kGroups = "X25519:P-256:P-384:ffdhe2048";

// RFC 7919's 2048-bit group: what Mozilla's guideline and old Schannel agree on.
PkeyPtr ffdhe2048() {
  char name[] = "ffdhe2048";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
                                   OSSL_PARAM_construct_end()};
  EVP_PKEY_CTX* maker = EVP_PKEY_CTX_new_from_name(nullptr, "DH", nullptr);
  EVP_PKEY* made = nullptr;
  if (maker != nullptr && EVP_PKEY_keygen_init(maker) == 1 && EVP_PKEY_CTX_set_params(maker, parameters) == 1)
    EVP_PKEY_generate(maker, &made);
  EVP_PKEY_CTX_free(maker);
  return PkeyPtr(made);
}

std::atomic<int> least_version{TLS1_2_VERSION};

// Of the names in `list`, which colons separate, those that the context has by the system's openssl.cnf.
std::string allowed_by_system(SSL_CTX* context, std::string_view list) {
  const STACK_OF(SSL_CIPHER)* const system = SSL_CTX_get_ciphers(context);
  std::string out;
  for (std::string_view rest = list; !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    for (int i = 0; i < sk_SSL_CIPHER_num(system); ++i) {
      if (name != SSL_CIPHER_get_name(sk_SSL_CIPHER_value(system, i))) continue;
      if (!out.empty()) out += ':';
      out += name;
    }
  }
  return out;
}

// The groups that the system's openssl.cnf names for all contexts; "": none. OpenSSL has read that file, once, before any context
// was made; a context does not tell its groups.
const std::string& system_groups() {
  static const std::string groups = [] {
    char* const path = CONF_get1_default_config_file();
    CONF* const file = NCONF_new(nullptr);
    std::string found;
    long line = 0;
    if (path != nullptr && file != nullptr && NCONF_load(file, path, &line) == 1) {
      const auto entry = [file](const char* section, const char* key) {
        return section != nullptr ? NCONF_get_string(file, section, key) : nullptr;
      };
      const char* const modules = entry(entry("default", "openssl_conf"), "ssl_conf");
      const char* const rules = entry(modules, "system_default");
      for (const char* const key : {"Groups", "Curves"})
        if (const char* const named = entry(rules, key); named != nullptr && found.empty()) found = named;
    }
    NCONF_free(file);
    OPENSSL_free(path);
    ERR_clear_error();
    return found;
  }();
  return groups;
}

// What is negotiated: the edge's own choice, as far as the system's openssl.cnf allows it. Where it allows none of the edge's
// ciphers of TLS 1.2 that version is not spoken; the system's own groups stand, where it names any.
bool choose_ciphers(SSL_CTX* ctx) {
  // Both before either is set: they stand in one list.
  const std::string suites = allowed_by_system(ctx, kSuites);
  const std::string ciphers = allowed_by_system(ctx, kCiphers);
  if (ciphers.empty() && SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1) return false;
  if (!ciphers.empty() && SSL_CTX_set_cipher_list(ctx, ciphers.c_str()) != 1) return false;
  if (SSL_CTX_set_ciphersuites(ctx, suites.c_str()) != 1) return false;
  return !system_groups().empty() || SSL_CTX_set1_groups_list(ctx, kGroups) == 1;
}

} // namespace

bool apply_tls_policy(SSL_CTX* ctx) {
  // The system's openssl.cnf may ask for more.
  if (SSL_CTX_get_min_proto_version(ctx) < TLS1_2_VERSION) SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  // Without memory for one of these the defaults would stay, which are weaker.
  if (!choose_ciphers(ctx)) return false;
  least_version.store(static_cast<int>(SSL_CTX_get_min_proto_version(ctx)), std::memory_order_relaxed);
  const bool without_dhe = !system_groups().empty() && system_groups().find("ffdhe2048") == std::string::npos;
  PkeyPtr group = without_dhe ? PkeyPtr() : ffdhe2048();
  if (group && SSL_CTX_set0_tmp_dh_pkey(ctx, group.get()) == 1) static_cast<void>(group.release()); // the context's now
  ERR_clear_error(); // a security level beyond that group's goes without it, and must not be taken for what is wrong later
  return true;
}

int least_tls_version() noexcept { return least_version.load(std::memory_order_relaxed); }

} // namespace ledgergate::listen
