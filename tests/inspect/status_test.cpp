#include "inspect/status.h"

#include <gtest/gtest.h>

namespace {

using namespace ledgergate::inspect;

TEST(ServerStatus, IsReadFromTheVendorsExamples) {
  const auto plain = read_status(R"(<?xml version="1.0" encoding="UTF-8"?>
<mserver>
  <message>Response from POHODA mServer</message>
  <server>http://C0508P:444</server>
  <status>idle</status>
  <processing>0</processing>
</mserver>
)",
                                 "text/xml;");
  EXPECT_EQ(plain.business, Business::idle);
  EXPECT_EQ(plain.processing, 0U);
  EXPECT_EQ(plain.server, "http://C0508P:444");
  EXPECT_EQ(plain.company, "");

  const auto detail = read_status(R"(<?xml version="1.0" encoding="UTF-8"?>
<mserver>
  <message>Response from POHODA mServer</message>
  <server>http://C0508P:444</server>
  <status>idle</status>
  <processing>0</processing>
  <companyDetail>
   <company>Novák</company>
   <databaseName>12345678_2021.mdb</databaseName>
   <year>2021</year>
   <period>2021</period>
  </companyDetail>
</mserver>
)",
                                  "text/xml;");
  EXPECT_EQ(detail.company, "Novák");
  EXPECT_EQ(detail.database, "12345678_2021.mdb");
  EXPECT_EQ(detail.year, "2021");
  EXPECT_EQ(detail.period, "2021");
}

TEST(ServerStatus, SaysThatTheServerWorks) {
  const auto busy = read_status("<mserver><name>Kasa 1</name><status> Working\n</status><processing>3</processing></mserver>", "");
  EXPECT_EQ(busy.business, Business::working);
  EXPECT_EQ(busy.processing, 3U);
  EXPECT_EQ(busy.name, "Kasa 1");
}

TEST(ServerStatus, IsReadInOtherEncodings) {
  const auto got = read_status("<?xml version=\"1.0\" encoding=\"Windows-1250\"?><mserver><status>idle</status><companyDetail>"
                               "<company>Nov\xE1k &amp; syn</company></companyDetail></mserver>",
                               "text/xml; charset=Windows-1250");
  EXPECT_EQ(got.business, Business::idle);
  EXPECT_EQ(got.company, "Novák & syn");
  const std::string_view ascii = "<mserver><status>working</status></mserver>";
  std::string wide = "\xFF\xFE";
  for (const char c : ascii) wide += std::string{c, '\0'};
  EXPECT_EQ(read_status(wide, "").business, Business::working);
}

TEST(ServerStatus, KeepsWhatWasSaidBeforeItBroke) {
  const auto got = read_status("<mserver><status>working</status><processing>2</processing><name>", "");
  EXPECT_EQ(got.business, Business::working);
  EXPECT_EQ(got.processing, 2U);
}

TEST(ServerStatus, IsReadFromPlainText) {
  EXPECT_EQ(read_status("Response from POHODA mServer\r\nstatus: idle\r\nprocessing: 0\r\n", "text/plain").business,
            Business::idle);
  EXPECT_EQ(read_status("status=Working; processing=12", "").business, Business::working);
  EXPECT_EQ(read_status("status=Working; processing=12", "").processing, 12U);
  EXPECT_EQ(read_status("OK", "").business, Business::unknown);
  EXPECT_EQ(read_status("idle or working?", "").business, Business::unknown);
  EXPECT_EQ(read_status("idleness", "").business, Business::unknown);
}

TEST(ServerStatus, IsUnknownWhereNothingIsSaid) {
  for (const std::string_view body : {"", "<html><body>status idle</body></html>", "<mserver/>",
                                      "<mserver><status>resting</status><processing>many</processing></mserver>",
                                      "<mserver><other><status>idle</status></other></mserver>", "\xFF\xFE",
                                      "<!DOCTYPE mserver><mserver><status>idle</status></mserver>"}) {
    const auto got = read_status(body, "text/xml");
    EXPECT_EQ(got.business, Business::unknown) << body;
    EXPECT_EQ(got.processing, std::nullopt) << body;
  }
}

TEST(ServerStatus, KeepsItsTextsShort) {
  EXPECT_EQ(read_status("<mserver><name>" + std::string(5000, 'x') + "</name></mserver>", "").name.size(), 256U);
  EXPECT_EQ(read_status("<mserver>" + std::string(100'000, ' ') + "<status>idle</status></mserver>", "").business,
            Business::unknown);
}

} // namespace
