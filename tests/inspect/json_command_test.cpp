#include "inspect/json_command.h"

#include "feeding.h"

#include <gtest/gtest.h>

namespace {

using namespace ledgergate;
using namespace ledgergate::inspect;
using Names = std::vector<std::string>;

struct Read {
  bool ok = false;
  std::string why;
  JsonRequest request;
};

Read read(std::string_view json, std::string_view header_charset = {}) {
  Read first;
  bool have = false;
  for (const auto& pieces : ways_to_cut(json)) {
    JsonCommand reader(header_charset);
    const auto done = feed_all(reader, pieces);
    Read one{done.ok(), done ? "" : std::string(done.error().detail), reader.request()};
    if (!have) first = one;
    have = true;
    EXPECT_EQ(one.ok, first.ok) << json;
    EXPECT_EQ(one.why, first.why) << json;
    EXPECT_EQ(one.request.operations, first.request.operations) << json;
  }
  return first;
}

void expect(std::string_view json, const Names& operations) {
  const Read got = read(json);
  EXPECT_TRUE(got.ok) << json << ": " << got.why;
  EXPECT_EQ(got.request.operations, operations) << json;
}
void expect_refused(std::string_view json, std::string_view why) { EXPECT_EQ(read(json).why, why) << json; }

TEST(JsonCommand, ReadsTheExamplesOfTheManual) {
  expect(R"({ "command": { "inComm": "INFO", "inParam": { "parameters": { "prikaz": "FULL" } } } })", {"INFO"});
  expect(R"({"select": "select top 10 * from partnery"})", {"select"});
  expect(R"({ "command": { "inComm": "PARTNERI_ADD", "inParam": { "parameters": { "typCmd": null } } }, "Data": { "INTER": 0, )"
         R"("ODBERATEL": true, "ID": "057fe3f7-3363-49ab-88bc-8c6342ad9a33", "CISLO": "0123456789", "NAZEV": "Test ADD", )"
         R"("ALT_NAZEV": null, "ULICE": null, "PSC": null, "MESTO": null, "STAT": null, "ICO": null, "DIC": null, )"
         R"("KON_PRIJEM": null, "MOBIL": null, "E_MAIL": null } })",
         {"PARTNERI_ADD"});
  const std::string fields =
      R"("queryFields": [ { "tableName": "FA_OUT", "tableFields": )"
      R"("INTER,CISLO,ZKKOD,STKOD,K_SYMBOL,OBJEDNAVKA,DOD_LIST,BANKA_DOKL,BANKA_NAZ" },)"
      R"({ "tableName": "POLOZKY", "tableFields": "FAKTURA,MNOZSTVI,CENA_MJ,CENA_SLV,CENA,CENA_DPH,SAZBA_DPH" } ])";
  const std::string condition = R"("queryCondition": { "tableName": "FA_OUT", "conditions": )"
                                R"([ { "fieldName": "INTER", "relationalOperator": "=", "value": "15" } ] })";
  // "K príkazu command sa môže pridať": beside it, or in it.
  expect(R"({"command":{"inComm":"FA_OUT"},)" + fields + "," + condition + "}", {"FA_OUT"});
  expect(R"({"command":{"inComm":"FA_OUT",)" + fields + "," + condition + "}}", {"FA_OUT"});
  // "Johnson & Johnson", as a browser must send it, and as the vendor's manual prints it.
  expect(R"({"command":{"inComm":"PARTNERI_ADD"},"Data":{"NAZEV":"Johnson%26 Johnson"}})", {"PARTNERI_ADD"});
  expect(R"({"command":{"inComm":"PARTNERI_ADD"},"Data":{"NAZEV":"Johnson% 26 Johnson"}})", {"PARTNERI_ADD"});
  expect("{\"command\":{\"inComm\":\"VERZEAPI\"}}\r\n\r\n", {"VERZEAPI"});
}

TEST(JsonCommand, FoldsTheCaseOfNames) {
  expect(R"({"COMMAND":{"INCOMM":"Info"}})", {"Info"});
  expect(R"({"Select":"x"})", {"select"});
  expect(R"({"comm\u0061nd":{"in\u0043omm":"IN\u0046O"}})", {"INFO"});
}

TEST(JsonCommand, SeesCommandAndSelectTogether) {
  expect(R"({"command":{"inComm":"INFO"},"select":"drop table x"})", {"INFO", "select"});
  expect(R"({"command":{"inComm":"INFO","SELECT":"drop table x"}})", {"INFO", "select"});
  expect(R"({"command":{"inComm":"INFO"},"select":null})", {"INFO"});
  expect(R"({"command":null,"select":"x"})", {"select"});
}

TEST(JsonCommand, LeavesDataAndParametersAlone) {
  expect(
      R"({"command":{"inComm":"X","inParam":{"parameters":{"select":1,"command":"y","inComm":[2]}}},"Data":[{"select":1},{"command":{}}]})",
      {"X"});
}

TEST(JsonCommand, RefusesASecondCommand) {
  expect_refused(R"({"command":{"inComm":"INFO"},"command":{"inComm":"X"}})", "a name appears twice in an object of the JSON");
  expect_refused(R"({"command":{"inComm":"INFO"},"Command":{"inComm":"X"}})", "a name appears twice in an object of the JSON");
  expect_refused(R"({"command":{"inComm":"INFO","INCOMM":"X"}})", "a name appears twice in an object of the JSON");
  expect_refused(R"({"command":[{"inComm":"INFO"},{"inComm":"X"}]})", "the command is not an object");
  expect_refused(R"({"command":{"inComm":["INFO","X"]}})", "inComm is not a string");
  expect_refused(R"({"command":{"inComm":null}})", "inComm is not a string");
  expect_refused(R"({"command":{"inComm":"INFO","command":{"inComm":"X"}}})", "a command inside something else");
  expect_refused(R"({"command":{"inComm":"INFO","inParam":{"inComm":"X"}}})", "a command inside something else");
  expect_refused(R"({"command":{"inComm":"INFO"},"queryFields":[{"select":"x"}]})", "a command inside something else");
  expect_refused(R"({"command":{"inComm":"INFO"},"queryCondition":{"a":[[{"b":{"SELECT":"x"}}]]}})",
                 "a command inside something else");
}

TEST(JsonCommand, RefusesNamesThatAreNotKnown) {
  expect_refused(R"({"command":{"inComm":"INFO"},"sql":"x"})", "the JSON has a top-level name that is not known");
  expect_refused(R"({"inComm":"INFO"})", "the JSON has a top-level name that is not known");
  expect_refused("{\"\xC5\xBF"
                 "elect\":\"x\"}",
                 "the JSON has a top-level name that is not known"); // U+017F folds to s
  expect_refused("{\"command\":{\"inComm\":\"INFO\",\"\xC5\xBF"
                 "elect\":\"x\"}}",
                 "a name in the command is not ASCII");
  expect_refused(R"({"command":{"inComm":"INFO","$type":"x"}})", "a name of the JSON begins with a dollar sign");
  expect_refused(R"({"command":{"inComm":"INFO"},"Data":{"$ref":"1"}})", "a name of the JSON begins with a dollar sign");
}

TEST(JsonCommand, RefusesWhatPercentDecodingWouldChange) {
  expect_refused(R"({"command":{"inComm":"INFO"},"Data":{"a%62":1}})", "a percent sign in a name of the JSON");
  expect_refused(R"({"comm%61nd":{"inComm":"INFO"}})", "a percent sign in a name of the JSON");
  expect_refused(R"({"command":{"inComm":"IN%46O"}})", "inComm is not a plain name");
  for (const std::string_view value : {"%22", "a%22,%22select%22:%22x", "%5C", "%5c", "%u0022", "%U005c", "%%22", "%2%22"})
    expect_refused(R"({"command":{"inComm":"INFO"},"Data":{"a":")" + std::string(value) + "\"}}",
                   "a percent-encoded quote or backslash in the JSON");
  for (const std::string_view value : {"100 %", "%2", "%2 2", "%20", "%23%24", "%u0041", "%u00", "2%", "22%"})
    expect(R"({"command":{"inComm":"INFO"},"Data":{"a":")" + std::string(value) + "\",\"b\":\"22\"}}", {"INFO"});
}

TEST(JsonCommand, RefusesCommandsThatAreNotPlainNames) {
  for (const std::string_view name : {"", " INFO", "INFO ", "IN FO", "INFO;X", "INFO\\n", "INF\\u00d3", "a/b", "a*"})
    expect_refused(R"({"command":{"inComm":")" + std::string(name) + "\"}}", "inComm is not a plain name");
  expect_refused(R"({"command":{"inComm":")" + std::string(65, 'A') + "\"}}", "inComm is too long");
}

TEST(JsonCommand, RefusesABodyWithoutACommand) {
  for (const std::string_view json : {"{}", R"({"command":null})", R"({"command":{}})", R"({"Data":{}})", R"({"select":null})"})
    expect_refused(json, "the JSON names no command");
  expect_refused(R"({"select":{"a":1}})", "select is not a string");
  expect_refused(R"({"command":"INFO"})", "the command is not an object");
}

TEST(JsonCommand, GoesByACharsetThatKeepsTheStructure) {
  constexpr std::string_view good = R"({"command":{"inComm":"INFO"}})";
  for (const std::string_view charset : {"", "utf-8", "UTF8", "windows-1250", "iso-8859-2"})
    EXPECT_TRUE(read(good, charset).ok) << charset;
  for (const std::string_view charset : {"utf-16", "utf-7", "x"})
    EXPECT_EQ(read(good, charset).why, "the charset of the Content-Type is not that of JSON") << charset;
}

} // namespace
