#include "profile/logins.h"

#include "http/base64.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ledgergate::profile {
namespace {

using settings::Profile;

std::string base64(const std::string& bytes) {
  std::string out;
  http::append_base64(bytes, out);
  return out;
}

std::string little(std::size_t number, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(number >> (8 * i) & 0xFFU);
  return out;
}

// MS-NLMP section 2.2.1.3, with nothing but a user.
std::string authenticate(const std::string& name, std::size_t length, std::size_t offset, std::size_t flags = 1) {
  std::string out = std::string("NTLMSSP\0", 8) + little(3, 4);
  for (int field = 0; field < 6; ++field)
    out += field == 3 ? little(length, 2) + little(length, 2) + little(offset, 4) : little(0, 2) + little(0, 2) + little(64, 4);
  return out + little(flags, 4) + name;
}

std::string utf16(const std::u16string& text) {
  std::string out;
  for (const char16_t c : text) out += little(c, 2);
  return out;
}

TEST(FieldLogin, NamesAUserByBasic) {
  const auto login = read_field_login("Basic " + base64("ivan:x"), Profile::http);
  EXPECT_EQ(login.kind, LoginKind::basic);
  EXPECT_EQ(login.account, "ivan");
  EXPECT_FALSE(login.nameless);
  EXPECT_TRUE(read_field_login("Basic !!", Profile::http).nameless);
  EXPECT_EQ(read_field_login(base64("ivan:x"), Profile::mserver).account, "ivan") << "without the word";
}

TEST(FieldLogin, OtherSchemesAreNone) {
  for (const char* value : {"Bearer abc", "", "NTLM", "Negotiate", "SessionToken 1", "Negotiate YIIabc=", "NTLM !!"})
    EXPECT_EQ(read_field_login(value, Profile::mobile_smarts).kind, LoginKind::none) << value;
}

TEST(FieldLogin, OfWindowsItIsTheMessageThatNamesAUser) {
  const std::string name = utf16(u"Иван");
  const auto login = read_field_login("ntlm " + base64(authenticate(name, name.size(), 64)), Profile::onec);
  EXPECT_EQ(login.kind, LoginKind::windows);
  EXPECT_EQ(login.account, "Иван");
  const std::string wrapped = "\x60\x30\x06\x06" + authenticate("ivan", 4, 64, 2);
  EXPECT_EQ(read_field_login("Negotiate " + base64(wrapped), Profile::http).account, "ivan") << "not in UTF-16, in SPNEGO";
  for (const char type : {'\1', '\2'}) {
    std::string other = authenticate(name, name.size(), 64);
    other[8] = type;
    EXPECT_EQ(read_field_login("NTLM " + base64(other), Profile::onec).kind, LoginKind::none);
  }
  for (const Profile profile : {Profile::mserver, Profile::apicomprem})
    EXPECT_EQ(read_field_login("NTLM " + base64(wrapped), profile).kind, LoginKind::none);
}

TEST(FieldLogin, AMessageOfWindowsThatIsCutOrLiesNamesNobody) {
  const std::string whole = authenticate("ivan", 4, 64, 0);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto login = read_field_login("NTLM " + base64(whole.substr(0, size)), Profile::onec);
    EXPECT_TRUE(login.kind == LoginKind::none || login.nameless) << size;
  }
  for (const std::size_t offset : {std::size_t{65}, std::size_t{0xFFFFFFFF}, std::size_t{0x80000000}})
    EXPECT_TRUE(read_field_login("NTLM " + base64(authenticate("ivan", 4, offset, 0)), Profile::onec).nameless);
  EXPECT_TRUE(read_field_login("NTLM " + base64(authenticate("ivan", 0xFFFF, 64, 0)), Profile::onec).nameless);
}

TEST(FieldLogin, ALoginThatOnlyALooserServerReadsNamesNobody) {
  const std::string pair = base64("boss:g"), message = base64(authenticate("boss", 4, 64, 0));
  const std::string begins = base64(std::string("NTLMSSP\0\1\0\0\0", 12));
  for (const std::string& value :
       std::vector<std::string>{"Basic\t" + pair,
                                "Basic," + pair,
                                "Basic\xa0" + pair,
                                "\"Basic\" " + pair,
                                "Bearer x, Basic " + pair,
                                "Negotiate, Basic " + pair,
                                "NTLM " + begins + ", Basic " + pair,
                                "NTLM " + message + "==",
                                "NTLM " + message + ",",
                                "NTLM " + message.substr(0, 40) + " " + message.substr(40),
                                "NTLM," + message,
                                "Bearer x, NTLM " + message,
                                "Negotiate " + base64("\xa1\x81" + authenticate("boss", 4, 64, 0) + "x") + "=",
                                "Kerberos " + message + "=",
                                "Nego2 " + message + ",",
                                "NTLM " + base64("NTLMSSP" + std::string("\0\1\0\0\0", 5) + authenticate("boss", 4, 64, 0)),
                                R"(Digest username = "boss", response="1")",
                                R"(Digest username="x1", username="boss")",
                                R"(Digest xusername="x1", username="boss")",
                                R"(Digest,username="boss")"}) {
    for (const Profile profile : {Profile::http, Profile::onec}) {
      const auto login = read_field_login(value, profile);
      EXPECT_NE(login.kind, LoginKind::none) << value;
      EXPECT_TRUE(login.nameless) << value;
    }
  }
  for (const char* const between : {"\t", ",", " , "})
    EXPECT_TRUE(read_field_login("Basic" + (between + pair), Profile::apicomprem).nameless) << between;
  EXPECT_TRUE(read_field_login("Bearer x, Basic " + pair, Profile::mserver).nameless);
}

TEST(FieldLogin, TheSameSchemesAreReadAsOnAConnectionOfItsOwn) {
  const std::string message = base64(authenticate("boss", 4, 64, 0));
  for (const char* const scheme : {"NTLM ", "Negotiate ", "Kerberos ", "Nego2 ", "ntlm\t"})
    EXPECT_EQ(read_field_login(scheme + message, Profile::onec).account, "boss") << scheme;
}

TEST(FieldLogin, WhatBeginsAHandshakeIsNoneHoweverItIsWritten) {
  const std::string begins = base64(std::string("NTLMSSP\0\1\0\0\0abcd", 16));
  for (const std::string& value :
       std::vector<std::string>{"NTLM " + begins, "Negotiate " + begins + "=", "NTLM " + begins.substr(0, 22), "Negotiate YIIabcde",
                                "Negotiate " + base64(std::string(60, 'k')), "Bearer eyJhbGciOi.J-basics_x", "NTLM ,"})
    EXPECT_EQ(read_field_login(value, Profile::http).kind, LoginKind::none) << value;
}

TEST(FieldLogin, NamesAUserByDigest) {
  EXPECT_EQ(read_field_login(R"(Digest realm="r", Username="iv\"an", nonce="n")", Profile::http).account, "iv\"an");
  EXPECT_TRUE(read_field_login("Digest username*=UTF-8''iv%61n", Profile::http).nameless);
  EXPECT_TRUE(read_field_login("Digest username=\"", Profile::http).nameless);
}

TEST(FieldLogin, SeveralAreOneThatNobodyCanTell) {
  auto login = read_field_login("Basic " + base64("a:x"), Profile::http);
  login.join(read_field_login("Bearer x", Profile::http));
  EXPECT_EQ(login.account, "a");
  login.join(read_field_login("Basic " + base64("b:x"), Profile::http));
  EXPECT_EQ(login.account, "?");
  EXPECT_TRUE(login.nameless);
}

TEST(FormLogin, IsOneOf1C) {
  for (const char* path : {"/base/e1cib/login", "/base/ru_RU/E1CIB/Login", "/e1cib//login//"})
    EXPECT_TRUE(is_login_form(Profile::onec, path)) << path;
  for (const char* path : {"/base/e1cib/logout", "/login", "/", "", "/e1cib/login/x", "/xe1cib/login"})
    EXPECT_FALSE(is_login_form(Profile::onec, path)) << path;
  EXPECT_FALSE(is_login_form(Profile::http, "/base/e1cib/login"));
}

TEST(FormLogin, IsOneInAnyReadingOfThePath) {
  for (const char* path : {"/b/e1cib\\login", "/b/e1cib/login;x", "/b/e1cib;v/login", "/b/e1cib/login ", "/b/e1cib/login.",
                           "/b/e1cib/login\\", "/b/e1cib/%6Cogin", "/b/e1cib%5Clogin", "/b/e1cib/login?x", "/b/e1cib/login::$DATA",
                           "/b/e1cib/logi\xef\xbd\x8e", "/b/e1cib/%u006Cogin", "/b/e1cib/./login"})
    EXPECT_TRUE(is_login_form(Profile::onec, path)) << path;
  for (const char* path : {"/b/e1cib/login.html", "/b/e1cib/logins", "/b/e1cib;login", "/b/xe1cib%2Flogin", "/b/e1cib.login"})
    EXPECT_FALSE(is_login_form(Profile::onec, path)) << path;
}

TEST(FormLogin, AParameterThatCouldBeItNamesNobody) {
  const std::string cred = base64("boss:g1");
  for (const char* name : {"x=1;cred=", "+cred=", "cred%20=", "cred[]=", "%2563red=", "?cred=", "cred%00=", "%u0063red=",
                           "x%26cred=", "a[cred]=", "cred.=", "%63%72%65%64+=", "x=1%3Bcred=", "cred:="}) {
    for (const auto& login : {read_form_login(name + cred, {}), read_form_login({}, name + cred)}) {
      EXPECT_EQ(login.kind, LoginKind::form) << name;
      EXPECT_TRUE(login.nameless) << name;
    }
  }
  for (const std::string& body : std::vector<std::string>{
           "{\"CRED\":\"" + cred + "\"}", "{\"cred \":\"" + cred + "\"}", "[{\"cred\":\"" + cred + "\"}]",
           "{\"cred\":\"YTpi\",\"Cred\":\"" + cred + "\"}", "--x\r\nContent-Disposition: form-data; name=\"cred\"\r\n\r\n" + cred})
    EXPECT_TRUE(read_form_login({}, body).nameless) << body;
}

std::string token(const std::string& user) {
  return base64("\1" + ("\x20" + std::string(32, 'x')) + ("\x10" + std::string(16, 'y')) + little(user.size(), 4) + user + "0000");
}

TEST(FormLogin, NamesItsUser) {
  EXPECT_EQ(read_form_login("version=8&cred=" + base64("ivan:x") + "&vl=ru", {}).account, "ivan");
  EXPECT_EQ(read_form_login("CRED=" + base64("ivan"), {}).account, "ivan") << "who has no password";
  EXPECT_EQ(read_form_login({}, R"( {"a":[{"cred":"x"}],"cred":")" + token("Иван") + "\"}").account, "Иван");
  EXPECT_EQ(read_form_login({}, "a=b&%63red=" + base64("ivan:x")).account, "ivan");
  EXPECT_EQ(read_form_login("cred=" + base64("\xfb\xff:x"), {}).account, "\xfb\xff") << "a '+' is one of base64";
}

TEST(FormLogin, WithoutCredThereIsNone) {
  for (const char* body : {"", "{}", "[]", R"({"root":"{}"})", "creds=x", R"({"a":{"cred":"x"}})", "0"})
    EXPECT_EQ(read_form_login("version=8&credit=1&vl", body).kind, LoginKind::none) << body;
}

TEST(FormLogin, WhatCanNotBeReadOrIsThereTwiceNamesNobody) {
  const std::string cred = base64("ivan:x");
  for (const std::string& body :
       std::vector<std::string>{R"({"cred":")" + cred + R"(","cred":"eTp4"})", R"({"\u0063red":")" + cred + R"(","cred":"eTp4"})",
                                std::string("{\"cred\":1}"), std::string("{broken"), std::string("cred"), "cred=%zz",
                                "cred=" + cred + "&cred=eTp4", "cred=" + base64(std::string("\1\xff", 2))}) {
    const auto login = read_form_login({}, body);
    EXPECT_EQ(login.kind, LoginKind::form) << body;
    EXPECT_TRUE(login.nameless) << body;
  }
  EXPECT_TRUE(read_form_login("cred=" + cred, "cred=" + cred).nameless);
  const std::string whole = token("ivan");
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(read_form_login("cred=" + whole.substr(0, size), {}).kind, LoginKind::form) << size;
}

http::ReplyHead reply(std::uint16_t status, const std::vector<std::string>& asked = {}) {
  http::ReplyHead out;
  out.status = status;
  for (const auto& each : asked) out.fields.push_back({"WWW-Authenticate", each});
  return out;
}

TEST(LoginFailed, ByTheProfilesAnswers) {
  for (const auto kind : {LoginKind::basic, LoginKind::digest, LoginKind::windows, LoginKind::form}) {
    EXPECT_TRUE(login_failed(kind, reply(401)));
    EXPECT_TRUE(login_failed(kind, reply(401, {"Negotiate", "NTLM", "Basic realm=\"1C\""})));
    EXPECT_TRUE(login_failed(kind, reply(401, {"Negotiate, NTLM"})));
    EXPECT_EQ(login_failed(kind, reply(402)), kind == LoginKind::form);
    for (const std::uint16_t status : std::vector<std::uint16_t>{200, 302, 400, 403, 404, 500})
      EXPECT_FALSE(login_failed(kind, reply(status)));
    EXPECT_FALSE(login_failed(kind, reply(401, {"NTLM TlRMTVNTUAACAAAA"}))) << "the handshake goes on";
    EXPECT_FALSE(login_failed(kind, reply(401, {"Basic realm=\"x\"", "Negotiate oYG2MIGz"})));
  }
  EXPECT_FALSE(login_failed(LoginKind::none, reply(401)));
}

TEST(LoginFailed, NotByANonceThatIsOld) {
  EXPECT_FALSE(login_failed(LoginKind::digest, reply(401, {R"(Digest realm="r", Stale = "TRUE", nonce="n")"})));
  EXPECT_TRUE(login_failed(LoginKind::digest, reply(401, {R"(Digest realm="r", stale=false)"})));
  EXPECT_TRUE(login_failed(LoginKind::basic, reply(401, {R"(Digest realm="r", stale=true)"}))) << "that was no digest";
}

} // namespace
} // namespace ledgergate::profile
