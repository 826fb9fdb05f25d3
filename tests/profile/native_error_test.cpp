// Failures in the form that each protocol's client parses.
#include "profile/native_error.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace ledgergate;
using namespace ledgergate::profile;
using settings::Language;
using settings::Profile;

constexpr Profile kProfiles[] = {Profile::http,  Profile::mserver, Profile::apicomprem,
                                 Profile::eshop, Profile::onec,    Profile::mobile_smarts};

class NativeError : public testing::Test {
protected:
  NativeError() {
    reader.request = &request;
    request.method = http::Method::post;
    failure = {Cause::connect_refused, false, 0, "Bad Gateway", {}, "a1b2"};
  }

  std::string made() {
    text.clear();
    body = append_error_body(failure, reader, text);
    return text;
  }

  http::RequestHead request;
  Reader reader;
  Failure failure;
  ErrorBody body;
  std::string text;
};

using namespace std::string_literals;

TEST_F(NativeError, OfAnMserverIsAResponsePackInWindows1250) {
  reader.profile = Profile::mserver;
  reader.language = Language::cs;
  reader.pack_id = "Z001";
  reader.ico = "12345678";
  EXPECT_EQ(made(), "<?xml version=\"1.0\" encoding=\"Windows-1250\"?>\n"
                    "<rsp:responsePack version=\"2.0\" id=\"Z001\" state=\"error\" ico=\"12345678\" note=\""
                    "Server odm\xEDtl spojen\xED. Po\x9E"
                    "adavek nebyl p\xF8"
                    "ed\xE1n d\xE1l: lze ho bez obav poslat znovu. "
                    "Pokud pot\xED\x9E"
                    "e trvaj\xED, p\xF8"
                    "edejte tuto zpr\xE1vu spr\xE1vci. Po\x9E"
                    "adavek a1b2\""
                    " xmlns:rsp=\"http://www.stormware.cz/schema/version_2/response.xsd\"></rsp:responsePack>\n");
  EXPECT_EQ(body.content_type, "text/xml; charset=Windows-1250");
  EXPECT_EQ(body.language, "cs");
}

TEST_F(NativeError, OfAnMserverIsInTheRequestsEncoding) {
  reader.profile = Profile::mserver;
  reader.language = Language::sk;
  const auto with = [this](std::string_view content_type, std::string_view declared) {
    request.fields = {{"content-type", content_type}};
    reader.charset = declared;
    made();
    return body.content_type;
  };
  EXPECT_EQ(with("text/xml", ""), "text/xml; charset=Windows-1250");
  EXPECT_EQ(with("text/xml", "utf-8"), "text/xml; charset=utf-8");
  EXPECT_NE(text.find("encoding=\"utf-8\"?>\n<rsp:"), std::string::npos) << text;
  EXPECT_NE(text.find("Požiadavka a1b2\""), std::string::npos) << text;
  EXPECT_EQ(with("text/xml; CharSet=\"ISO-8859-2\"", "utf-8"), "text/xml; charset=ISO-8859-2");
  EXPECT_NE(text.find("Po\xBEiadavka a1b2\""), std::string::npos);
  EXPECT_EQ(with("text/xml; a=b ; charset=utf-16", ""), "text/xml; charset=UTF-16");
  EXPECT_TRUE(text.starts_with("\xFF\xFE<\0?\0x\0"s));
  EXPECT_EQ(text.size() % 2, 0U);
  EXPECT_EQ(with("text/xml; charset=koi8-r", "koi8-r"), "text/xml; charset=Windows-1250");
  EXPECT_EQ(with("text/xml;", ""), "text/xml; charset=Windows-1250");
  EXPECT_EQ(with("text/xml; charset", ""), "text/xml; charset=Windows-1250");
}

TEST_F(NativeError, OfAShopIsTheDocumentThatPohodaReads) {
  reader.profile = Profile::eshop;
  reader.pack_id = "00000001";
  EXPECT_EQ(made(), "<?xml version=\"1.0\" encoding=\"Windows-1250\"?>\n"
                    "<rsp:responsePack xmlns:rsp=\"http://www.stormware.cz/schema/response.xsd\" note=\""
                    "The server refused the connection. The request was not forwarded: it is safe to send it again. "
                    "If it lasts, give this message to the administrator. Request a1b2\""
                    " application=\"Ledgergate\" state=\"error\" id=\"00000001\" version=\"1.0\"></rsp:responsePack>\n");
  EXPECT_EQ(body.content_type, "text/xml; charset=Windows-1250");
}

TEST_F(NativeError, OfApicompremIsResultAndError) {
  reader.profile = Profile::apicomprem;
  reader.command = "FA_OUT";
  failure = {Cause::reply_timeout, true, 130, "Gateway Timeout", {}, "a1b2"};
  EXPECT_EQ(made(), R"({"Result":"ERR","CommandIn":"FA_OUT","Error":[{"number":98504,"desc":")"
                    "The server did not answer in time (130 s). "
                    "The request may have been carried out: check before sending it again. "
                    "If it lasts, give this message to the administrator. Request a1b2\"}]}");
  EXPECT_EQ(body.content_type, "application/json; charset=utf-8");
  failure = {Cause::queue_full, false, 0, "Service Unavailable", {}, "a1b2"};
  EXPECT_NE(made().find(R"("number":97503,)"), std::string::npos) << text;
  failure = {Cause::operation_denied, false, 0, "Forbidden", {}, "a1b2"};
  EXPECT_NE(made().find(R"("number":97403,)"), std::string::npos) << text;
}

TEST_F(NativeError, Of1cIsASoapFaultOfTheCallersVersion) {
  reader.profile = Profile::onec;
  reader.path = "/base/ws/Exchange.1cws";
  request.fields = {{"Content-Type", "text/xml; charset=utf-8"}, {"SOAPAction", "\"x\""}};
  EXPECT_EQ(made(), "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                    "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><soap:Fault>"
                    "<faultcode>soap:Server</faultcode><faultstring xml:lang=\"en\">"
                    "The server refused the connection. The request was not forwarded: it is safe to send it again. "
                    "If it lasts, give this message to the administrator. Request a1b2</faultstring><detail>"
                    "<lg:failure xmlns:lg=\"urn:ledgergate:failure\" cause=\"connect_refused\" forwarded=\"no\" request=\"a1b2\"/>"
                    "</detail></soap:Fault></soap:Body></soap:Envelope>\n");
  EXPECT_EQ(body.content_type, "text/xml; charset=utf-8");
  request.fields = {{"Content-Type", "Application/SOAP+xml; charset=utf-8; action=\"x\""}};
  failure.cause = Cause::forbidden;
  made();
  EXPECT_EQ(body.content_type, "application/soap+xml; charset=utf-8");
  EXPECT_NE(text.find("<env:Code><env:Value>env:Sender</env:Value></env:Code><env:Reason><env:Text xml:lang=\"en\">This is not"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("http://www.w3.org/2003/05/soap-envelope"), std::string::npos) << text;
}

TEST_F(NativeError, Of1cFollowsTheKindOfService) {
  reader.profile = Profile::onec;
  const auto type = [this](std::string_view path, std::string_view accept) {
    reader.path = path;
    request.fields.clear();
    if (!accept.empty()) request.fields.push_back({"Accept", accept});
    made();
    return body.content_type;
  };
  EXPECT_EQ(type("/base/odata/standard.odata/Catalog_x", ""), "application/json; charset=utf-8");
  EXPECT_TRUE(text.starts_with(R"({"odata.error":{"code":"connect_refused","message":{"lang":"en","value":"The server)")) << text;
  EXPECT_EQ(type("/base/odata/standard.odata/x", "application/atom+xml,application/xml"), "application/xml; charset=utf-8");
  EXPECT_NE(text.find("<m:code>connect_refused</m:code><m:message xml:lang=\"en\">The server"), std::string::npos) << text;
  EXPECT_EQ(type("/base/hs/orders", ""), "application/problem+json");
  EXPECT_EQ(type("/base/hs/orders", "text/html"), "application/problem+json");
  EXPECT_EQ(type("/base/ru_RU/", "text/html,*/*;q=0.8"), "text/html; charset=utf-8");
  EXPECT_EQ(type("/base/", ""), "text/plain; charset=utf-8");
}

TEST_F(NativeError, OfMobileSmartsIsJson) {
  reader.profile = Profile::mobile_smarts;
  EXPECT_EQ(made(), R"({"error":{"code":"connect_refused","message":")"
                    "The server refused the connection. The request was not forwarded: it is safe to send it again. "
                    "If it lasts, give this message to the administrator. Request a1b2\"}}");
  EXPECT_EQ(body.content_type, "application/json; charset=utf-8");
}

TEST_F(NativeError, OfAnythingElseIsWhatAcceptAsksFor) {
  const auto type = [this](std::string_view accept) {
    request.fields = {{"Accept", accept}};
    made();
    return body.content_type;
  };
  EXPECT_EQ(type("*/*"), "text/plain; charset=utf-8");
  EXPECT_EQ(text, "The server refused the connection.\n"
                  "The request was not forwarded: it is safe to send it again.\n"
                  "If it lasts, give this message to the administrator.\n"
                  "Request a1b2\n");
  EXPECT_EQ(type("application/json, text/plain, */*"), "application/problem+json");
  EXPECT_EQ(text, R"({"type":"about:blank","title":"Bad Gateway","status":502,"detail":")"
                  "The server refused the connection. The request was not forwarded: it is safe to send it again. "
                  "If it lasts, give this message to the administrator. Request a1b2\","
                  R"("cause":"connect_refused","forwarded":"no","request_id":"a1b2"})");
  EXPECT_EQ(type("application/problem+json"), "application/problem+json");
  EXPECT_EQ(type("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), "text/html; charset=utf-8");
  EXPECT_EQ(text, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>502 Bad Gateway</title></head>\n"
                  "<body><h1>The server refused the connection.</h1>\n"
                  "<p>The request was not forwarded: it is safe to send it again.</p>\n"
                  "<p>If it lasts, give this message to the administrator.</p>\n"
                  "<p>Request a1b2</p>\n</body></html>\n");
  EXPECT_EQ(type("image/png"), "text/plain; charset=utf-8");
}

TEST_F(NativeError, OfPohodaAndPremierDoesNotHeedAccept) {
  request.fields = {{"Accept", "text/html"}};
  reader.profile = Profile::mserver;
  made();
  EXPECT_EQ(body.content_type, "text/xml; charset=Windows-1250");
  reader.profile = Profile::apicomprem;
  made();
  EXPECT_EQ(body.content_type, "application/json; charset=utf-8");
}

TEST_F(NativeError, SpeaksTheCallersLanguageThenTheRoutes) {
  reader.language = Language::sk;
  made();
  EXPECT_EQ(body.language, "sk");
  EXPECT_TRUE(text.starts_with("Server odmietol spojenie.\n")) << text;
  request.fields = {{"Accept-Language", "de;q=0.9, cs-CZ;q=0.8, en;q=0.7"}};
  EXPECT_TRUE(made().starts_with("Server odmítl spojení.\n")) << text;
  EXPECT_EQ(body.language, "cs");
  request.fields = {{"Accept-Language", "de"}};
  EXPECT_TRUE(made().starts_with("Server odmietol spojenie.\n")) << text;
}

TEST_F(NativeError, AdvisesByWhatMayHaveHappened) {
  const auto again = [this](Cause cause, bool forwarded, http::Method method) {
    failure.cause = cause;
    failure.forwarded = forwarded;
    request.method = method;
    made();
    return may_send_again(cause, forwarded, http::is_safe(method));
  };
  EXPECT_EQ(again(Cause::upstream_closed, true, http::Method::post), Again::in_doubt);
  EXPECT_NE(text.find("check before sending it again"), std::string::npos);
  EXPECT_EQ(again(Cause::upstream_closed, true, http::Method::get), Again::only_reads);
  EXPECT_EQ(text.find("carried out"), std::string::npos);
  EXPECT_EQ(again(Cause::connect_refused, false, http::Method::post), Again::not_forwarded);
  EXPECT_EQ(again(Cause::internal, true, http::Method::post), Again::in_doubt);
  EXPECT_EQ(again(Cause::body_too_large, true, http::Method::post), Again::unsaid);
  // The server said no, so it did nothing.
  EXPECT_EQ(again(Cause::server_refused_edge, true, http::Method::post), Again::unsaid);
}

// --- hostile facts -------------------------------------------------------------------------------------------------------------

TEST_F(NativeError, EscapesWhatCallersSay) {
  const std::string hostile = "x\"/><!--&'\\\n\x01\xC4</script>";
  reader.pack_id = reader.ico = reader.command = failure.request_id = failure.address = hostile;
  for (const Profile profile : kProfiles)
    for (const std::string_view accept : {"text/html", "application/json", "application/xml"})
      for (const std::string_view path : {"/b/ws/a.1cws", "/b/odata/x", "/b/hs/x", "/b"}) {
        reader.profile = profile;
        reader.path = path;
        request.fields = {{"Accept", accept}};
        made();
        if (body.content_type.starts_with("text/plain")) continue; // has no markup to escape from
        for (const std::string_view part : {"x\"", "<!--", "</script>", "\x01", "\xC4<", "&'"})
          EXPECT_EQ(text.find(part), std::string::npos) << body.content_type << ": " << text;
        EXPECT_NE(text.find("script"), std::string::npos) << "it is there all the same";
      }
}

TEST_F(NativeError, IsNeverLargerThanItsBound) {
  const std::string endless(600, '\xFF'); // eight bytes each, once they are escaped
  for (const Profile profile : kProfiles)
    for (const std::string_view accept : {"text/html", "application/json"})
      for (const std::string_view charset : {"utf-16", "windows-1250"})
        for (const Language language : {Language::en, Language::cs})
          for (std::size_t i = 0; i <= static_cast<std::size_t>(Cause::upgrade_failed); ++i) {
            reader.profile = profile;
            reader.language = language;
            reader.charset = charset;
            reader.path = "/b/ws/a.1cws";
            reader.pack_id = reader.ico = reader.command = endless;
            request.fields = {{"Accept", accept}};
            failure = {static_cast<Cause>(i), true, 999'999, "Request Header Fields Too Large", endless, endless};
            text = "before";
            body = append_error_body(failure, reader, text);
            ASSERT_LE(text.size() - 6, kMaxErrorBody) << describe(failure.cause).name << " " << body.content_type;
            ASSERT_TRUE(text.starts_with("before"));
          }
}

TEST_F(NativeError, DropsWhatIsTooLongAndStillNamesTheRequest) {
  reader.profile = Profile::mserver;
  const std::string endless(5000, 'x');
  reader.pack_id = endless;
  EXPECT_NE(made().find("id=\"\" state=\"error\""), std::string::npos);
  EXPECT_NE(text.find("Request a1b2\""), std::string::npos);
}

} // namespace
