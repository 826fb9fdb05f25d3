#include "enrol/index.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace {

using namespace ledgergate::enrol;

Record record(const std::string& serial, const std::string& name) {
  Record out;
  out.serial = serial;
  out.name = name;
  out.issued = 1'700'000'000;
  out.until = 1'800'000'000;
  out.sans = {name + ".branch.internal"};
  return out;
}

Index three() {
  Index index;
  index.revocations = 7;
  index.records = {record("AA", "till"), record("BB", "till"), record("CC", "*.edge.lan")};
  index.records[0].revoked = 1'750'000'000;
  index.records[2].kind = Kind::server;
  index.records[2].sans = {"*.edge.lan", "192.168.0.5", "fd00::1", "a@b.cz", "urn:x:y"};
  return index;
}

TEST(Index, IsReadAsItWasWritten) {
  const Index index = three();
  const std::string text = index_text(index);
  std::string why;
  const auto again = parse_index(text, why);
  ASSERT_TRUE(again) << why;
  EXPECT_EQ(index_text(*again), text);
  EXPECT_EQ(again->revocations, 7U);
  ASSERT_EQ(again->records.size(), 3U);
  EXPECT_EQ(again->records[0].revoked, 1'750'000'000);
  EXPECT_FALSE(again->records[1].revoked);
  EXPECT_EQ(again->records[2].kind, Kind::server);
  EXPECT_EQ(again->records[2].sans, index.records[2].sans);
  EXPECT_TRUE(parse_index(index_text(Index()), why));
}

TEST(Index, FindsTheNewestOfANameAndKind) {
  const Index index = three();
  ASSERT_NE(index.newest(Kind::client, "till"), nullptr);
  EXPECT_EQ(index.newest(Kind::client, "till")->serial, "BB");
  EXPECT_EQ(index.newest(Kind::server, "till"), nullptr);
  EXPECT_EQ(index.newest(Kind::client, "nobody"), nullptr);
  EXPECT_TRUE(index.has_serial("CC"));
  EXPECT_FALSE(index.has_serial("DD"));
}

TEST(Index, WhatIsNoneNamesItsLine) {
  const std::string good = index_text(three());
  std::string why;
  for (const std::string& text : {std::string(), std::string("\n"), std::string("ledgergate-index 2\nrevocation-lists 1\n"),
                                  good.substr(0, good.size() - 1)}) {
    EXPECT_FALSE(parse_index(text, why)) << text;
    EXPECT_EQ(why, "is no index of certificates") << text;
  }
  EXPECT_FALSE(parse_index("ledgergate-index 1\nrevocation-lists -1\n", why));
  EXPECT_EQ(why, "line 2 can't be read");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  for (const std::string& text :
       {with("AA\t", "\t"), with("AA", "aa"), with("AA", "BB"), with("\tclient", "\tpeer"), with("\ttill", "\t"),
        with("1700000000", "soon"), with("1800000000", "1800000000x"), with("1750000000", "+"), with("till.branch", "till,,branch"),
        with("till.branch", "till branch"), with("\tclient", "")}) {
    EXPECT_FALSE(parse_index(text, why)) << text;
    EXPECT_TRUE(why.starts_with("line ")) << why;
  }
}

TEST(Index, NoDamageIsTakenForAnother) {
  const std::string good = index_text(three());
  std::mt19937 random(4);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = good;
    for (auto flips = 1 + random() % 3; flips > 0; --flips) text[random() % text.size()] = static_cast<char>(random() % 256);
    std::string why;
    const auto read = parse_index(text, why);
    // What is still an index says what stands there: written again it is the same text.
    if (read) {
      EXPECT_EQ(parse_index(index_text(*read), why)->records.size(), read->records.size()) << why;
    } else {
      EXPECT_NE(why, "");
    }
  }
}

TEST(Serial, IsReadAsToolsPrintIt) {
  EXPECT_EQ(plain_serial("8F:0a:b1"), "8F0AB1");
  EXPECT_EQ(plain_serial("8f0ab1"), "8F0AB1");
  EXPECT_EQ(plain_serial("till"), "");
  EXPECT_EQ(plain_serial(""), "");
  EXPECT_EQ(plain_serial("0x8F"), "");
}

TEST(Name, IsAFileNameAndAPartOfAHostName) {
  for (const std::string& name :
       std::vector<std::string>{"a", "till", "till-brno", "till_2", "kasa.brno.1", "7", "null", std::string(48, 'a')})
    EXPECT_EQ(name_mistake(name), "") << name;
  for (const std::string& name : std::vector<std::string>{"", ".", "..", "-a", "a-", ".a", "a.", "a..b", "a.-b", "A", "a b", "a/b",
                                                          "a\nb", "ž", "a:b", "*.a", "a,b", "server-a", std::string(49, 'a')})
    EXPECT_NE(name_mistake(name), "") << name;
}

TEST(San, IsAHostAnAddressAMailOrAUri) {
  for (const std::string& san : std::vector<std::string>{"a", "edge.lan", "*.edge.lan", "EDGE.lan", "192.168.0.5", "fd00::1",
                                                         "a@b.cz", "urn:x:y", "https://a/b?c", "my_pc"})
    EXPECT_EQ(san_mistake(san), "") << san;
  for (const std::string& san : std::vector<std::string>{"", "a b", "a,b", "a\tb", "a\nb", "a\"b", "a\\b", "*", "*.*.a", "a.*.b",
                                                         ".a", "a.", "účto.cz", "@a", "a@", ":x", "-a", std::string(256, 'a')})
    EXPECT_NE(san_mistake(san), "") << san;
  EXPECT_NE(san_mistake(std::string("a\0b", 3)), "");
}

TEST(San, IsNoLongerThanADnsNameCanBe) {
  const std::string label(63, 'a');
  const std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'a');
  ASSERT_EQ(longest.size(), 253U);
  for (const std::string& san : {label, longest, "*." + longest.substr(2), "*." + longest, "urn:" + std::string(251, 'a')})
    EXPECT_EQ(san_mistake(san), "") << san;
  for (const std::string& san : {label + 'a', longest + 'a', "*." + longest + 'a', "urn:" + std::string(252, 'a')})
    EXPECT_NE(san_mistake(san), "") << san;
}

} // namespace
