#include "inspect/outcome.h"

#include "feeding.h"

#include <gtest/gtest.h>

#include <zlib.h>

namespace {

using namespace ledgergate;
using namespace ledgergate::inspect;
using settings::Profile;

Outcome read(Profile profile, std::string_view body, std::string_view type = {},
             std::optional<http::Coding> coding = http::Coding::identity) {
  std::optional<Outcome> first;
  for (const auto& pieces : ways_to_cut(body)) {
    OutcomeReader reader(profile, type, coding);
    for (const std::string_view piece : pieces) reader.feed(piece);
    reader.finish();
    EXPECT_FALSE(reader.curious());
    const Outcome& one = reader.outcome();
    if (!first) first = one;
    EXPECT_EQ(one.state, first->state) << body;
    EXPECT_EQ(one.ok, first->ok);
    EXPECT_EQ(one.warning, first->warning);
    EXPECT_EQ(one.error, first->error);
    EXPECT_EQ(one.partial, first->partial) << body;
  }
  return *first;
}

constexpr std::string_view kPack =
    R"(<rsp:responsePack xmlns:rsp="http://www.stormware.cz/schema/version_2/response.xsd" version="2.0" )";

TEST(Outcome, IsReadFromTheExamplesOfTheVendors) {
  // docs/vendors.md, mServer, as it is printed: an end tag that has no start.
  const Outcome example = read(Profile::mserver,
                               "<?xml version=\"1.0\" encoding=\"Windows-1250\"?>\n"
                               "<rsp:responsePack version=\"2.0\" id=\"Z001\" state=\"ok\" programVersion=\"11600.32 (8.2.2017)\" "
                               "ico=\"12345678\" note=\"export z\xE1sob\" "
                               "xmlns:rsp=\"http://www.stormware.cz/schema/version_2/response.xsd\" "
                               "xmlns:lStk=\"http://www.stormware.cz/schema/version_2/list_stock.xsd\" "
                               "xmlns:stk=\"http://www.stormware.cz/schema/version_2/stock.xsd\">\n"
                               "  <rsp:responsePackItem version=\"2.0\" id=\"0001\" state=\"ok\">\n"
                               "    <lStk:listStock version=\"2.0\" dateTimeStamp=\"2017-02-09T13:09:45\" state=\"ok\">\n"
                               "      <lStk:stock version=\"2.0\"><stk:stockHeader><s>true</stk:isInternet></stk:stockHeader>\n",
                               "text/xml; charset=Windows-1250");
  EXPECT_EQ(example.state, State::ok);
  EXPECT_EQ(example.ok, 1U);
  EXPECT_TRUE(example.partial);
  // docs/vendors.md, Shops: version 1 of the namespace, and a header that says another charset.
  const Outcome shop =
      read(Profile::eshop,
           "<?xml version=\"1.0\" encoding=\"Windows-1250\"?>\n"
           "<rsp:responsePack xmlns:rsp=\"http://www.stormware.cz/schema/response.xsd\" note=\"response from the EShop\" "
           "application=\"eShop\" state=\"ok\" id=\"00000001\" version=\"1.0\" ></rsp:responsePack>\n",
           "text/xml; charset=utf-8");
  EXPECT_EQ(shop.state, State::ok);
  EXPECT_FALSE(shop.partial);
  // docs/vendors.md, ApiComPrem.
  EXPECT_EQ(
      read(Profile::apicomprem, R"({ "Result":"OK", "CommandIn":"INFO", "Data": [ { "CommList": [ { "INFO": { "ID": 100 )").state,
      State::ok);
  EXPECT_EQ(read(Profile::apicomprem,
                 R"({ "Result":"ERR", "CommandIn":"INFO", "Error": [ { "number":502, "desc":"Tabulka sa nenasla." } ], )"
                 R"("Warning": [ { "desc":"chyba" } ] })")
                .state,
            State::error);
  EXPECT_EQ(read(Profile::apicomprem, R"({ "Result": "ERR", /* OK/ERR */ "CommandIn": "FA_OUT", /* n */ "Error": [] })").state,
            State::error);
}

TEST(Outcome, CountsTheStatesOfItems) {
  std::string body = std::string(kPack) + "state=\"error\">";
  for (const std::string_view state : {"ok", "error", "ok", "warning", "odd", "OK"})
    body += "<rsp:responsePackItem state=\"" + std::string(state) + "\"><x state=\"error\"/></rsp:responsePackItem>";
  body += "</rsp:responsePack>";
  const Outcome got = read(Profile::mserver, body);
  EXPECT_EQ(got.state, State::error);
  EXPECT_EQ(got.ok, 3U);
  EXPECT_EQ(got.error, 1U);
  EXPECT_EQ(got.warning, 1U);
  EXPECT_FALSE(got.partial);
}

TEST(Outcome, MakesABoundedEffort) {
  std::string many = std::string(kPack) + "state='ok'>";
  for (int i = 0; i < 12'000; ++i) many += "<rsp:responsePackItem state='ok'/>";
  OutcomeReader items(Profile::mserver, {}, http::Coding::identity);
  items.feed(many);
  EXPECT_FALSE(items.curious());
  EXPECT_EQ(items.outcome().ok, 10'000U);
  EXPECT_TRUE(items.outcome().partial);

  OutcomeReader bytes(Profile::mserver, {}, http::Coding::identity);
  bytes.feed(std::string(kPack) + "state='ok'><rsp:responsePackItem state='ok'/>");
  const std::string filler(64 * 1024, 'x');
  for (int i = 0; i < 15; ++i) bytes.feed(filler);
  EXPECT_TRUE(bytes.curious());
  bytes.feed(filler);
  EXPECT_FALSE(bytes.curious());
  EXPECT_EQ(bytes.outcome().state, State::ok);
  EXPECT_TRUE(bytes.outcome().partial);

  OutcomeReader json(Profile::apicomprem, {}, http::Coding::identity);
  json.feed(R"({"Result":"OK")");
  EXPECT_FALSE(json.curious()) << "all is known";
}

TEST(Outcome, IsUnknownWhereNothingIsSaid) {
  for (const std::string_view body : {"", "OK", "<html><body>500</body></html>", "<!DOCTYPE html><rsp:responsePack state='ok'/>",
                                      "<responsePack/>", "<responsePack state='maybe'/>", "{\"Result\":\"OK\"}", "\x1F\x8B"})
    EXPECT_EQ(read(Profile::mserver, body).state, State::unknown) << body;
  for (const std::string_view body :
       {"", "OK", "<a/>", "[]", "{}", R"({"a":{"Result":"OK"}})", R"({"Result":1})", R"({"Result":"FINE"})", R"({"Result":")",
        R"({"Result":"OK and then some more"})", R"({"Result":"ExxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxRR"})"})
    EXPECT_EQ(read(Profile::apicomprem, body).state, State::unknown) << body;
  EXPECT_EQ(read(Profile::http, "<responsePack state='ok'/>").state, State::unknown);
  EXPECT_EQ(read(Profile::mserver, "<responsePack state='ok'/>", {}, std::nullopt).state, State::unknown);
}

TEST(Outcome, IsReadThroughCompression) {
  const std::string body = std::string(kPack) + "state='error'><rsp:responsePackItem state='error'/></rsp:responsePack>";
  std::string packed(1024, '\0');
  z_stream z{};
  ASSERT_EQ(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  z.next_in = reinterpret_cast<const Bytef*>(body.data());
  z.avail_in = static_cast<uInt>(body.size());
  z.next_out = reinterpret_cast<Bytef*>(packed.data());
  z.avail_out = static_cast<uInt>(packed.size());
  ASSERT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  packed.resize(packed.size() - z.avail_out);
  deflateEnd(&z);
  const Outcome got = read(Profile::mserver, packed, "text/xml", http::Coding::gzip);
  EXPECT_EQ(got.state, State::error);
  EXPECT_EQ(got.error, 1U);
  EXPECT_FALSE(got.partial);
}

TEST(Outcome, IsReadInAnyEncoding) {
  EXPECT_EQ(read(Profile::mserver, "<?xml version='1.0' encoding='KOI8-R'?><responsePack note='\xC1\xE1' state='ok'/>").state,
            State::ok);
  const std::string_view ascii = "<responsePack state='error'/>";
  std::string wide = "\xFE\xFF";
  for (const char c : ascii) wide += std::string{'\0', c};
  EXPECT_EQ(read(Profile::mserver, wide, "text/xml; charset=utf-8").state, State::error);
}

} // namespace
