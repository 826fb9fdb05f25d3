#include "observe/mask.h"

#include <gtest/gtest.h>

#include <array>

namespace ledgergate::observe {
namespace {

std::string masked(std::string_view query, const std::vector<std::string>& mask = {}) {
  std::string scratch;
  return std::string(mask_query(query, {mask, {}}, scratch));
}

// Before a server with names of its own.
std::string masked_there(std::string_view query) {
  static constexpr std::array<std::string_view, 5> kOwn{"cred", "usr", "n", "p", "uc"};
  std::string scratch;
  return std::string(mask_query(query, {{}, kOwn}, scratch));
}

std::string masked_path(std::string_view path) {
  std::string scratch;
  return std::string(mask_path(path, {{}, {}}, scratch));
}

class SecretName : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(
    Mask, SecretName,
    testing::Values("password", "Password", "PASSWORD", "user_password", "passwd", "pwd", "pass", "pw", "heslo", "Heslo",
                    "passphrase", "secret", "client_secret", "clientSecret", "token", "access_token", "X-Token", "key", "KEY",
                    "api_key", "apiKey", "api-key", "api.key", "apikeys", "key1", "key[]", "key[0]", "user[password]", "auth",
                    "oauth", "Authorization", "STW-Authorization", "sig", "signature", "X-Amz-Signature", "X-Amz-Credential",
                    "code", "pin", "otp", "hmac", "psw", "pswd", "user_psw", "PSWD", "cred", "passcode", "pass_code", "access_code",
                    "accessCode", "user_pin", "userPin", "user-pin2", "klic", "jwt", "session_id", "PHPSESSID", "JSESSIONID",
                    "cookie", "p%61ssword", "%70%61%73%73%77%6F%72%64", "%2570assword", "%25%37%30assword", "%u0070assword",
                    "pass%77ord", "pass+word", "pass%00word", "%20password", "password%20", "amp;password",
                    "\xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c", "%D0%9F%D0%B0%D1%80%D0%BE%D0%BB%D1%8C", "kl%ED%E8",
                    "KL%CD%C8", "kl\xc3\xad\xc4\x8d", "KL\xc3\x8d\xc4\x8c", "Kl\xc3\xad\xc4\x8d", "%EF%E0%F0%EE%EB%FC",
                    "%CF%C0%D0%CE%CB%DC", "%CF%E0%F0%EE%EB%FC", "%D0%C1%D2%CF%CC%D8", "%EA%EB%FE%F7", "device_code", "login_code",
                    "reset_code", "mfa_code", "backup_code", "recovery_code", "pass_md5", "pass_hash", "kennwort", "Kennwort",
                    "sms_kod", "pinkod", "cardpin", "card_pin", "passw", "psswd", "pword", "user_pword", "code_verifier",
                    "client_assertion", "assertion", "SAMLResponse", "ticket", "login_ticket", "tan", "smsTan"));

TEST_P(SecretName, loses_its_value_wherever_it_stands) {
  const std::string name = GetParam();
  EXPECT_EQ(masked(name + "=s3cr3t"), name + "=***");
  EXPECT_EQ(masked("a=1&" + name + "=s3cr3t&b=2"), "a=1&" + name + "=***&b=2");
  EXPECT_EQ(masked(name + "=&b=2"), name + "=***&b=2");
  EXPECT_EQ(masked(name + "=x=y;z&" + name + "=2"), name + "=***&" + name + "=***");
}

class OpenName : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Mask, OpenName,
                         testing::Values("companyDetail", "a=1", "ico=12345678", "name=password", "q=secret",
                                         "date=2026-01-31T12:00:00", "", "&", "=", "&&=&", "%", "%2", "%zz=1", "=x", "author=x",
                                         "keyword=x", "passenger=x", "codes=x", "zipcode=x", "pinned=x", "spin=x", "country_code=x",
                                         "credit=5", "n=5", "p=2", "usr=x", "mail=a@b.cz", "path=//a/b@c", "url=//shop.example/@x",
                                         "url=https://shop.example/adresy.php", "a==b", "f=%E1%9E", "x=%3D%3D", "page=2&sort=name",
                                         "stan=1", "tickets=3", "titan=x", "stopword=x", "at=10:30", "mail=mailto:a@b.cz",
                                         "plan=Basic", "plan=Basic%20", "u=a:@b", "path=/n/pages", "f=(S(x))"));

TEST_P(OpenName, stays_as_it_came) { EXPECT_EQ(masked(GetParam()), GetParam()); }

TEST(Mask, a_secret_inside_a_value_masks_the_value) {
  EXPECT_EQ(masked("next=/x?token=s3cr3t"), "next=***");
  EXPECT_EQ(masked("next=%2Fx%3Fa%3D1%26token%3Ds3cr3t&b=2"), "next=***&b=2");
  EXPECT_EQ(masked("a=1;password=s3cr3t"), "a=***");
  EXPECT_EQ(masked("q={\"user\":\"x\", \"password\" : \"s3cr3t\"}"), "q=***");
  EXPECT_EQ(masked("q=%7B%22password%22%3A%22s3cr3t%22%7D"), "q=***");
  EXPECT_EQ(masked("xml=<heslo>s3cr3t</heslo>"), "xml=***");
}

TEST(Mask, a_login_inside_a_url_masks_the_value) {
  for (const char* const url : {"http://u:secret@h/", "//u:secret@h", "http%3A%2F%2Fu%3Asecret%40h%2F", "https://token@h/x",
                                "x=http:\\\\u:s@h", "http://h/ http://u:p@h", "http:/u:secret@h/", "http:/secret@h/", "u:secret@h",
                                "u%3Asecret%40h", "a,u:secret@h", "https:\\secret@h", "'u:secret@h'"})
    EXPECT_EQ(masked("u=" + std::string(url) + "&b=2"), "u=***&b=2") << url;
  EXPECT_EQ(masked_path("/go/http://u:secret@h/x"), "/go/http://***/x");
  EXPECT_EQ(masked_path("/go/http:%2F%2Fu:secret%40h/x"), "/go/***/x");
  EXPECT_EQ(masked_path("/u:secret@h/x"), "/***/x");
  EXPECT_EQ(masked_path("/u%3asecret%40h/x"), "/***/x");
  EXPECT_EQ(masked_path("/odata/Users('a@b.cz')"), "/odata/Users('a@b.cz')");
}

TEST(Mask, a_server_has_names_of_its_own) {
  EXPECT_EQ(masked_there("N=Admin&P=s3cr3t&lang=ru"), "N=***&P=***&lang=ru");
  EXPECT_EQ(masked_there("cred=QWRtaW46czNjcjN0&usr=Admin&UC=123"), "cred=***&usr=***&UC=***");
  EXPECT_EQ(masked_there("%6E=Admin&p%20=x"), "%6E=***&p%20=***");
  EXPECT_EQ(masked_there("c=Srvr%3D%22a%22%3BUsr%3D%22Admin%22%3BPwd%3D%22x%22"), "c=***");
  EXPECT_EQ(masked_there("launch=/N+Admin+/P+s3cr3t"), "launch=***");
  EXPECT_EQ(masked_there("launch=/N%22Admin%22%20/P%22s3cr3t%22"), "launch=***");
  EXPECT_EQ(masked_there("x=/Nu%20/PS"), "x=***");
  EXPECT_EQ(masked_there("x=/F+base+/NAdmin+-ps3cr3t"), "x=***");
  EXPECT_EQ(masked("x=/Nu%20/PS"), "x=/Nu%20/PS");
  EXPECT_EQ(masked_there("path=/n/p/x&top=5&$filter=Name%20eq%20'x'"), "path=/n/p/x&top=5&$filter=Name%20eq%20'x'");
}

TEST(Mask, a_parameter_without_an_equals_sign_of_its_own_shows_nothing) {
  EXPECT_EQ(masked("password%3Ds3cr3t"), "***");
  EXPECT_EQ(masked("password:s3cr3t"), "***");
  EXPECT_EQ(masked("{\"password\":\"s3cr3t\"}&a=1"), "***&a=1");
  EXPECT_EQ(masked("password%3Ds3cr3t=1"), "***");
  EXPECT_EQ(masked("a%3D1%26token%3Ds3cr3t=1"), "***");
}

TEST(Mask, a_name_longer_than_any_honest_one_is_taken_for_a_secret) {
  const std::string name(300, 'a');
  EXPECT_EQ(masked(name + "=1"), name + "=***");
}

TEST(Mask, names_from_the_settings_are_compared_without_case_and_punctuation) {
  const std::vector<std::string> mask{"Birth_Number", "c\xc3\xadslo"};
  EXPECT_EQ(masked("birthNumber=7801011234&x=1", mask), "birthNumber=***&x=1");
  EXPECT_EQ(masked("BIRTH%5FNUMBER=7801011234", mask), "BIRTH%5FNUMBER=***");
  EXPECT_EQ(masked("c%C3%ADslo=5", mask), "c%C3%ADslo=***");
  EXPECT_EQ(masked("birth=5&birthnumbers=6", mask), "birth=5&birthnumbers=6");
}

TEST(Mask, a_name_of_punctuation_in_the_settings_masks_nothing_else) { EXPECT_EQ(masked("a=1&_=2", {"_"}), "a=1&_=2"); }

TEST(Mask, what_stands_in_an_authorization_masks_the_value) {
  for (const char* const value : {"Bearer%20S", "bearer+S", "Basic%20S", "BASIC%20%20S", "%22Basic%20S%22", "NTLM+S", "Digest%20a"})
    EXPECT_EQ(masked("h=" + std::string(value) + "&b=2"), "h=***&b=2") << value;
  EXPECT_EQ(masked("Bearer%20S"), "***");
}

TEST(Mask, a_session_in_a_path_is_masked) {
  EXPECT_EQ(masked_path("/(S(s3cr3t))/x"), "/***/x");
  EXPECT_EQ(masked_path("/a/(A(x)F(s3cr3t))/x"), "/a/***/x");
  EXPECT_EQ(masked_path("/a/%28s(s3cr3t))x/y"), "/a/***/y");
  EXPECT_EQ(masked_path("/odata/X(S)/Lot(g(1))"), "/odata/X(S)/Lot(g(1))");
}

TEST(Mask, parameters_in_a_path_are_masked_by_segment) {
  EXPECT_EQ(masked_path("/app;jsessionid=s3cr3t/page"), "/app;jsessionid=***/page");
  EXPECT_EQ(masked_path("/xml%3Fpassword=s3cr3t"), "/xml%3Fpassword=***");
  EXPECT_EQ(masked_path("/xml%3Fpassword%3Ds3cr3t/x"), "/***/x");
  EXPECT_EQ(masked_path("/a/b?c"), "/a/b?c");
}

TEST(Mask, paths_of_the_servers_stay_as_they_came) {
  for (const char* const path :
       {"/", "/xml", "/documents/obr%E1zky/%9Eidle.jpg", "/api/comm", "/MobileSMARTS/api/v1/Tables/Lot('A=1')",
        "/odata/standard.odata/Catalog_X(guid'0-1')", "/secret/token", "//", "/%2F%"})
    EXPECT_EQ(masked_path(path), path);
}

} // namespace
} // namespace ledgergate::observe
