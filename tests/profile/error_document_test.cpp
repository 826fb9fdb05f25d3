// docs/errors.md shows an example of each form: what it shows is what callers get.
#include "base/encode.h"
#include "profile/native_error.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace {

using namespace ledgergate;
using namespace ledgergate::profile;
using settings::Language;
using settings::Profile;

std::string the_document() {
  std::ifstream in(LEDGERGATE_SOURCE_DIR "/docs/errors.md");
  std::ostringstream all;
  all << in.rdbuf();
  return all.str();
}

std::string from_windows_1250(const std::string& bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    EXPECT_TRUE(append_character(byte < 0x80 ? byte : kWindows1250[byte - 0x80U], Encoding::utf8, out));
  }
  return out;
}

struct Example {
  Failure failure;
  Reader reader;
};

std::string shown(Example example, http::RequestHead request) {
  example.failure.request_id = "7d1f0b6a92c45e38";
  example.reader.request = &request;
  std::string out;
  const auto body = append_error_body(example.failure, example.reader, out);
  if (body.content_type.ends_with("Windows-1250")) out = from_windows_1250(out);
  if (!out.ends_with('\n')) out += '\n';
  return "\n" + out + "```\n";
}

TEST(ErrorDocument, ShowsWhatEachProfilesCallerGets) {
  const std::string document = the_document();
  http::RequestHead post;
  post.method = http::Method::post;
  const Failure refused{Cause::connect_refused, false, 0, "Bad Gateway", {}, {}};
  const auto at = [](Profile profile, std::string_view path) {
    Reader reader;
    reader.profile = profile;
    reader.path = path;
    return reader;
  };
  const auto expect_shown = [&](const Example& example, const http::RequestHead& request) {
    const std::string text = shown(example, request);
    EXPECT_NE(document.find(text), std::string::npos) << "docs/errors.md does not show:" << text;
  };

  Reader till = at(Profile::mserver, "");
  till.language = Language::cs;
  till.pack_id = "Z001";
  till.ico = "12345678";
  expect_shown({{Cause::reply_timeout, true, 120, {}, {}, {}}, till}, post);

  Reader pohoda = at(Profile::eshop, "");
  pohoda.language = Language::cs;
  pohoda.pack_id = "00000001";
  expect_shown({{Cause::upstream_certificate, false, 0, {}, {}, {}}, pohoda}, post);

  Reader premier = at(Profile::apicomprem, "");
  premier.language = Language::sk;
  premier.command = "FA_OUT";
  expect_shown({{Cause::reply_timeout, true, 130, {}, {}, {}}, premier}, post);

  expect_shown({refused, at(Profile::onec, "/base/ws/Exchange.1cws")}, post);
  expect_shown({refused, at(Profile::onec, "/base/odata/standard.odata/x")}, post);
  expect_shown({refused, at(Profile::mobile_smarts, "")}, post);
  expect_shown({refused, at(Profile::http, "")}, post);
  http::RequestHead asks_json = post;
  asks_json.fields = {{"Accept", "application/json"}};
  expect_shown({refused, at(Profile::http, "")}, asks_json);
}

} // namespace
