// No reading of a path may leave the place that the path names; and honest names pass untouched.
#include "http/path.h"

#include "http/target.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace ledgergate::http {
namespace {

TEST(Path, HonestNamesPass) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"/", "/"},
      {"/xml", "/xml"},
      {"/XML", "/XML"},
      {"/documents/obr%E1zky/%9Eidle.jpg", "/documents/obr\xE1zky/\x9Eidle.jpg"}, // docs/vendors.md, mServer: Windows-1250
      {"/documents/obr%C3%A1zky/%C5%BEidle.jpg", "/documents/obr\xC3\xA1zky/\xC5\xBEidle.jpg"},
      {"/documents/Nov%E1k%20s.r.o./smlouva.pdf", "/documents/Nov\xE1k s.r.o./smlouva.pdf"},
      {"/documents/.skryte/a..b/..c/d..", "/documents/.skryte/a..b/..c/d.."},
      {"/.well-known/acme-challenge/x_Y-z", "/.well-known/acme-challenge/x_Y-z"},
      {"/documents/sleva%20100%25.pdf", "/documents/sleva 100%.pdf"},
      {"/documents/sleva%2010%25%20brutto.pdf", "/documents/sleva 10% brutto.pdf"},
      {"/documents/%C1%C9%CD.pdf", "/documents/\xC1\xC9\xCD.pdf"},                      // "ÁÉÍ" in Windows-1250
      {"/documents/VRBA%C0.jpg", "/documents/VRBA\xC0.jpg"},                            // "Ŕ." is no overlong dot
      {"/documents/STR%C0/x", "/documents/STR\xC0/x"},                                  // nor "Ŕ/" a slash
      {"/documents/%CF%EE%F7%F2%E0", "/documents/\xCF\xEE\xF7\xF2\xE0"},                // "Почта" in Windows-1251
      {"/documents/%C0%EF%F0%E5%EB%FC.pdf", "/documents/\xC0\xEF\xF0\xE5\xEB\xFC.pdf"}, // "Апрель": not an overlong slash
      {"/base/odata/standard.odata/Catalog_%D0%9D%D0%BE%D0%BC%D0%B5%D0%BD%D0%BA%D0%BB(guid'bd72d8f9-55bc-11d9-848a-00112f43529a')",
       "/base/odata/standard.odata/"
       "Catalog_\xD0\x9D\xD0\xBE\xD0\xBC\xD0\xB5\xD0\xBD\xD0\xBA\xD0\xBB(guid'bd72d8f9-55bc-11d9-848a-00112f43529a')"},
      {"/MobileSMARTS/api/v1/Tables/Lot('A-1;b')", "/MobileSMARTS/api/v1/Tables/Lot('A-1;b')"},
      {"/a;b=c/d:e", "/a;b=c/d:e"},
      {"/a//b/", "/a//b/"},
      {"/%F0%9F%92%B0", "/\xF0\x9F\x92\xB0"},
      {"/a%3Fb%23c", "/a?b#c"},
      // A slash inside a name: OData's keys, and PHP's rawurlencode() over a whole path.
      {"/odata/X(Code='A%2F1')", "/odata/X(Code='A/1')"},
      {"/documents/Faktury%5C2024%2Ffv.pdf", "/documents/Faktury\\2024/fv.pdf"},
      {"/documents/Faktury%2f2024%5cfv.pdf", "/documents/Faktury/2024\\fv.pdf"},
      {"/documents%2Fxml", "/documents/xml"},
      {"/documents%252Fxml", "/documents%2Fxml"},
      {"/a%2F/b%5C/c%2F", "/a//b\\/c/"},
      {"/odata/X(Url='http%3A%2F%2Fa.b%2Fc')", "/odata/X(Url='http://a.b/c')"},
      {"/odata/X(Code='A%2F%2FB')", "/odata/X(Code='A//B')"},
      {"/odata/X('%5C%5Csrv%5Cshare')", "/odata/X('\\\\srv\\share')"},
      {"/documents/Faktury%2F%2F2024", "/documents/Faktury//2024"},
      {"/documents/a%5C%2Fb", "/documents/a\\/b"},
      {"/documents/a%2F%5C%2f%5cb%2F%2F", "/documents/a/\\/\\b//"},
      {"/documents/a%252F%252Fb", "/documents/a%2F%2Fb"},
      // As 1C's clients send it: "База" in UTF-8 and in Windows-1251, "účty" in 1250.
      {"/\xD0\x91\xD0\xB0\xD0\xB7\xD0\xB0/hs/x", "/\xD0\x91\xD0\xB0\xD0\xB7\xD0\xB0/hs/x"},
      {"/\xC1\xE0\xE7\xE0", "/\xC1\xE0\xE7\xE0"},
      {"/\xFA\xE8ty/%FA\xE8ty", "/\xFA\xE8ty/\xFA\xE8ty"},
      {"/app/(S(abc))/page.aspx", "/app/(S(abc))/page.aspx"},
      // What is another in some reading, and climbs in none.
      {"/100\uFF05 bavlna", "/100\uFF05 bavlna"},
      {"/\u00BD ceny", "/\u00BD ceny"},
      {"/\u00B4x\u00B4/\u2013/\u2026a", "/\u00B4x\u00B4/\u2013/\u2026a"},
      {"/\uFB01rma/\U0001F600\uFE0F", "/\uFB01rma/\U0001F600\uFE0F"},
      {"/u\u0301c\u030Cty/\u0439\u043E\u0434", "/u\u0301c\u030Cty/\u0439\u043E\u0434"},
      {"/\u65E5\u672C/\u2048", "/\u65E5\u672C/\u2048"},
  };
  for (const auto& [raw, wanted] : cases) {
    std::string decoded;
    bool plain = false;
    const Result<void> outcome = read_path(raw, decoded, plain);
    EXPECT_TRUE(outcome.ok()) << raw << ": " << outcome.error().detail;
    EXPECT_EQ(decoded, wanted) << raw;
  }
}

TEST(Path, WhatClimbsInAnyReadingIsRefused) {
  const std::vector<std::string> paths = {
      // Dots as they are.
      "/..",
      "/../x",
      "/documents/../xml",
      "/documents/..",
      "/documents/.",
      "/documents/./x",
      "/./",
      // Encoded once, twice, thrice, in part.
      "/documents/%2e%2e/xml",
      "/documents/%2E./xml",
      "/documents/.%2e",
      "/documents/%252e%252e/xml",
      "/documents/%25%32%65%25%32%65/xml",
      "/documents/%25252e%25252e/xml",
      "/documents/.%252e/xml",
      "/%252525252525252e",
      // Slashes, backslashes, NUL and controls hidden by encoding.
      "/documents/..%2f..%2fxml",
      "/documents/..%5c..%5cxml",
      "/documents/%2e%2e%2fxml",
      "/documents%5c..",
      "/documents%2f.%2fxml",
      "/documents/x%255c..%255c..",
      "/documents/a%2f..;/xml",
      // A slash where a name should begin: who joins paths begins a new one there.
      "/documents/%2Fetc/passwd",
      "/documents/%5C%5Chost%5Cshare",
      "/documents/%252Fetc",
      "/documents/%2F%2Fhost",
      "/documents//%2Fetc",
      "/documents/%2F/x",
      "/documents/a%2F/%2Fb",
      "/documents/a/%5C%5Cb",
      "/documents/%255C%255Chost",
      "/documents/(S(x))%2F%2Fetc",
      "/documents/(S(x))%5Cetc",
      "/documents/a%2F\uFF0Fb",
      "/x/..%2F%2Fadmin",
      "/x/%2E%2E%2F%2Fadmin",
      "/x%2F%2F..%2F%2Fadmin",
      "/x%2F%2F..",
      "/x%5C%5C.%5Cadmin",
      "/x%252F%252F..%252Fadmin",
      "/documents/%ef%bc%8fetc",
      "/%2Fhost/x",
      "/documents/a%00.pdf",
      "/documents/a%2500.pdf",
      "/documents/a%0d%0aX:%20b",
      "/documents/a%250a",
      "/documents/a%7f",
      "/documents/a%09",
      // Overlong UTF-8 of '.', '/', '\', NUL, '%'.
      "/documents/%c0%ae%c0%ae/xml",
      "/documents/%c0%ae./xml",
      "/documents%c0%afxml",
      "/documents%c1%9cxml",
      "/documents/a%c0%80",
      "/documents/%c0%a52e%c0%a52e/xml",
      "/documents/%e0%80%ae%e0%80%ae/xml",
      "/documents%e0%80%afxml",
      "/documents/%f0%80%80%ae%f0%80%80%ae/xml",
      "/documents/%f8%80%80%80%ae/xml",
      "/documents/%fc%80%80%80%80%ae/xml",
      "/documents/%25c0%25ae%25c0%25ae/xml",
      // The same for decoders that take any byte for a continuation byte.
      "/documents/%c0%2e%c0%2e/xml",
      "/documents/%c0.%c0./xml",
      "/documents/%c0%ee%c0%ee/xml",
      "/documents/%c0n%c0n/xml",
      "/documents/..%c0%ef",
      "/documents/..%c0%efxml",
      "/documents/..%c1%dcxml",
      "/documents/%e0%40%ae%e0%40%ae/xml",
      // Escapes of two bytes, which scripts behind IIS take.
      "/documents/%25u002e%25u002e/xml",
      "/documents/%25u002e./xml",
      "/documents/%25uff0e%25uff0e/xml",
      "/documents/a%25u0000",
      // What ASP.NET takes out of a path, and characters that nobody sees.
      "/documents/.(S(x))./xml",
      "/documents/(S(x))../xml",
      "/documents/..(A(x)S(y))",
      "/documents/.(S(x)).",
      "/documents/.%e2%80%8b./xml",
      // Parameters, queries and streams behind the dots.
      "/documents/..;/xml",
      "/documents/..;a=b/xml",
      "/documents/..%3b/xml",
      "/documents/..%253b/xml",
      "/documents/.;/xml",
      "/documents/..%3fx",
      "/documents/..%23x",
      "/documents/..::$INDEX_ALLOCATION/xml",
      // What Windows drops from the end of a name.
      "/documents/.../xml",
      "/documents/..../xml",
      "/documents/..%20/xml",
      "/documents/.%20./xml",
      "/documents/%20../xml",
      // Look-alikes that a code page folds.
      "/documents/%ef%bc%8e%ef%bc%8e/xml",
      "/documents/..%ef%bc%8fxml",
      "/documents/..%ef%bc%bcxml",
      "/documents/..%e2%81%84xml",
      "/documents/..%e2%88%95xml",
      "/documents/%e2%80%a5/xml",
      "/documents/%e2%80%a4%e2%80%a4/xml",
      "/documents/..%c2%a0/xml",
      "/documents/..%a0/xml",
      "/documents/%85/xml",
      // Escapes that are none.
      "/%",
      "/%4",
      "/%zz",
      "/%4g",
      "/a%",
      "/100%",
      "/%u002e%u002e/xml",
      "/% 41",
      // In another dress, with what nobody sees, and with marks.
      "/x/\uFF0E\uFF0E/y",
      "/x/\uFE30/y",
      "/x/\u2025/y",
      "/x/\uFE19/y",
      "/x/\u2026",
      "/x/\uFE52\u2024",
      "/x/.\uFE0F./y",
      "/x/.\u061C./y",
      "/x/.\U000E0041./y",
      "/x/.\u3164./y",
      "/x/.\u0301./y",
      "/x/..\u20D0/y",
      "/x/..\u0589z/y",
      "/x/..\uFE54z/y",
      "/x/..\u1680/y",
      "/x/..\u2028/y",
      "/\u215F../y", // "1/.."
      "/x/..\u2044y",
      "/x/\uFF0Fetc",
      "/x/\uFF052e\uFF052e/y",
      "/x/\uFE6A2e\u066A2E/y",
      "/x/%EF%BC%85%EF%BC%92e./y",
      "/x/\uFF05u002e./y",
      "/x\uFF0500",
      "/x/%25uFE30/y",
  };
  for (const std::string& path : paths) {
    std::string decoded;
    bool plain = false;
    const Result<void> outcome = read_path(path, decoded, plain);
    EXPECT_FALSE(outcome.ok()) << path;
    EXPECT_EQ(outcome.error().cause, Cause::bad_target) << path;
  }
}

TEST(Path, WhetherAPathIsPlainIsTold) {
  RequestHead head;
  head.has_host = true;
  head.host = "a";
  for (const auto& [path, told] : std::vector<std::pair<std::string, bool>>{{"/a/b/", true},
                                                                            {"//xml", false},
                                                                            {"/a%41", false},
                                                                            {"/a/b?b//c", true},
                                                                            {"/A.b", true},
                                                                            {"/a.", false},
                                                                            {"/\xE1", false}}) {
    head.target = path;
    Target target;
    ASSERT_TRUE(read_target(head, true, 443, target).ok()) << path;
    EXPECT_EQ(target.plain, told) << path;
    EXPECT_EQ(target.path, path.substr(0, path.find('?')));
  }
}

TEST(Path, EveryControlIsRefusedOnceAndTwiceEncoded) {
  const char* digits = "0123456789abcdef";
  for (unsigned c = 0; c < 256; ++c) {
    const std::string escape = std::string(1, digits[c >> 4]) + digits[c & 15];
    const bool allowed = c > 0x1F && c != 0x7F;
    std::string decoded;
    bool plain = false;
    EXPECT_EQ(read_path("/a%" + escape + "b", decoded, plain).ok(), allowed) << escape;
    EXPECT_EQ(read_path("/a%25" + escape + "b", decoded, plain).ok(), allowed) << escape;
    EXPECT_EQ(read_path("/a%25u00" + escape + "b", decoded, plain).ok(), allowed) << escape;
  }
}

} // namespace
} // namespace ledgergate::http
