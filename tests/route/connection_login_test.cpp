#include "route/connection_login.h"

#include <gtest/gtest.h>

#include <string>

namespace ledgergate::route {
namespace {

TEST(ConnectionLogin, SchemesAreFoundHoweverTheyAreWritten) {
  for (const std::string value : {"NTLM", "ntlm", "NtLm TlRMTVNTUAAB", "NTLM\tTlRM", "Negotiate",
                                  "negotiate YII=", "NEGOTIATE  YII=", "Basic realm=\"a\", NTLM", "Basic realm=\"a, b\",Negotiate",
                                  "NTLM,Negotiate", ", NTLM", "Kerberos YII=", "Nego2 x", "Negotiate,Basic realm=x", "\"NTLM\""})
    EXPECT_TRUE(names_connection_scheme(value)) << value;
  for (const std::string value :
       {"", "Basic TlRMTVNTUAAB", "Bearer negotiated", "Digest realm=\"NTLMX\"", "Basic realm=\"a\"", "xNTLM", "Bearer a.b.c"})
    EXPECT_FALSE(names_connection_scheme(value)) << value;
}

TEST(ConnectionLogin, OfARequestIsWhatAuthorizationSays) {
  http::RequestHead request;
  request.fields = {{"X-Note", "NTLM"}, {"Cookie", "Negotiate"}, {"Authorization", "Basic YTpi"}};
  EXPECT_FALSE(begins_connection_login(request));
  request.fields.push_back({"AUTHORIZATION", "nTLM TlRM"});
  EXPECT_TRUE(begins_connection_login(request));
}

TEST(ConnectionLogin, OfAReplyIsWhatItsChallengesOrPersistentAuthSay) {
  http::ReplyHead reply;
  reply.fields = {{"WWW-Authenticate", "Basic realm=\"x\""}, {"Server", "NTLM"}};
  EXPECT_FALSE(tells_connection_login(reply));
  for (const http::Field field : {http::Field{"www-authenticate", "Negotiate oUs="}, http::Field{"WWW_Authenticate", "NTLM"},
                                  http::Field{"persistent-auth", "true"}, http::Field{"Proxy-Authenticate", "NTLM"}}) {
    reply.fields = {{"WWW-Authenticate", "Basic realm=\"x\""}, field};
    EXPECT_TRUE(tells_connection_login(reply)) << field.name;
  }
}

} // namespace
} // namespace ledgergate::route
