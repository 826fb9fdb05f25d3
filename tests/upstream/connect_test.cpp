#include "upstream/connect.h"

#include "../certificates.h"
#include "../loop_world.h"
#include "name_service.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <csignal>
#include <optional>
#include <string>
#include <thread>

namespace ledgergate::upstream::tests {
namespace {

using ledgergate::tests::Listening;
using ledgergate::tests::LoopWorld;
using ledgergate::tests::Socket;

io::Detached call(io::Wake& wake, Resolver& resolver, Pool& pool, std::optional<Result<io::Stream::Ptr>>& out) {
  auto connected = co_await connect(wake, resolver, pool);
  out.emplace(std::move(connected));
}

settings::Server server_at(const std::string& host, std::uint16_t port) {
  settings::Server made;
  made.name = "upstream";
  made.host = host;
  made.port = port;
  return made;
}

struct ConnectTest : ::testing::Test, LoopWorld {
  ~ConnectTest() override { NameService::forget(); }

  // "connected", or the cause of its failure.
  std::string outcome(const settings::Server& server, std::shared_ptr<const ClientTls> tls = nullptr, Relief* relief = nullptr) {
    Pool pool(loop, server, std::move(tls), relief);
    std::optional<Result<io::Stream::Ptr>> result;
    call(wake, resolver, pool, result);
    EXPECT_TRUE(until([&] { return result.has_value(); }));
    if (!*result) return std::string(describe(result->error().cause).name);
    stream = std::move(**result);
    return "connected";
  }

  Resolver resolver{loop};
  io::Wake wake{loop};
  io::Stream::Ptr stream;
};

TEST_F(ConnectTest, ReachesAServerByItsAddress) {
  const Listening listening;
  ASSERT_EQ(outcome(server_at("127.0.0.1", listening.port())), "connected");
  const Socket far = listening.accept();
  far.send("hello");
  // It comes back attached: the story hears of what arrives.
  ASSERT_TRUE(until([&] { return wake.pending(io::kServerIn); }));
  EXPECT_EQ(stream->input(), "hello");
}

TEST_F(ConnectTest, ReachesAServerByItsName) {
  const Listening listening;
  NameService::says("upstream.lan", {"127.0.0.1"});
  EXPECT_EQ(outcome(server_at("upstream.lan", listening.port())), "connected");
}

TEST_F(ConnectTest, ARefusalIsNamed) {
  Listening listening;
  listening.close();
  EXPECT_EQ(outcome(server_at("127.0.0.1", listening.port())), "connect_refused");
}

TEST_F(ConnectTest, AnUnknownNameIsNamed) { EXPECT_EQ(outcome(server_at("nobody.lan", 80)), "dns_error"); }

TEST_F(ConnectTest, WithoutADescriptorNobodyIsCalled) {
  const Listening listening;
  loop.set_descriptors({0, 0});
  EXPECT_EQ(outcome(server_at("127.0.0.1", listening.port())), "no_capacity");
  settle();
  EXPECT_EQ(listening.accept_now().get(), -1);
}

TEST_F(ConnectTest, WithoutADescriptorWhatIdlesAtTheOtherWorkersIsGivenUp) {
  const Listening listening;
  std::vector<Relief*> all;
  Relief mine(loop, all), theirs(loop, all);
  Pool idle(loop, server_at("127.0.0.1", listening.port()), nullptr, &theirs);
  auto ends = ledgergate::tests::connected_pair();
  idle.put(adopt(std::move(ends.first)));
  ASSERT_EQ(idle.idle(), 1U);
  loop.set_descriptors({0, 0}); // every attempt fails here, but what idled is gone
  EXPECT_EQ(outcome(server_at("127.0.0.1", listening.port()), nullptr, &mine), "no_capacity");
  EXPECT_EQ(idle.idle(), 0U);
}

// Begun without a descriptor for it.
struct WaitingConnectTest : ConnectTest {
  WaitingConnectTest() {
    loop.set_descriptors({0, 0});
    call(wake, resolver, pool, result);
    settle();
  }
  const Listening listening;
  std::vector<Relief*> all;
  Relief mine{loop, all};
  Pool pool{loop, server_at("127.0.0.1", listening.port()), nullptr, &mine};
  std::optional<Result<io::Stream::Ptr>> result;
};

TEST_F(WaitingConnectTest, TakesADescriptorThatOthersAreDoneWith) {
  ASSERT_FALSE(result) << "given up at once";
  loop.set_descriptors({});
  ASSERT_TRUE(until([&] { return result.has_value(); }));
  EXPECT_TRUE(*result);
}

TEST_F(WaitingConnectTest, EndsWithTheDrain) {
  ASSERT_FALSE(result);
  wake.halt();
  EXPECT_TRUE(result);
}

TEST_F(ConnectTest, EveryAddressIsTried) {
  const Listening listening; // on 127.0.0.1 alone: the others refuse
  NameService::says("upstream.lan", {"127.0.0.2", "127.0.0.3", "127.0.0.1"});
  EXPECT_EQ(outcome(server_at("upstream.lan", listening.port())), "connected");
  EXPECT_EQ(stream->peer().ip.text(), "127.0.0.1");
}

TEST_F(ConnectTest, TheLastFailureIsNamedWhenNoAddressAnswers) {
  Listening listening;
  listening.close();
  NameService::says("upstream.lan", {"127.0.0.2", "127.0.0.3"});
  EXPECT_EQ(outcome(server_at("upstream.lan", listening.port())), "connect_refused");
}

// A listener whose queue is full answers nothing: the kernel drops what comes.
struct Deaf {
  Deaf() : listening(0) {
    for (int i = 0; i < 4; ++i) {
      waiting.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      address.sin_port = htons(listening.port());
      ::connect(waiting.back().get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
  }
  Listening listening;
  std::vector<Socket> waiting;
};

TEST_F(ConnectTest, AServerThatDoesNotAnswerIsATimeOut) {
  const Deaf deaf;
  settings::Server server = server_at("127.0.0.1", deaf.listening.port());
  server.timeouts.connect = std::chrono::milliseconds(50);
  EXPECT_EQ(outcome(server), "connect_timeout");
}

TEST_F(ConnectTest, ADeafAddressLeavesTimeForTheNext) {
  const Deaf deaf;
  // The same port at another address of loopback refuses at once; the deaf one comes first.
  NameService::says("upstream.lan", {"127.0.0.1", "127.0.0.2"});
  settings::Server server = server_at("upstream.lan", deaf.listening.port());
  server.timeouts.connect = std::chrono::milliseconds(100);
  EXPECT_EQ(outcome(server), "connect_refused") << "of the second address, which was still tried";
}

// --- TLS ------------------------------------------------------------------------------------------------------------------------

struct ConnectTlsTest : ConnectTest {
  ConnectTlsTest() : identity(ledgergate::tests::make_identity({.alt_names = "DNS:upstream.lan"})) {
    ::signal(SIGPIPE, SIG_IGN); // as the program does; the server below writes to callers that are gone
    context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context, identity.certificate.get());
    SSL_CTX_use_PrivateKey(context, identity.key.get());
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
    // It serves one caller after the other, on a thread of its own, until a plain connection ends it.
    thread = std::thread([this] {
      for (bool more = true; more;) {
        const Socket far = listening.accept();
        SSL* ssl = SSL_new(context);
        SSL_set_fd(ssl, far.get());
        char byte = 0;
        more = ::recv(far.get(), &byte, 1, MSG_PEEK) == 1;
        // The answer brings a ticket along that was not there before (RFC 8446 section 4.6.1: at any time).
        if (more && SSL_accept(ssl) == 1 && SSL_read(ssl, &byte, 1) == 1 && SSL_new_session_ticket(ssl) == 1)
          SSL_write(ssl, "x", 1);
        if (more) SSL_read(ssl, &byte, 1);
        SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_free(ssl);
      }
    });
    NameService::says("upstream.lan", {"127.0.0.1"});
    NameService::says("another.lan", {"127.0.0.1"});
  }
  ~ConnectTlsTest() override {
    stream.reset();
    settle();
    {
      const Socket last(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      address.sin_port = htons(listening.port());
      ::connect(last.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    thread.join();
    SSL_CTX_free(context);
  }
  // Of what is offered it likes HTTP/2 best (RFC 7301).
  static int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                             unsigned int offered_size, void*) {
    static constexpr unsigned char kLikes[] = "\x02h2\x08http/1.1";
    unsigned char* found = nullptr;
    if (SSL_select_next_proto(&found, size, kLikes, sizeof kLikes - 1, offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
      return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
  }
  std::shared_ptr<const ClientTls> trusting(settings::Server& server) {
    server.https = true;
    server.tls.ca = directory.write("ca.pem", pem(identity)).string();
    std::string why, warning;
    return ClientTls::make(server, why, warning);
  }
  std::string outcome_with(settings::Server server, bool known_ca) {
    server.https = true;
    const auto trusted = known_ca ? pem(identity) : pem(ledgergate::tests::make_identity({}));
    server.tls.ca = directory.write("ca.pem", trusted).string();
    std::string why, warning;
    auto tls = ClientTls::make(server, why, warning);
    EXPECT_EQ(why + warning, "");
    return outcome(server, std::move(tls));
  }

  ledgergate::tests::Directory directory;
  ledgergate::tests::Identity identity;
  Listening listening;
  SSL_CTX* context = nullptr;
  std::thread thread;
};

TEST_F(ConnectTlsTest, AServerWhoseCertificateIsGoodIsTrusted) {
  EXPECT_EQ(outcome_with(server_at("upstream.lan", listening.port()), true), "connected");
}

TEST_F(ConnectTlsTest, OffersHttp11AndNothingElse) {
  ASSERT_EQ(outcome_with(server_at("upstream.lan", listening.port()), true), "connected");
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(stream->tls(), &name, &size);
  ASSERT_NE(name, nullptr) << "it offers none";
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(name), size), "http/1.1");
}

TEST_F(ConnectTlsTest, ACertificateOfAnUnknownCaIsRefused) {
  EXPECT_EQ(outcome_with(server_at("upstream.lan", listening.port()), false), "upstream_certificate");
}

TEST_F(ConnectTlsTest, ACertificateOfAnotherNameIsRefused) {
  EXPECT_EQ(outcome_with(server_at("another.lan", listening.port()), true), "upstream_certificate");
}

TEST_F(ConnectTlsTest, ANameMayBeGivenForTheCheck) {
  settings::Server server = server_at("127.0.0.1", listening.port());
  server.tls.name = "upstream.lan";
  EXPECT_EQ(outcome_with(server, true), "connected");
}

// Also when the connection that brought it just broke off, as one does that is kept too long or not kept at all.
TEST_F(ConnectTlsTest, ASessionIsResumed) {
  settings::Server server = server_at("upstream.lan", listening.port());
  Pool pool(loop, server, trusting(server));
  for (const bool resumed : {false, true, true}) {
    std::optional<Result<io::Stream::Ptr>> result;
    call(wake, resolver, pool, result);
    ASSERT_TRUE(until([&] { return result.has_value(); }));
    ASSERT_TRUE(result->ok());
    stream = std::move(**result);
    EXPECT_EQ(SSL_session_reused(stream->tls()) == 1, resumed);
    stream->write("x");
    ASSERT_EQ(stream->flush(), io::Step::done);
    ASSERT_TRUE(until([&] {
      stream->want_input();
      return stream->fill() == io::Step::done;
    }));
    stream.reset();
    settle();
  }
}

// A place at a server is given on by a story that may outlive the settings; the server may say something until the end.
TEST_F(ConnectTlsTest, ATicketMayComeWhenThePoolIsGone) {
  settings::Server server = server_at("upstream.lan", listening.port());
  auto pool = std::make_unique<Pool>(loop, server, trusting(server));
  std::optional<Result<io::Stream::Ptr>> result;
  call(wake, resolver, *pool, result);
  ASSERT_TRUE(until([&] { return result.has_value(); }));
  ASSERT_TRUE(result->ok());
  stream = std::move(**result);
  pool.reset();
  stream->write("x");
  ASSERT_EQ(stream->flush(), io::Step::done);
  ASSERT_TRUE(until([&] {
    stream->want_input();
    return stream->fill() == io::Step::done;
  }));
  EXPECT_EQ(stream->input(), "x");
}

TEST_F(ConnectTlsTest, AnAddressIsCheckedAsAnAddress) {
  EXPECT_EQ(outcome_with(server_at("127.0.0.1", listening.port()), true), "upstream_certificate");
}

} // namespace
} // namespace ledgergate::upstream::tests
