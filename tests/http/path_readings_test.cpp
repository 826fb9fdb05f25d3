// Which places a path could be to some server.
#include "http/path_readings.h"

#include "http/path.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ledgergate::http {
namespace {

bool could_be(std::string_view raw, std::string_view prefix) {
  std::string decoded;
  bool plain = false;
  EXPECT_TRUE(read_path(raw, decoded, plain).ok()) << raw;
  const FoldedPrefix folded = fold_prefix(prefix);
  PathReadings readings(raw, PathReadings::Text::encoded);
  bool found = false;
  while (readings.next()) found = could_lie_below(readings.text(), folded) || found;
  return found;
}

TEST(PathReadings, ManySpellingsCouldBeAdmin) {
  for (const char* path : {
           "/admin",
           "/admin/",
           "/admin/x",
           "/ADMIN",
           "/aDmIn/x", // letters
           "//admin",
           "///admin//x",
           "/admin//",
           "/a%64min",
           "/admin%2Fx",
           "/admin%5Cx", // slashes
           "/admin.",
           "/admin..",
           "/admin...",
           "/admin%20",
           "/admin%20.%20",
           "/admin+",
           "/%20admin",
           "/admin%C2%A0",
           "/admin%E3%80%80", // ends
           "/admin;x",
           "/admin;x=1;y/z",
           "/;x/admin",
           "/admin%3Bx",
           "/admin%253Bx",
           "/admin;",
           "/;/admin", // parameters
           "/;a%2Fb/admin",
           "/;a%5Cb/admin",
           "/:a%2Fb%5Cc/admin/x",
           "/;a%252Fb/admin",
           "/;a%5Cb%2F;c%2Fd/admin",
           "/;a%2Fb%5C;c%5Cd/admin",
           "/admin::$DATA",
           "/admin:x",
           "/admin:$I30:$INDEX_ALLOCATION/x",
           "/admin.::$DATA",
           "/admin%3A%3A$DATA", // streams
           "/admin%3Fx",
           "/admin%23",
           "/admin%253fx",
           "/admin~1",
           "/ADMIN~1",
           "/admin~2/x", // 8.3 names
           "/%61dmin",
           "/%2561dmin",
           "/%252561dmin",
           "/%25u0061dmin",
           "/adm%25%36%39n",
           "/%C1%A1dmin",
           "/%C1!dmin",
           "/%E0%81%A1dmin", // overlong
           "/%EF%BD%81dmin",
           "/%EF%BC%A1DMIN",
           "/adm%C3%ADn",
           "/%E1dmin",
           "/a%CC%81dmin", // best fit
           "/%F0%9D%9A%8Admin",
           "/%E2%93%90dmin",
           "/admin%EF%BC%8E",
           "/admin%EF%BC%9Bx",
           "/admin%EF%BC%8Fx",
           "/admin%C2%A5x",
           "/adm%E2%80%8Bin",
           "/ad%FFmin",
           "/adm%C2%ADin", // left out
           "/(S(abc))/admin",
           "/(A(x)F(y)S(z))/admin/x",
           "/ad/(S(abc))min/x",
           "/admin(S(a))/x",
           "//(S(x))admin",
           "/ad/\u200B(S(x))min", // ASP.NET
           "/\u1D43dmin",
           "/\u2090dmin",
           "/ad\u2133in",
           "/\u03B1dmin",
           "/adm\u2170n",
           "/%25uD835%25uDC1Admin",
           "/\xED\xA0\xB5\xED\xB0\x9A"
           "dmin", // in another dress
           "/admin\uFE0F",
           "/ad\u061Cmin",
           "/ad\U000E0041min",
           "/\u3164admin",
           "/a\u20D0dmin",
           "/a\uFE20dmin", // left out
           "/admin\u0589x",
           "/admin\uFE13x",
           "/admin\u2048x",
           "/admin\u2026",
           "/admin\u02DC1",
           "/admin\u03031",
           "/admin\u2044x", // punctuation
           "/\uFF0561dmin",
           "/\uFF05EF\uFF05BD\uFF0581dmin",
           "/%EF%BC%85%EF%BC%96%EF%BC%91dmin", // escapes
       })
    EXPECT_TRUE(could_be(path, "/admin")) << path;
}

TEST(PathReadings, OthersCouldNot) {
  for (const char* path :
       {"/", "/administration", "/adminx", "/admi", "/x/admin", "/admin-2", "/admin.css", "/admin_", "/a/dmin", "/b~1", "/ad~1",
        "/admin~x", "/admin~", "/~admin", "/adm(in)", "/adm.in", "/%C4%8Ddmin", "/admin%C3%A1", "/2admin"})
    EXPECT_FALSE(could_be(path, "/admin")) << path;
}

TEST(PathReadings, LongNamesHaveShortOnes) {
  for (const char* path : {"/ADMINI~1", "/admini~1/x", "/admini~2", "/admin~12", "/ADMI~123", "/AD3F9A~1", "/Admini~1.",
                           "/ADMINI%7E1", "/admini%EF%BD%9E%EF%BC%91", "/a%CC%81d3f%CC%819a~%CC%811"})
    EXPECT_TRUE(could_be(path, "/administration")) << path;
  for (const char* path : {"/admin~1", "/admi~1", "/a~1", "/ADMINI~1.TXT", "/ad3g9a~1", "/admini1", "/xdmini~1"})
    EXPECT_FALSE(could_be(path, "/administration")) << path;
  EXPECT_TRUE(could_be("/WEB~1.ADM/x", "/web.administrace"));
  EXPECT_TRUE(could_be("/MYLONG~1.CON", "/my long.name.config"));
  EXPECT_FALSE(could_be("/WEB~1.CON", "/web.administrace"));
  EXPECT_TRUE(could_be("/LOT_1_~1", "/lot,1=2 long")) << "what an 8.3 name can't hold becomes _";
  EXPECT_TRUE(could_be("/x/ADMINI~1/y", "/x/administration"));
}

TEST(PathReadings, LettersOfOtherCharacterSets) {
  // "účty" in UTF-8, Windows-1250, capital, with marks of their own, and as UTF-8 that a 1250 server folds bytewise.
  for (const char* path : {"/%C3%BA%C4%8Dty", "/%FA%E8ty", "/%DA%C8TY/x", "/%C3%9A%C4%8CTY", "/u%CC%81c%CC%8Cty", "/%E3%BA%E4%8Dty",
                           "/%25FA%25E8ty", "/\xFA\xE8ty", "/\xC3\x9A\xC4\x8CTY"})
    EXPECT_TRUE(could_be(path, "/\xC3\xBA\xC4\x8Dty")) << path;
  // "почта" in UTF-8, 1251, either case.
  for (const char* path : {"/%D0%BF%D0%BE%D1%87%D1%82%D0%B0", "/%D0%9F%D0%9E%D0%A7%D0%A2%D0%90", "/%EF%EE%F7%F2%E0",
                           "/%CF%CE%D7%D2%C0/x", "/\xEF\xEE\xF7\xF2\xE0"})
    EXPECT_TRUE(could_be(path, "/\xD0\xBF\xD0\xBE\xD1\x87\xD1\x82\xD0\xB0")) << path;
  // "йод", composed or not, and "straße".
  for (const char* path : {"/и\u0306од", "/ЙО\u0434"}) EXPECT_TRUE(could_be(path, "/йод")) << path;
  for (const char* path : {"/strasse", "/STRASSE/x", "/straße", "/ﬆraße"}) EXPECT_TRUE(could_be(path, "/straße")) << path;
  EXPECT_TRUE(could_be("/йод", "/иод"));
  EXPECT_FALSE(could_be("/иод", "/йод"));
  EXPECT_TRUE(could_be("/½ ceny", "/1/2 ceny"));
  // A plain letter is no letter with a mark, and other letters are others.
  for (const char* path : {"/ucty", "/%C3%BActy", "/%EF%EE%F7%F2%E0", "/%C4%8D%C3%BAty"})
    EXPECT_FALSE(could_be(path, "/\xC3\xBA\xC4\x8Dty")) << path;
}

TEST(PathReadings, EachPrefixIsFoldedLikeAPath) {
  EXPECT_TRUE(could_be("/admin", "/Admin"));
  EXPECT_TRUE(could_be("/admin", "/admin."));
  EXPECT_TRUE(could_be("/a%20b/c", "/a b"));
  EXPECT_TRUE(could_be("/a+b/c", "/a b"));
  EXPECT_TRUE(could_be("/anything", ""));
  EXPECT_TRUE(could_be("/", ""));
  EXPECT_FALSE(could_be("/", "/a"));
  EXPECT_TRUE(fold_prefix("/a/b.c").pure());
  EXPECT_TRUE(fold_prefix("/\xC3\xBA").plain);
  EXPECT_FALSE(fold_prefix("/\xC3\xBA").pure());
  EXPECT_FALSE(fold_prefix("/straße").plain) << "/strasse";
  for (const char* prefix : {"/a.", "/a;b", "/a b", "/~a", "/a:b"}) EXPECT_FALSE(fold_prefix(prefix).plain) << prefix;
}

TEST(PathReadings, PlainPathsHaveOneReading) {
  for (const char* path :
       {"/", "/xml", "/documents/a.b/c_d-e.pdf", "/odata/Lot('A-1')", "/x=1,2@a!$&*", "/.well-known/x", "/(a)/b(c)"})
    EXPECT_TRUE(plain_path(path)) << path;
  for (const char* path : {"//", "/a//b", "/a./b", "/a.", "/.", "/a%41", "/a;b", "/a:b", "/a~1", "/a+b", "/(S(x))/a", "/a(S(x))b",
                           "/..(A(x)S(y))", "/\xE1", "/a b", "/a\\b", "/a\"b", "/a|b", "/a<b"})
    EXPECT_FALSE(plain_path(path)) << path;
}

TEST(PathReadings, NamesThatBeginSoAreFoundAnywhere) {
  const auto holds = [](std::string_view decoded) {
    PathReadings readings(decoded, PathReadings::Text::decoded);
    while (readings.next())
      if (could_hold_name(readings.text(), U"swagger")) return true;
    return false;
  };
  for (const char* path :
       {"/swagger", "/a/Swagger-ui/x", "/a\\swagger", "/%73wagger", "/SWAGGE~1", "/\xEF\xBD\x93wagger", "/a;b/swagger.json"})
    EXPECT_TRUE(holds(path)) << path;
  for (const char* path : {"/", "/my-swagger", "/swag", "/Lot('swagger')"}) EXPECT_FALSE(holds(path)) << path;
}

TEST(PathReadings, TheNumberOfReadingsIsBounded) {
  for (const char* path : {"/a", "/\xE1\xE1", "/%41", "/\xE1%2541(S(x))/(S(x))y", "/%2525\uFF05\uFF0561´;%2F%5C/(S(x))y"}) {
    PathReadings readings(path, PathReadings::Text::encoded);
    int count = 0;
    while (readings.next()) ++count;
    EXPECT_LE(count, 512) << path;
    EXPECT_FALSE(readings.next());
  }
}

TEST(PathReadings, ALongPathThatIsOddInEveryWayIsNotReadToItsEnd) {
  const std::string odd = "/%2541\uFF0541\u00B4/x;a%2Fb%5Cc/(S(x))y/";
  const auto complete = [](const std::string& path) {
    PathReadings readings(path, PathReadings::Text::encoded);
    std::size_t read = 0;
    while (readings.next()) read += path.size();
    EXPECT_LT(read, 2U * PathReadings::most_read);
    return readings.complete();
  };
  EXPECT_TRUE(complete(odd));
  EXPECT_TRUE(complete(odd + std::string(200, 'x')));
  EXPECT_FALSE(complete(odd + std::string(8000, 'x')));
  std::string honest;
  while (honest.size() < 8000) honest += "/%D0%91%D0%B0%D0%B7%D0%B0 100%25";
  EXPECT_TRUE(complete(honest));
  EXPECT_TRUE(complete(std::string(2000, '\xE1')));
}

TEST(PathReadings, TicketsAreFoundWhole) {
  EXPECT_EQ(behind_ticket("(S(x))y", 0), 6U);
  EXPECT_EQ(behind_ticket("/(A(x)F(y))", 1), 11U);
  for (const char* text : {"(", "()", "(x)", "(S(x)", "(S(a/b))", "(S(a(b)))", "(1(x))", "S(x)"})
    EXPECT_EQ(behind_ticket(text, 0), 0U) << text;
}

} // namespace
} // namespace ledgergate::http
