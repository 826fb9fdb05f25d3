// Text of ours in the encodings of accounting programs. The C library's iconv(3) is the authority that the tables are held to.
#include "base/encode.h"
#include "base/utf8.h"

#include <gtest/gtest.h>

#include <iconv.h>

#include <string>

namespace {

using namespace ledgergate;

// Bytes of one character by iconv; empty when the encoding has none.
class Iconv {
public:
  explicit Iconv(const char* to) : handle_(iconv_open(to, "UTF-32LE")) {}
  ~Iconv() { iconv_close(handle_); }
  Iconv(const Iconv&) = delete;
  Iconv& operator=(const Iconv&) = delete;

  std::string operator()(char32_t point) {
    iconv(handle_, nullptr, nullptr, nullptr, nullptr);
    char in[4] = {static_cast<char>(point & 0xFF), static_cast<char>(point >> 8 & 0xFF), static_cast<char>(point >> 16 & 0xFF), 0};
    char out[8];
    char *from = in, *to = out;
    std::size_t left = 4, room = sizeof out;
    if (iconv(handle_, &from, &left, &to, &room) == static_cast<std::size_t>(-1)) return {};
    return {out, sizeof out - room};
  }

private:
  iconv_t handle_;
};

void hold(Encoding encoding, const char* name, char32_t skip_from = 1, char32_t skip_to = 0) {
  Iconv iconv(name);
  // Every character of the basic plane, and samples of the planes above it.
  for (char32_t point = 0; point <= 0x10FFFF; point += point < 0x10100 ? 1 : 251) {
    if (point >= skip_from && point <= skip_to) continue;
    std::string ours;
    const bool held = append_character(point, encoding, ours);
    const std::string theirs = iconv(point);
    ASSERT_EQ(ours, theirs) << name << " U+" << std::hex << static_cast<unsigned>(point);
    ASSERT_EQ(held, !theirs.empty()) << name << " U+" << std::hex << static_cast<unsigned>(point);
  }
}

TEST(Encode, WritesEveryCharacterAsIconvDoes) {
  hold(Encoding::utf8, "UTF-8");
  hold(Encoding::utf16, "UTF-16LE");
  hold(Encoding::windows_1250, "CP1250");
  hold(Encoding::iso_8859_2, "ISO-8859-2", 0x80, 0x9F); // the C1 controls, which the table leaves out
}

TEST(Encode, LeavesNothingBehindForACharacterThatDoesNotExistThere) {
  std::string out = "x";
  EXPECT_FALSE(append_character(U'Я', Encoding::windows_1250, out));
  EXPECT_FALSE(append_character(0x81, Encoding::iso_8859_2, out));
  EXPECT_FALSE(append_character(0xD800, Encoding::utf16, out));
  EXPECT_EQ(out, "x");
}

TEST(Encode, KnowsLabelsWithoutRegardToCase) {
  EXPECT_EQ(find_encoding("Windows-1250"), Encoding::windows_1250);
  EXPECT_EQ(find_encoding("CP1250"), Encoding::windows_1250);
  EXPECT_EQ(find_encoding("UTF-8"), Encoding::utf8);
  EXPECT_EQ(find_encoding("Latin2"), Encoding::iso_8859_2);
  EXPECT_EQ(find_encoding("utf-16"), Encoding::utf16);
  EXPECT_EQ(find_encoding("utf-8 "), std::nullopt);
  EXPECT_EQ(find_encoding("windows-1251"), std::nullopt);
  EXPECT_EQ(find_encoding(""), std::nullopt);
  for (const auto encoding : {Encoding::utf8, Encoding::windows_1250, Encoding::iso_8859_2, Encoding::utf16})
    EXPECT_EQ(find_encoding(label(encoding)), encoding);
}

TEST(Encode, MarksTheByteOrderOfUtf16Only) {
  std::string out;
  append_mark(Encoding::windows_1250, out);
  append_mark(Encoding::utf8, out);
  EXPECT_EQ(out, "");
  append_mark(Encoding::utf16, out);
  EXPECT_EQ(out, "\xFF\xFE");
}

TEST(Utf8, IsReadOneCharacterAtATime) {
  std::string_view text = "a\u010D\u20AC\U0001F600";
  EXPECT_EQ(take_character(text), U'a');
  EXPECT_EQ(take_character(text), U'\u010D');
  EXPECT_EQ(take_character(text), U'\u20AC');
  EXPECT_EQ(take_character(text), U'\U0001F600');
  EXPECT_TRUE(text.empty());
}

TEST(Utf8, GivesAReplacementForEachByteThatIsNone) {
  // A lone continuation, an overlong slash, a surrogate, beyond U+10FFFF, cut short.
  for (const std::string_view bad : {"\x80", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\xFF"}) {
    std::string_view text = bad;
    for (std::size_t i = 0; i < bad.size(); ++i) EXPECT_EQ(take_character(text), kReplacement) << bad.size() << " " << i;
    EXPECT_TRUE(text.empty());
  }
}

} // namespace
