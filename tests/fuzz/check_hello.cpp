#include "../certificates.h"
#include "checks.h"
#include "listen/proxy_protocol.h"
#include "listen/tls_front.h"
#include "require.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <optional>
#include <string>

namespace ledgergate::fuzz {
namespace {

using listen::TlsFront;

constexpr std::size_t kMostSaid = 64 * 1024; // bytes, by the edge to somebody of whom it knows nothing
constexpr unsigned char kHandshake = 22, kClientHello = 1, kServerName = 0;

// One listener: names with rules of their own for callers' certificates, and certificates by name.
struct Listener {
  ledgergate::tests::Directory directory;
  listen::TicketKeys keys;
  settings::Listener settings;
  std::shared_ptr<const TlsFront> front;

  Listener() {
    using ledgergate::tests::make_identity;
    const auto ca = make_identity({.common_name = "Branches", .alt_names = "", .ca = true});
    const auto ca_file = directory.write("ca.pem", pem(ca));
    settings.name = "internet";
    for (const char* names : {"DNS:open.test", "DNS:strict.test,DNS:*.open.test"}) {
      const auto made = make_identity({.alt_names = names});
      const std::string number = std::to_string(settings.certificates.size());
      settings.certificates.push_back(
          {directory.write(number + ".pem", pem(made)), directory.write(number + ".key", key_pem(made))});
    }
    settings::CallerCertificates asked;
    asked.ca = {ca_file};
    settings.callers = asked;
    asked.required = true;
    settings.names.emplace_back("strict.test", asked);
    settings.names.emplace_back("*.strict.test", asked);
    settings.names.emplace_back("open.test", settings::CallerCertificates{});
    settings.names.emplace_back("*.open.test", settings::CallerCertificates{});
    listen::CertificateProblems problems;
    front = TlsFront::make(settings, keys, problems);
    require(front != nullptr, "the listener can be made");
  }
};

const Listener& listener() {
  static const Listener made;
  return made;
}

// What is asked of a caller who asks for that name, found in the settings in the plainest way.
int verify_mode_of(const settings::Listener& about, std::string_view name) {
  const auto mode = [](const settings::CallerCertificates& rules) {
    if (rules.ca.empty()) return SSL_VERIFY_NONE;
    return rules.required ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_PEER;
  };
  for (const auto& [each, rules] : about.names)
    if (each == name) return mode(rules);
  const auto dot = name.find('.');
  if (dot != 0 && dot != std::string_view::npos)
    for (const auto& [each, rules] : about.names)
      if (each.starts_with("*.") && each.substr(1) == name.substr(dot)) return mode(rules);
  return mode(about.callers);
}

// --- what a hello says, read without OpenSSL (RFC 8446 sections 4.1.2 and 5.1, RFC 6066 section 3)
// ---------------------------------

struct Reader {
  std::string_view rest;
  bool good = true;

  std::string_view take(std::size_t size) {
    good = good && size <= rest.size();
    const std::string_view taken = good ? rest.substr(0, size) : std::string_view();
    rest.remove_prefix(taken.size());
    return taken;
  }
  std::size_t number(std::size_t size) {
    std::size_t value = 0;
    for (const char c : take(size)) value = value << 8U | static_cast<unsigned char>(c);
    return value;
  }
  std::string_view vector(std::size_t size_of_length) { return take(number(size_of_length)); }
};

// The messages of the handshake, out of their records.
std::string messages(std::string_view bytes) {
  std::string all;
  for (Reader records{bytes}; records.good && !records.rest.empty();) {
    const auto kind = records.number(1);
    records.number(2);
    const std::string_view content = records.vector(2);
    if (records.good && kind == kHandshake) all += content;
  }
  return all;
}

// Empty: it names none. Nullopt: that can't be a hello that is answered.
std::optional<std::string> name_in(std::string_view bytes) {
  // SSLv2's hello, which could name nobody: a client up to TLS 1.2 may begin so (RFC 5246 appendix E.2).
  if (bytes.size() > 2 && (static_cast<unsigned char>(bytes[0]) & 0x80U) != 0 && bytes[2] == kClientHello) return "";
  const std::string all = messages(bytes);
  Reader message{all};
  if (message.number(1) != kClientHello) return std::nullopt;
  Reader hello{message.vector(3)};
  hello.take(2 + 32);
  hello.vector(1);
  hello.vector(2);
  hello.vector(1);
  if (!message.good || !hello.good) return std::nullopt;
  if (hello.rest.empty()) return "";
  Reader extensions{hello.vector(2)};
  std::optional<std::string> name;
  while (hello.good && extensions.good && !extensions.rest.empty()) {
    const auto kind = extensions.number(2);
    Reader content{extensions.vector(2)};
    if (kind != kServerName || !extensions.good) continue;
    if (name) return std::nullopt; // twice
    Reader list{content.vector(2)};
    const auto type = list.number(1);
    name = std::string(list.vector(2));
    if (type != 0 || !list.good || !list.rest.empty() || !content.good || !content.rest.empty()) return std::nullopt;
  }
  if (!hello.good || !extensions.good) return std::nullopt;
  std::string found = name.value_or("");
  std::transform(found.begin(), found.end(), found.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (found.size() > 1 && found.back() == '.') found.pop_back(); // a name is the same with it and without
  return found;
}

// --- what the front makes of it
// ---------------------------------------------------------------------------------------------------

struct Verdict {
  bool seen = false;
  std::string name;
  bool answered = false; // by a ServerHello, or the wish for another hello
  int verify_mode = 0;
  int reason = 0; // OpenSSL's, of a failure
  bool operator==(const Verdict&) const = default;
};

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

Verdict shake_hands(const TlsFront& front, const std::vector<std::string_view>& pieces) {
  listen::Hello hello;
  const std::unique_ptr<SSL, SslFree> ssl(front.open(hello));
  BIO* arriving = BIO_new(BIO_s_mem());
  BIO* leaving = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(arriving, -1);
  SSL_set_bio(ssl.get(), arriving, leaving);
  Verdict verdict;
  ERR_clear_error();
  for (const std::string_view piece : pieces) {
    BIO_write(arriving, piece.data(), static_cast<int>(piece.size()));
    const int result = SSL_do_handshake(ssl.get());
    require(result != 1, "nobody is through without the keys");
    if (SSL_get_error(ssl.get(), result) == SSL_ERROR_WANT_READ) continue;
    verdict.reason = ERR_GET_REASON(ERR_peek_error());
    break;
  }
  ERR_clear_error();
  char* said = nullptr;
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(leaving, &said));
  require(size <= kMostSaid, "not much is said to a stranger");
  verdict.seen = hello.seen;
  verdict.name = hello.name;
  verdict.answered = size != 0 && static_cast<unsigned char>(said[0]) == kHandshake;
  verdict.verify_mode = SSL_get_verify_mode(ssl.get());
  require(!verdict.answered || hello.seen, "who is answered was heard");
  require(!verdict.answered || SSL_version(ssl.get()) >= TLS1_2_VERSION, "TLS 1.2 or 1.3 is spoken");
  require(SSL_get_early_data_status(ssl.get()) != SSL_EARLY_DATA_ACCEPTED, "no data is taken early");
  require(SSL_get_current_compression(ssl.get()) == nullptr, "nothing is compressed");
  require(!hello.seen || SSL_get_SSL_CTX(ssl.get()) == front.find(hello.name), "the certificate is that of the name");
  return verdict;
}

} // namespace

void check_hello(std::string_view bytes) {
  // What a trusted proxy says comes first; the rest is the caller's.
  listen::ProxyHeader header;
  if (listen::read_proxy_header(bytes, header) == listen::ProxyRead::done) bytes.remove_prefix(header.size);
  const Listener& to = listener();
  std::optional<Verdict> first;
  for (const auto& pieces : cuts(bytes)) {
    const Verdict verdict = shake_hands(*to.front, pieces);
    if (!first) first = verdict;
    require(verdict == *first, "the same verdict however a hello is cut");
  }
  if (!first->answered) return;
  const auto name = name_in(bytes);
  require(name.has_value(), "who is answered has said a hello");
  require(first->name == *name, "the name is the one that was asked for");
  require(first->verify_mode == verify_mode_of(to.settings, *name), "what is asked of a caller are the rules of its name");
}

} // namespace ledgergate::fuzz
