#include "inspect/content_type.h"

#include <gtest/gtest.h>

#include <string>

namespace ledgergate::inspect {
namespace {

std::string read(std::string_view value) {
  const auto charset = strict_charset(value);
  if (charset) return std::string(*charset);
  EXPECT_EQ(charset.error().cause, Cause::body_unreadable);
  return "refused";
}

TEST(ContentType, OfTheVendorsAndOfAllUsualClients) {
  struct Case {
    std::string_view value, charset;
  };
  constexpr Case kCases[] = {
      {"text/xml", ""},
      {"text/xml;", ""}, // docs/vendors.md, mServer
      {"text/xml; ", ""},
      {"", ""},
      {"text/xml; charset=Windows-1250", "Windows-1250"},
      {"text/xml;charset=Windows-1250", "Windows-1250"},
      {"text/xml ; charset=Windows-1250", "Windows-1250"},
      {"text/xml;\tcharset=Windows-1250;", "Windows-1250"},
      {"text/xml;; charset=utf-8", "utf-8"},
      {"TEXT/XML; CHARSET=\"utf-8\"", "utf-8"},
      {"application/json; charset=utf-8", "utf-8"},
      {"application/soap+xml; charset=utf-8; action=\"http://x/y;z\"", "utf-8"},
      {"multipart/related; boundary=\"----=_Part;1\"; type=\"text/xml\"; start=\"<a@b>\"", ""},
      {"text/xml; version=1.0; charset=utf-8; x=\"a \\\" b\"", "utf-8"},
      {"text/xml; title*=utf-8''a", ""},
      {"text/xml; x=\"\"", ""},
      {"text/xml; x=\"\xc5\xbelu\xc5\xa5\"; charset=utf-8", "utf-8"},
  };
  for (const auto& [value, charset] : kCases) EXPECT_EQ(read(value), charset) << value;
}

TEST(ContentType, WhatReadsInTwoWaysIsRefused) {
  for (const std::string_view value : {
           "text/xml; charset=utf-8; charset=utf-7",
           "text/xml; charset=utf-8; charset=utf-8",
           "text/xml; charset=utf-8; Charset=utf-16",
           "text/xml; x=\"; charset=utf-7\"",
           "text/xml; x=\"; charset=utf-7\"; charset=utf-8",
           "text/xml; charset=utf-8; x=\"; charset=utf-7\"",
           "text/xml; x=\"charset=utf-7",
           "text/xml; x=\"\\\"; charset=utf-7",
           "text/xml; charset*=utf-8''utf-7",
           "text/xml; charset*=utf-7",
           "text/xml; charset*0=utf-; charset*1=7",
           "text/xml; charset*0*=utf-8''utf-7",
           "text/xml; charset=utf-8; charset*=utf-7",
           "text/xml; x-charset=utf-7",
           "text/xml; charset-x=utf-7",
           "text/charset=utf-7",
           "charset=utf-7/xml",
           "charset/xml",
           "text/xml; charset = utf-8",
           "text/xml; charset =utf-8",
           "text/xml; charset= utf-8",
           "text/xml; charset=",
           "text/xml; charset=\"\"",
           "text/xml; charset",
           "text/xml; charset=\"utf-8",
           "text/xml; charset=utf-8\"",
           "text/xml; charset=\"utf\\-8\"",
           "text/xml; charset=\"utf-8\"7",
           "text/xml; charset='utf-8' x",
           "text/xml; charset=utf-8 charset=utf-7",
           "text/xml; charset=utf-8, text/xml; charset=utf-7",
           "text/xml, text/xml",
           "text/xml, text/html;",
           "text/xml charset=utf-8",
           "text/xml: charset=utf-7",
           "text/xml (charset=utf-7)",
           "text/xml; (charset=utf-7) charset=utf-8",
           "text",
           "text/",
           "/xml",
           "text /xml",
           "text/ xml",
           "; charset=utf-7",
           ";",
           "text/xml; =utf-8",
           "text/xml; x=a;b",
           "text/xml; x=a b",
           "text/xml;\vcharset=utf-7",
           "text/xml;\xc2\xa0"
           "charset=utf-7",
       })
    EXPECT_EQ(read(value), "refused") << value;
}

} // namespace
} // namespace ledgergate::inspect
