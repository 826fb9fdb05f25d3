// Files of credentials, and what callers send in their place.
#include "profile/credentials.h"

#include "../settings/temporary_directory.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace {

using namespace ledgergate;
using profile::names_a_user;
using profile::read_credentials;
using settings::Profile;

std::string value_of(std::string_view content, Profile profile) {
  std::string value;
  EXPECT_EQ(read_credentials(content, profile, value), "");
  return value;
}

std::string mistake_in(std::string_view content, Profile profile = Profile::mserver) {
  std::string value;
  const std::string mistake(read_credentials(content, profile, value));
  EXPECT_EQ(value, "");
  return mistake;
}

TEST(CredentialsFile, IsUserAndPasswordOnOneLine) {
  EXPECT_EQ(value_of("aladdin:open sesame", Profile::http), "Basic YWxhZGRpbjpvcGVuIHNlc2FtZQ=="); // RFC 7617 section 2
  EXPECT_EQ(value_of("aladdin:open sesame\n", Profile::http), "Basic YWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(value_of("\xEF\xBB\xBF"
                     "aladdin:open sesame\r\n",
                     Profile::http),
            "Basic YWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(value_of("a::b:", Profile::http), "Basic YTo6Yjo=") << "a password may hold colons";
  EXPECT_EQ(value_of("a: ", Profile::http), "Basic YTog") << "and end in a blank";
  EXPECT_EQ(value_of("a:", Profile::http), "Basic YTo=") << "and be empty";
}

TEST(CredentialsFile, GoesToAnMserverInWindows1250AndToOthersInUtf8) {
  EXPECT_EQ(value_of("Novák:tajné", Profile::mserver), "Basic Tm924Ws6dGFqbuk=");
  EXPECT_EQ(value_of("Novák:tajné", Profile::apicomprem), "Basic Tm92w6FrOnRham7DqQ==");
}

TEST(CredentialsFile, WithBasicIsSentAsItStands) {
  EXPECT_EQ(value_of("Basic QDo=\n", Profile::mserver), "Basic QDo=");
  EXPECT_EQ(value_of("basic  YTpi", Profile::http), "Basic YTpi");
  EXPECT_EQ(value_of("Basic:password", Profile::http), "Basic QmFzaWM6cGFzc3dvcmQ=") << "a user of that name";
}

TEST(CredentialsFile, TellsItsMistakesWithoutItsContent) {
  const std::string secret = "tajemstvi";
  const std::vector<std::string> contents{"",
                                          "\n",
                                          secret,
                                          ":" + secret,
                                          "a:" + secret + "\nb:c",
                                          "a:" + secret + "\n\n",
                                          "a\t:" + secret,
                                          "a:" + secret + "\xE1",
                                          "Basic " + secret,
                                          "Basic !!!!",
                                          "Basic YWE=",
                                          "Basic OmI=",
                                          "a:" + secret + "日",
                                          "a:" + secret + std::string(1024, 'x'),
                                          "a:" + secret + std::string(1, '\0')};
  for (const std::string& content : contents) {
    const std::string mistake = mistake_in(content);
    EXPECT_NE(mistake, "") << testing::PrintToString(content);
    EXPECT_EQ(mistake.find(secret), std::string::npos);
  }
  EXPECT_EQ(mistake_in(""), "is empty");
  EXPECT_EQ(mistake_in("a:b\nc:d"), "has more than one line");
  EXPECT_NE(mistake_in("a:日").find("Windows-1250"), std::string::npos);
  EXPECT_EQ(mistake_in("a:" + std::string(1023, 'x')), "is larger than 1 KiB");
}

TEST(CredentialsFile, IsReadFromTheDisk) {
  const tests::TemporaryDirectory directory;
  std::string why;
  const auto read = profile::load_credentials(directory.write("pohoda.cred", "Novák:tajné\n"), Profile::mserver, why);
  ASSERT_NE(read, nullptr) << why;
  EXPECT_EQ(read->value(), "Basic Tm924Ws6dGFqbuk=");
}

TEST(CredentialsFile, ThatCantBeReadIsNamed) {
  const tests::TemporaryDirectory directory;
  std::string why;
  EXPECT_EQ(profile::load_credentials(directory.path() / "none.cred", Profile::http, why), nullptr);
  EXPECT_NE(why.find("none.cred: can't be read: No such file"), std::string::npos) << why;
  EXPECT_EQ(profile::load_credentials(directory.path(), Profile::http, why), nullptr);
  EXPECT_NE(why.find("can't be read: Is a directory"), std::string::npos) << why;
  const std::string wrong = directory.write("wrong.cred", "hunter2");
  EXPECT_EQ(profile::load_credentials(wrong, Profile::http, why), nullptr);
  EXPECT_EQ(why, wrong + ": must hold user:password");
}

TEST(Credentials, AreToldOfOnceAMinute) {
  const profile::Credentials credentials("Basic QDo=");
  EXPECT_TRUE(credentials.should_tell(5));
  EXPECT_FALSE(credentials.should_tell(6));
  EXPECT_FALSE(credentials.should_tell(60'004));
  EXPECT_TRUE(credentials.should_tell(60'005));
}

TEST(CallersCredentials, NameAUser) {
  for (const auto profile : {Profile::mserver, Profile::apicomprem}) {
    EXPECT_TRUE(names_a_user("Basic YTpi", profile));
    EXPECT_TRUE(names_a_user("basic  YTo=", profile)) << "a user may have no password";
    EXPECT_TRUE(names_a_user("BASIC QDpi", profile)) << "@ with a password";
    EXPECT_FALSE(names_a_user("", profile));
    EXPECT_FALSE(names_a_user("Basic", profile));
    EXPECT_FALSE(names_a_user("Basic QDo=", profile)) << "@ without one";
    EXPECT_FALSE(names_a_user("Basic OmI=", profile)) << "no user";
    EXPECT_FALSE(names_a_user("Basic Og==", profile)) << "neither";
    EXPECT_FALSE(names_a_user("Basic YWI=", profile)) << "no colon";
    EXPECT_FALSE(names_a_user("Basic YTpi YTpi", profile));
    EXPECT_FALSE(names_a_user("Basic YTp", profile));
    EXPECT_FALSE(names_a_user("Basic Y=pi", profile));
    EXPECT_FALSE(names_a_user("Basic ====", profile));
    EXPECT_FALSE(names_a_user("Basic YT-_", profile));
    EXPECT_FALSE(names_a_user("Bearer YTpi", profile));
  }
}

TEST(CallersCredentials, OfAnMserverMayLackTheWordBasic) {
  EXPECT_TRUE(names_a_user("YTpi", Profile::mserver));
  EXPECT_FALSE(names_a_user("QDo=", Profile::mserver));
  EXPECT_FALSE(names_a_user("YTpi", Profile::apicomprem));
}

TEST(NamedUser, IsWhoBasicNames) {
  for (const Profile profile : {Profile::mserver, Profile::http}) {
    EXPECT_EQ(profile::named_user("Basic YTpi", profile), "a");
    EXPECT_EQ(profile::named_user("basic  QDo=", profile), "@");
    EXPECT_EQ(profile::named_user("Basic OmI=", profile), "");
    EXPECT_EQ(profile::named_user("Basic YTpiOmM=", profile), "a") << "the password may hold colons";
    EXPECT_EQ(profile::named_user("Basic YWI=", profile), "?") << "no colon";
    EXPECT_EQ(profile::named_user("Basic YTp", profile), "?") << "no padding: a lax server reads it";
    EXPECT_EQ(profile::named_user("Bearer YTpi", profile), std::nullopt);
    EXPECT_EQ(profile::named_user("Digest username=\"a\"", profile), std::nullopt);
  }
  EXPECT_EQ(profile::named_user("YTpi", Profile::mserver), "a") << "seen in the field: without the word Basic";
  EXPECT_EQ(profile::named_user("YTpi", Profile::http), std::nullopt);
}

} // namespace
