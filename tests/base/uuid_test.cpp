#include "base/uuid.h"

#include <gtest/gtest.h>

namespace {

using ledgergate::normalise_uuid;

constexpr std::string_view kUnit = "0f8fad5b-d9cb-469f-a165-70867728950e";

TEST(Uuid, HasOneFormWhateverItsSpelling) {
  for (const std::string_view text :
       {"0f8fad5b-d9cb-469f-a165-70867728950e", "0F8FAD5B-D9CB-469F-A165-70867728950E", "0f8fad5bd9cb469fa16570867728950e",
        "{0f8fad5b-d9cb-469f-a165-70867728950e}", "(0f8fad5b-d9cb-469f-a165-70867728950e)", "{0F8FAD5BD9CB469FA16570867728950E}",
        "urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e", "URN:UUID:{0f8fad5b-d9cb-469f-a165-70867728950e}",
        " \t0f8fad5b-d9cb-469f-a165-70867728950e ", "0f8f-ad5b-d9cb-469f-a165-7086-7728-950e"})
    EXPECT_EQ(normalise_uuid(text), kUnit) << text;
}

TEST(Uuid, IsThirtyTwoHexDigitsAndNothingElse) {
  for (const std::string_view text : {"",
                                      " ",
                                      "-",
                                      "{}",
                                      "urn:uuid:",
                                      "0f8fad5b-d9cb-469f-a165-70867728950",
                                      "0f8fad5b-d9cb-469f-a165-70867728950e0",
                                      "0f8fad5b-d9cb-469f-a165-70867728950g",
                                      "{0f8fad5b-d9cb-469f-a165-70867728950e",
                                      "0f8fad5b-d9cb-469f-a165-70867728950e}",
                                      "{0f8fad5b-d9cb-469f-a165-70867728950e)",
                                      "{{0f8fad5b-d9cb-469f-a165-70867728950e}}",
                                      "-0f8fad5bd9cb469fa16570867728950e",
                                      "{0x0f8fad5b,0xd9cb,0x469f,{0xa1,0x65,0x70,0x86,0x77,0x28,0x95,0x0e}}",
                                      "0x8fad5b-d9cb-469f-a165-70867728950e",
                                      "+f8fad5b-d9cb-469f-a165-70867728950e",
                                      "\xc2\xa0"
                                      "0f8fad5b-d9cb-469f-a165-70867728950e",
                                      "0f8fad5b-d9cb-469f-a165-70867728950e\xe2\x80\x83",
                                      "{ 0f8fad5b-d9cb-469f-a165-70867728950e }",
                                      "\v0f8fad5b-d9cb-469f-a165-70867728950e",
                                      "f8fad5b-d9cb-469f-a165-70867728950e",
                                      "0f8fad5bd9cb469fa16570867728950e-",
                                      "0f8fad5b d9cb 469f a165 70867728950e",
                                      "uuid:0f8fad5b-d9cb-469f-a165-70867728950e",
                                      "0f8fad5b-d9cb-469f-a165-70867728950e,0f8fad5b-d9cb-469f-a165-70867728950e"})
    EXPECT_FALSE(normalise_uuid(text)) << text;
  EXPECT_FALSE(normalise_uuid(std::string_view("0f8fad5b-d9cb-469f-a165-70867728950e\0", 37)));
}

} // namespace
