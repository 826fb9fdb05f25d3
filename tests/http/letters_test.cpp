// What letters become in servers. That the tables are Unicode's is seen by scripts/letter-forms --check; here it is how they are
// read.
#include "http/letters.h"

#include "http/letter_tables.h"
#include "http/percent.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ledgergate::http {
namespace {

TEST(Letters, EachIsFoundInItsTable) {
  constexpr std::size_t kAll = 0x110000;
  std::vector<std::u16string_view> unicode(kAll);
  std::vector<char> windows(kAll), mark(kAll), left_out(kAll);
  std::size_t count = 0;
  for (const auto& run : unicode_runs)
    for (std::size_t i = 0; i < run.forms.size(); ++i)
      if (run.forms[i] != 0) unicode[run.first + i] = run.forms.substr(i, 1), ++count;
  for (const Spelling& each : spellings) unicode[each.point] = each.form, ++count;
  for (const auto& run : windows_runs)
    for (std::size_t i = 0; i < run.forms.size(); ++i) windows[run.first + i] = static_cast<char>(run.forms[i]);
  for (const Range& range : marks) std::fill(mark.begin() + range.first, mark.begin() + range.last + 1, 1);
  for (const Range& range : ignorables) std::fill(left_out.begin() + range.first, left_out.begin() + range.last + 1, 1);
  EXPECT_GT(count, 2500U);
  for (char32_t point = 0; point < kAll; ++point) {
    const Forms forms = forms_of(point);
    if (forms.unicode != unicode[point] || forms.windows != windows[point] || combining(point) != (mark[point] != 0) ||
        invisible(point) != (left_out[point] != 0))
      ADD_FAILURE() << std::hex << std::uint32_t{point};
  }
}

TEST(Letters, EachCapitalHasItsSmallLetter) {
  for (const auto& [capital, letter] : std::vector<std::pair<char32_t, char32_t>>{
           {U'A', U'a'}, {U'Á', U'á'},      {U'Č', U'č'}, {U'Ľ', U'ľ'},   {U'Ž', U'ž'},
           {U'Ÿ', U'ÿ'}, {U'Ơ', U'ơ'},      {U'Σ', U'σ'}, {U'ς', U'σ'},   {U'Ё', U'ё'},
           {U'Я', U'я'}, {U'Ԓ', U'ԓ'},      {U'Ẽ', U'ẽ'}, {U'ẞ', U'ß'},   {U'İ', U'i'},
           {U'ſ', U's'}, {U'\u212A', U'k'}, {U'Ա', U'ա'}, {U'Ａ', U'ａ'}, {U'\U00010400', U'\U00010428'},
           {U'ǅ', U'ǆ'}})
    EXPECT_EQ(folded(capital), letter) << std::hex << std::uint32_t{capital};
  for (const char32_t small : {U'a', U'á', U'č', U'ž', U'я', U'×', U'÷', U'ß', U'ı', U'日', U'\u0138', char32_t{0x10FFFF}})
    EXPECT_EQ(folded(small), small);
  for (char32_t point = 0; point < 0x110000; ++point)
    if (folded(folded(point)) != folded(point)) ADD_FAILURE() << std::hex << std::uint32_t{point};
}

TEST(Letters, TheirForms) {
  const auto is = [](char32_t point, std::u16string_view unicode, char windows) {
    const Forms forms = forms_of(point);
    EXPECT_EQ(forms.unicode, unicode) << std::hex << std::uint32_t{point};
    EXPECT_EQ(forms.windows, windows) << std::hex << std::uint32_t{point};
  };
  is(U'a', u"", 0);
  is(0xE1, u"a", 0);
  is(0x1D43, u"a", 0);
  is(0xFF21, u"a", 0);
  is(0xFF05, u"%", 0);
  is(0x66A, u"", '%');
  is(0x2025, u"..", 0);
  is(0xFE30, u"..", 0);
  is(0xFE19, u"...", 0);
  is(0xDF, u"ss", 's');
  is(0x1E9E, u"ss", 0);
  is(0xFB01, u"fi", 0);
  is(0xA5, u"y", '\\');
  is(0x2DC, u" ", '~');
  is(0x303, u"", '~');
  is(0x439, u"и", 0); // a letter of Cyrillic without its mark
  is(0x438, u"", 0);
  is(0x1CCD6, u"a", 0); // of Unicode 16
  is(0x10FFFF, u"", 0);
}

TEST(Letters, SurrogatesInUtf8AreALetterToTheCarelessOnly) {
  const std::string_view text = "\xED\xA0\xB5\xED\xB0\x9A";
  EXPECT_EQ(letter_at(text, 0, Charset::careless).point, U'\x1D41A');
  EXPECT_EQ(letter_at(text, 0, Charset::careless).size, 6U);
  EXPECT_EQ(letter_at(text, 0, Charset::strict).point, U'\0');
  EXPECT_EQ(letter_at(text.substr(0, 5), 0, Charset::careless).point, U'\0');
}

TEST(Percent, EscapesInAnotherDress) {
  for (const auto& [text, plain] : {std::pair<std::string, std::string>{"x\uFF0561y", "x%61y"},
                                    {"\uFE6A\uFF16\uFF11", "%61"},
                                    {"\u066A61", "%61"},
                                    {"%\uFF161", "%61"},
                                    {"\uFF05\uFF550041", "%u0041"},
                                    {"\uFF05\uFF0561", "\uFF05%61"}}) {
    EXPECT_TRUE(holds_dressed_escapes(text)) << text;
    std::string made = text;
    undress_escapes(made);
    EXPECT_EQ(made, plain) << text;
  }
  for (const std::string text : {"%61", "100\uFF05", "\uFF05g1", "%\u00E11", "\uFF05u004", "\uFF05", "%", "\u066A", ""}) {
    EXPECT_FALSE(holds_dressed_escapes(text)) << text;
    std::string made = text;
    undress_escapes(made);
    EXPECT_EQ(made, text);
  }
}

TEST(Percent, TwoWideEscapesAreOneLetter) {
  std::string text = "%uD835%uDC1A%uD835x%uDC1A";
  EXPECT_EQ(decode(text, Escapes::wide_too), Decoded::changed);
  EXPECT_EQ(text, "\U0001D41A\xED\xA0\xB5x\xED\xB0\x9A");
}

} // namespace
} // namespace ledgergate::http
