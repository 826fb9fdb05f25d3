#include "observe/access_log.h"

#include "../allocations.h"
#include "flat_json.h"

#include <gtest/gtest.h>

#include <array>

namespace ledgergate::observe {
namespace {

using settings::LogFormat;

std::string line_of(const AccessRecord& record, LogFormat format = LogFormat::json, const std::vector<std::string>& mask = {}) {
  std::string line;
  append_line(record, format, mask, line);
  return line;
}

std::map<std::string, std::string> fields_of(const AccessRecord& record) {
  const std::string line = line_of(record);
  EXPECT_TRUE(line.ends_with('\n'));
  const auto fields = flat_json::Reader(std::string_view(line).substr(0, line.size() - 1)).object();
  EXPECT_TRUE(fields.has_value()) << line;
  return fields.value_or(std::map<std::string, std::string>{});
}

AccessRecord import_of_an_order() {
  AccessRecord record;
  record.unix_micros = 1'769'860'800'123'456; // 2026-01-31T12:00:00.123456Z
  record.request_id = "0190f2a4";
  record.listener = "internet";
  record.client_ip = "203.0.113.9";
  record.client_port = 50123;
  record.client_name = "till-brno";
  record.proof = "certificate,key";
  record.tls_version = "TLSv1.3";
  record.tls_cipher = "TLS_AES_128_GCM_SHA256";
  record.tls_sni = "ucto.example.cz";
  record.method = "POST";
  record.host = "ucto.example.cz";
  record.path = "/xml";
  record.query = "a=1";
  record.has_query = true;
  record.http_version = "1.1";
  record.route = "books";
  record.server = "pohoda";
  record.status = 200;
  record.bytes_in = 673;
  record.bytes_out = 18'446'744'073'709'551'615u;
  record.head_micros = 5;
  record.connect_micros = 1'234;
  record.first_byte_micros = 0;
  record.total_micros = 61'000'789;
  record.forwarded = true;
  return record;
}

TEST(AccessLog, json_line_carries_every_field) {
  EXPECT_EQ(
      line_of(import_of_an_order()),
      R"({"time":"2026-01-31T12:00:00.123Z","id":"0190f2a4","listener":"internet","client":"203.0.113.9","port":50123,)"
      R"("client_name":"till-brno","proof":"certificate,key","tls":"TLSv1.3","cipher":"TLS_AES_128_GCM_SHA256","sni":"ucto.example.cz","method":"POST",)"
      R"("host":"ucto.example.cz","path":"/xml","query":"a=1","http":"1.1","route":"books","server":"pohoda","status":200,)"
      R"("bytes_in":673,"bytes_out":18446744073709551615,"head_ms":0.005,"connect_ms":1.234,"first_byte_ms":0.000,)"
      R"("total_ms":61000.789,"forwarded":"maybe"})"
      "\n");
}

TEST(AccessLog, text_line_carries_every_field) {
  EXPECT_EQ(
      line_of(import_of_an_order(), LogFormat::text),
      "time=2026-01-31T12:00:00.123Z id=0190f2a4 listener=internet client=203.0.113.9 port=50123 client_name=till-brno "
      "proof=certificate,key "
      "tls=TLSv1.3 cipher=TLS_AES_128_GCM_SHA256 sni=ucto.example.cz method=POST host=ucto.example.cz path=/xml query=\"a=1\" "
      "http=1.1 route=books server=pohoda status=200 bytes_in=673 bytes_out=18446744073709551615 head_ms=0.005 connect_ms=1.234 "
      "first_byte_ms=0.000 total_ms=61000.789 forwarded=maybe\n");
}

TEST(AccessLog, what_did_not_happen_leaves_no_field) {
  AccessRecord record;
  record.client_ip = "::1";
  EXPECT_EQ(line_of(record),
            "{\"time\":\"1970-01-01T00:00:00.000Z\",\"client\":\"::1\",\"status\":0,\"bytes_in\":0,\"bytes_out\":0,"
            "\"total_ms\":0.000,\"forwarded\":\"no\"}\n");
}

TEST(AccessLog, failure_names_its_side_and_cause_and_whether_the_request_left) {
  AccessRecord record = import_of_an_order();
  record.status = 504;
  record.reused_connection = true;
  record.failure = Error{Cause::reply_timeout, "no head after 120 s"};
  const auto fields = fields_of(record);
  EXPECT_EQ(fields.at("side"), "upstream");
  EXPECT_EQ(fields.at("cause"), "reply_timeout");
  EXPECT_EQ(fields.at("detail"), "no head after 120 s");
  EXPECT_EQ(fields.at("forwarded"), "maybe");
  EXPECT_EQ(fields.at("reused"), "true");
  EXPECT_NE(line_of(record, LogFormat::text).find(" side=upstream cause=reply_timeout detail=\"no head after 120 s\"\n"),
            std::string::npos);
}

TEST(AccessLog, an_empty_query_is_told_from_none) {
  AccessRecord record;
  record.has_query = true;
  EXPECT_EQ(fields_of(record).at("query"), "");
  EXPECT_NE(line_of(record, LogFormat::text).find(" query=\"\" "), std::string::npos);
}

TEST(AccessLog, dates_are_right_at_the_turns_of_years_and_in_leap_years) {
  AccessRecord record;
  const auto time_at = [&record](std::int64_t second) {
    record.unix_micros = second * 1'000'000 + 999'999;
    return fields_of(record).at("time");
  };
  EXPECT_EQ(time_at(951'782'399), "2000-02-28T23:59:59.999Z");
  EXPECT_EQ(time_at(951'782'400), "2000-02-29T00:00:00.999Z");
  EXPECT_EQ(time_at(1'798'761'599), "2026-12-31T23:59:59.999Z");
  EXPECT_EQ(time_at(1'798'761'600), "2027-01-01T00:00:00.999Z");
  EXPECT_EQ(time_at(4'107'542'400), "2100-03-01T00:00:00.999Z");
}

// --- what callers can put into a field
// --------------------------------------------------------------------------------------------

struct TextField {
  std::string name;
  std::string_view AccessRecord::*member;
};
const std::array kTextFields{
    TextField{"id", &AccessRecord::request_id},    TextField{"listener", &AccessRecord::listener},
    TextField{"client", &AccessRecord::client_ip}, TextField{"client_name", &AccessRecord::client_name},
    TextField{"tls", &AccessRecord::tls_version},  TextField{"cipher", &AccessRecord::tls_cipher},
    TextField{"sni", &AccessRecord::tls_sni},      TextField{"method", &AccessRecord::method},
    TextField{"host", &AccessRecord::host},        TextField{"path", &AccessRecord::path},
    TextField{"query", &AccessRecord::query},      TextField{"http", &AccessRecord::http_version},
    TextField{"route", &AccessRecord::route},      TextField{"server", &AccessRecord::server},
};

class EveryField : public testing::TestWithParam<TextField> {};
INSTANTIATE_TEST_SUITE_P(AccessLog, EveryField, testing::ValuesIn(kTextFields), [](const auto& field) { return field.param.name; });

AccessRecord with(const TextField& field, std::string_view value) {
  AccessRecord record = import_of_an_order();
  record.*field.member = value;
  return record;
}

TEST_P(EveryField, cannot_end_its_string_or_add_a_field) {
  const std::string attack = "x\",\"status\":999,\"x\":\"\\";
  const auto fields = fields_of(with(GetParam(), attack));
  EXPECT_EQ(fields.at(GetParam().name), attack);
  EXPECT_EQ(fields.at("status"), "200");
  const std::string text = line_of(with(GetParam(), "a\" status=999 b=\"\\"), LogFormat::text);
  EXPECT_NE(text.find(" " + GetParam().name + "=\"a\\\" status=999 b=\\\"\\\\\" "), std::string::npos) << text;
}

TEST_P(EveryField, cannot_start_a_line_or_hold_a_control_character) {
  std::string controls;
  for (char c = 0; c < 0x20; ++c) controls.push_back(c);
  controls += "\x7f{\"forged\":1}";
  const AccessRecord record = with(GetParam(), controls);
  EXPECT_EQ(fields_of(record).at(GetParam().name), controls);
  for (const LogFormat format : {LogFormat::json, LogFormat::text}) {
    const std::string line = line_of(record, format);
    for (const char c : line.substr(0, line.size() - 1)) EXPECT_TRUE(c >= 0x20 && c != 0x7f) << static_cast<int>(c);
  }
}

TEST_P(EveryField, bytes_that_are_not_utf8_are_named_by_their_value) {
  const AccessRecord record = with(GetParam(), "obr\xe1zky/\x9eidle"); // Windows-1250, as POHODA's documents have it
  EXPECT_NE(line_of(record).find("\"obr\\u00e1zky/\\u009eidle\""), std::string::npos);
  EXPECT_NE(line_of(record, LogFormat::text).find("=\"obr\\xe1zky/\\x9eidle\""), std::string::npos);
}

TEST_P(EveryField, utf8_stays_readable) {
  const std::string word = "p\u0159\u00edli\u0161/\u041f\u0440\u0438\u0445\u043e\u0434/\u20ac/\U0001f4d2";
  const AccessRecord record = with(GetParam(), word);
  EXPECT_NE(line_of(record).find("\"" + word + "\""), std::string::npos);
  EXPECT_NE(line_of(record, LogFormat::text).find("=\"" + word + "\""), std::string::npos);
}

TEST(AccessLog, malformed_utf8_is_escaped_byte_by_byte) {
  const auto escaped = [](std::string_view bytes) {
    AccessRecord record;
    record.host = bytes;
    const std::string line = line_of(record);
    const std::size_t begin = line.find("\"host\":\"") + 8;
    return line.substr(begin, line.find('"', begin) - begin);
  };
  EXPECT_EQ(escaped("\xc0\xaf"), "\\u00c0\\u00af");                           // overlong
  EXPECT_EQ(escaped("\xe0\x80\xaf"), "\\u00e0\\u0080\\u00af");                // overlong
  EXPECT_EQ(escaped("\xed\xa0\x80"), "\\u00ed\\u00a0\\u0080");                // surrogate
  EXPECT_EQ(escaped("\xf4\x90\x80\x80"), "\\u00f4\\u0090\\u0080\\u0080");     // above U+10FFFF
  EXPECT_EQ(escaped("\xf5\x80\x80\x80"), "\\u00f5\\u0080\\u0080\\u0080");     // never a first byte
  EXPECT_EQ(escaped("\xe2\x82"), "\\u00e2\\u0082");                           // cut off
  EXPECT_EQ(escaped("\xe2\x82x\x80"), "\\u00e2\\u0082x\\u0080");              // broken in the middle
  EXPECT_EQ(escaped("\xed\x9f\xbf\xee\x80\x80"), "\xed\x9f\xbf\xee\x80\x80"); // the last before and the first after the surrogates
}

TEST(AccessLog, characters_that_mislead_a_terminal_or_a_reader_are_escaped) {
  AccessRecord record;
  record.path = "\u009b2J\u2028\u202egnp.exe\u2066\ufeff";
  EXPECT_NE(line_of(record).find("\"\\u009b2J\\u2028\\u202egnp.exe\\u2066\\ufeff\""), std::string::npos);
  EXPECT_NE(line_of(record, LogFormat::text).find("=\"\\xc2\\x9b2J\\xe2\\x80\\xa8"), std::string::npos);
}

TEST(AccessLog, secrets_are_masked_in_both_formats) {
  AccessRecord record = import_of_an_order();
  record.path = "/xml;token=s3cr3t";
  record.query = "a=1&password=s3cr3t&b=2";
  EXPECT_EQ(fields_of(record).at("path"), "/xml;token=***");
  EXPECT_EQ(fields_of(record).at("query"), "a=1&password=***&b=2");
  const std::string text = line_of(record, LogFormat::text);
  EXPECT_NE(text.find(" path=\"/xml;token=***\" query=\"a=1&password=***&b=2\" "), std::string::npos) << text;
}

TEST(AccessLog, the_steady_state_does_not_allocate) {
  AccessRecord record = import_of_an_order();
  record.query = "login=till&password=a-password-longer-than-any-small-string&q=%7B%22token%22%3A1%7D&documents=obr%E1zky";
  record.path = "/documents/obr%E1zky;a=1/\x9eidle.jpg";
  record.failure = Error{Cause::reply_timeout, "no head after 120 s"};
  for (const LogFormat format : {LogFormat::json, LogFormat::text}) {
    std::string line = line_of(record, format); // grows everything that has to grow
    const std::size_t before = ledgergate::tests::allocations();
    for (int i = 0; i < 3; ++i) {
      line.clear();
      record.unix_micros += 60'000'000;
      append_line(record, format, {}, line);
    }
    EXPECT_EQ(ledgergate::tests::allocations() - before, 0u);
  }
}

TEST(AccessLog, SaysWhatWasAskedAndWhatBecameOfIt) {
  AccessRecord record = import_of_an_order();
  EXPECT_EQ(fields_of(record).count("outcome"), 0U);
  record.operation = "order,invoice";
  record.unit = "25313142";
  record.outcome = Outcome::warning;
  record.items_ok = 3;
  record.items_error = 1;
  record.items_partial = true;
  const auto fields = fields_of(record);
  EXPECT_EQ(fields.at("operation"), "order,invoice");
  EXPECT_EQ(fields.at("unit"), "25313142");
  EXPECT_EQ(fields.at("outcome"), "warning");
  EXPECT_EQ(fields.at("items_ok"), "3");
  EXPECT_EQ(fields.count("items_warning"), 0U);
  EXPECT_EQ(fields.at("items_error"), "1");
  EXPECT_EQ(fields.at("items_partial"), "true");
}

} // namespace
} // namespace ledgergate::observe
