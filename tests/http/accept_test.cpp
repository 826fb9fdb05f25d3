// Which text a caller would like to read (RFC 9110 section 12.5).
#include "http/accept.h"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace ledgergate::http;

constexpr std::string_view kMedia[] = {"text/plain", "application/problem+json", "text/html"};
constexpr std::string_view kLanguages[] = {"en", "cs", "sk"};

std::string media(std::string_view accept) {
  const auto best = best_media(accepted_media({{"accept", accept}}), kMedia);
  return best ? std::string(kMedia[*best]) : "none";
}

std::string_view language(std::string_view accept, std::size_t fallback = 0) {
  return kLanguages[best_language(accepted_languages({{"Accept-Language", accept}}), kLanguages, fallback)];
}

TEST(Accept, TakesTheGreatestWeight) {
  EXPECT_EQ(media("text/html;q=0.5, application/problem+json;q=0.501, text/plain;q=0.2"), "application/problem+json");
  EXPECT_EQ(media("text/*;q=0.3, text/html;q=0.7"), "text/html");
  EXPECT_EQ(media("TEXT/HTML"), "text/html");
}

TEST(Accept, PrefersWhatIsNamedThenTheCallersOrderThenOurs) {
  EXPECT_EQ(media("*/*"), "text/plain");
  EXPECT_EQ(media("text/*"), "text/plain");
  EXPECT_EQ(media("*/*, text/html"), "text/html");
  EXPECT_EQ(media("application/problem+json, text/plain, */*"), "application/problem+json");
  EXPECT_EQ(media("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), "text/html");
}

TEST(Accept, LeavesOutWhatIsNotAcceptable) {
  EXPECT_EQ(media("text/plain;q=0, */*;q=0.1"), "application/problem+json");
  EXPECT_EQ(media("image/png"), "none");
  EXPECT_EQ(media("*/*;q=0"), "none");
  EXPECT_EQ(media(""), "none");
}

TEST(Accept, PassesOverParametersAndEmptyElements) {
  EXPECT_EQ(media(" , text/html ; charset=\"a,b;q=0\\\"\" ; q=1.000 ,, text/plain;q=0.9,"), "text/html");
}

TEST(Accept, CountsAsNotSentWhenMalformed) {
  for (const std::string_view bad :
       {"text/html, text", "text/html, */html", "text/html;", "text/html;q", "text/html;q=", "text/html;q=2", "text/html;q=1.001",
        "text/html;q=0.1234", "text/html;q=.5", "text/html;q=-1", "text/html;q=0,5;", "text/html;q=1;q=1", "text/html;a=\"b",
        "text/html;a=\"b\\", "text/html text/plain", "text/html/x", "text/html, \xC4/x",
        // What Java's HttpURLConnection sends.
        "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"})
    EXPECT_EQ(media(bad), "none") << bad;
}

TEST(Accept, IsBounded) {
  std::string many = "text/html";
  for (int i = 0; i < 31; ++i) many += ",a/b";
  EXPECT_EQ(media(many), "text/html");
  EXPECT_EQ(media(many + ",a/b"), "none");
  EXPECT_EQ(media("text/html;a=" + std::string(1012, 'x')), "text/html");
  EXPECT_EQ(media("text/html;a=" + std::string(1013, 'x')), "none");
}

TEST(Accept, OfSeveralFieldsIsOneList) {
  const auto wanted = accepted_media({{"Accept", "text/plain;q=0.5"}, {"Host", "text/plain"}, {"ACCEPT", "text/html"}});
  EXPECT_EQ(wanted.ranges().size(), 2U);
  EXPECT_EQ(best_media(wanted, kMedia), 2U);
  EXPECT_TRUE(accepted_media({{"Accept", "text/plain"}, {"Accept", "bad"}}).ranges().empty());
}

TEST(AcceptLanguage, TakesTheGreatestWeight) {
  EXPECT_EQ(language("cs"), "cs");
  EXPECT_EQ(language("sk-SK"), "sk");
  EXPECT_EQ(language("cs-CZ,cs;q=0.9,sk;q=0.8,en-US;q=0.7,en;q=0.6"), "cs");
  EXPECT_EQ(language("cs;q=0.2, SK;q=0.3"), "sk");
  EXPECT_EQ(language("de, en;q=0.1", 1), "en");
  EXPECT_EQ(language("sk, cs"), "sk");
}

TEST(AcceptLanguage, FallsBackWhereNothingFits) {
  EXPECT_EQ(language("", 2), "sk");
  EXPECT_EQ(language("de, fr;q=0.5", 1), "cs");
  EXPECT_EQ(language("csb", 2), "sk"); // Kashubian is not Czech
  EXPECT_EQ(language("cs;q=0", 1), "cs");
}

TEST(AcceptLanguage, AWildcardIsTheFallbackUnlessExcluded) {
  EXPECT_EQ(language("*", 2), "sk");
  EXPECT_EQ(language("*;q=0.5, en;q=0.1", 1), "cs");
  EXPECT_EQ(language("cs;q=0, *", 1), "en");
  EXPECT_EQ(language("*, cs", 2), "cs");
}

TEST(AcceptLanguage, CountsAsNotSentWhenMalformed) {
  for (const std::string_view bad :
       {"cs;x=1", "cs_CZ", "cs-", "-cs", "c1", "abcdefghi", "cs-abcdefghi", "cs;q=1.5", "cs q=1", "**"})
    EXPECT_EQ(language(bad, 2), "sk") << bad;
  EXPECT_EQ(language("cs-Latn-CZ-1994"), "cs");
}

} // namespace
