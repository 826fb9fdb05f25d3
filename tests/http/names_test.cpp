#include "http/names.h"

#include <gtest/gtest.h>

namespace ledgergate::http {
namespace {

TEST(Names, AreSmallInAnyAlphabetAndCharacterSet) {
  for (const char* name : {"NOVÁK", "novák", "Novák", "NOV\xC1K", "nov\xE1k"})
    EXPECT_EQ(small_name(name, Charset::windows1250), "novák") << name;
  for (const char* name : {"ЙОД", "йод", "\xC9\xCE\xC4", "\xE9\xEE\xE4"})
    EXPECT_EQ(small_name(name, Charset::windows1251), "йод") << name;
  EXPECT_EQ(small_name("\x8AKODA \x8D\x8E", Charset::windows1250), "škoda ťž");
  EXPECT_EQ(small_name("ŽLUŤOUČKÝ KŮŇ ŚŁĄ ΆΣ", Charset::windows1250), "žluťoučký kůň śłą άσ");
  EXPECT_EQ(small_name("", Charset::windows1250), "");
  EXPECT_NE(small_name("novak", Charset::windows1250), "novák") << "another user's";
}

TEST(Names, LooseOnesHaveNeitherMarksNorDress) {
  for (const char* name : {"novakova", "NOVAKOVA", "Nováková", "nova\u0301kova\u0301", "ｎovakova", " nova\u200Bkova\u00A0"})
    EXPECT_EQ(loose_name(name, Charset::strict), "novakova") << name;
  EXPECT_EQ(loose_name("Nov\xE1kov\xC1", Charset::windows1250), "novakova");
  EXPECT_EQ(loose_name("\xCF\xEE\xF7\xF2\xE0", Charset::windows1251), "почта");
  EXPECT_EQ(loose_name("Straße", Charset::strict), "strasse");
  EXPECT_EQ(loose_name("", Charset::strict), "");
}

} // namespace
} // namespace ledgergate::http
