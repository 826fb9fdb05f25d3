// What callers are told, in three languages.
#include "profile/words.h"

#include "base/encode.h"
#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace ledgergate;
using namespace ledgergate::profile;
using settings::Language;

constexpr Language kLanguages[] = {Language::en, Language::cs, Language::sk};
constexpr Again kAgains[] = {Again::unsaid, Again::not_forwarded, Again::only_reads, Again::in_doubt};

std::vector<Cause> causes() {
  std::vector<Cause> all;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(Cause::upgrade_failed); ++i) all.push_back(static_cast<Cause>(i));
  return all;
}

std::string message(const Message& message, Language language) {
  std::string out;
  append_message(message, language, out);
  return out;
}

TEST(Words, SayEveryCauseInEveryLanguage) {
  for (const Cause cause : causes()) {
    EXPECT_EQ(sentence(cause, Language::en), describe(cause).text);
    for (const Language language : {Language::cs, Language::sk}) {
      const std::string_view text = sentence(cause, language);
      EXPECT_TRUE(text.ends_with('.')) << describe(cause).name << ": " << text;
      // Without a row in words.cpp the English sentence would stand here. Czech and Slovak may agree in a short one.
      EXPECT_NE(text, describe(cause).text) << describe(cause).name;
    }
  }
}

TEST(Words, TellWhatToDoAboutEveryCauseThatIsAnswered) {
  for (const Cause cause : causes()) {
    const bool told = describe(cause).text.find("try again") != std::string_view::npos || describe(cause).status == 0;
    for (const Language language : kLanguages)
      EXPECT_EQ(remedy(cause, language).empty(), told) << describe(cause).name << " " << tag(language);
  }
}

// Slovak differs from Czech in every sentence with a word that only one of them has: a swapped column shows.
TEST(Words, AreOfTheLanguageThatTheyClaim) {
  for (const Cause cause : causes()) {
    for (const std::string_view letters : {"ě", "ř", "ů"})
      EXPECT_EQ(sentence(cause, Language::sk).find(letters), std::string_view::npos) << sentence(cause, Language::sk);
    for (const std::string_view letters : {"ľ", "ĺ", "ŕ", "ô", "ä"})
      EXPECT_EQ(sentence(cause, Language::cs).find(letters), std::string_view::npos) << sentence(cause, Language::cs);
  }
}

TEST(Words, ExistInTheEncodingsOfAccountingPrograms) {
  for (const Cause cause : causes())
    for (const Again again : kAgains)
      for (const Language language : kLanguages) {
        const std::string text = message({cause, again, 120, {}, "0123456789abcdef"}, language);
        for (std::string_view rest = text; !rest.empty();) {
          const char32_t point = take_character(rest);
          std::string bytes;
          EXPECT_NE(point, kReplacement) << text;
          EXPECT_TRUE(append_character(point, Encoding::windows_1250, bytes)) << text;
          EXPECT_TRUE(append_character(point, Encoding::iso_8859_2, bytes)) << text;
        }
      }
}

TEST(Words, FitIntoAThirdOfTheSmallestDocument) {
  for (const Cause cause : causes())
    for (const Again again : kAgains)
      for (const Language language : kLanguages)
        EXPECT_LE(message({cause, again, 999'999, {}, std::string(64, 'x')}, language).size(), 400U) << describe(cause).name;
}

TEST(Words, NameTheTimeThatWasWaited) {
  EXPECT_EQ(message({Cause::reply_timeout, Again::in_doubt, 120, {}, "a1"}, Language::en),
            "The server did not answer in time (120 s).\n"
            "The request may have been carried out: check before sending it again.\n"
            "If it lasts, give this message to the administrator.\n"
            "Request a1");
  EXPECT_EQ(message({Cause::reply_timeout, Again::in_doubt, 120, {}, "a1"}, Language::cs),
            "Server neodpověděl včas (120 s).\n"
            "Požadavek mohl být proveden: než ho pošlete znovu, zkontrolujte to.\n"
            "Pokud potíže trvají, předejte tuto zprávu správci.\n"
            "Požadavek a1");
  EXPECT_EQ(message({Cause::reply_timeout, Again::in_doubt, 120, {}, "a1"}, Language::sk),
            "Server neodpovedal včas (120 s).\n"
            "Požiadavka mohla byť vykonaná: skôr než ju pošlete znova, skontrolujte to.\n"
            "Ak ťažkosti pretrvávajú, odovzdajte túto správu správcovi.\n"
            "Požiadavka a1");
}

TEST(Words, NameTheAddressToGoTo) {
  EXPECT_EQ(message({Cause::https_required, Again::unsaid, 0, "https://a.example/xml", "a1"}, Language::en),
            "Use https: this request carried data or a password in clear text.\n"
            "Change the address to https in the settings of your program.\n"
            "https://a.example/xml\n"
            "Request a1");
}

} // namespace
