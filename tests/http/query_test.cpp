#include "http/query.h"

#include <gtest/gtest.h>

namespace ledgergate::http {
namespace {

TEST(Query, IsDecoded) {
  EXPECT_EQ(percent_decoded(""), "");
  EXPECT_EQ(percent_decoded("a+b%20%41%c3%a9%00"), std::string("a+b A\xc3\xa9\0", 8));
}

TEST(Query, WhatIsNotWellMadeIsNothing) {
  for (const char* text : {"%", "%4", "%zz", "%4z", "a%", "%%41"}) EXPECT_FALSE(percent_decoded(text)) << text;
}

} // namespace
} // namespace ledgergate::http
