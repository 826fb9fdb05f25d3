#include "profile/error_documents.h"
#include "profile/escape.h"
#include "profile/native_error.h"

namespace ledgergate::profile {
namespace {

void append_string(std::string_view text, std::string& out) {
  out += '"';
  append_json(text, out);
  out += '"';
}

std::string_view forwarded(const Account& account) { return account.failure.forwarded ? "maybe" : "no"; }

} // namespace

void append_premier(const Account& account, std::string& out) {
  out += R"({"Result":"ERR","CommandIn":)";
  append_string(account.reader.command, out);
  out += R"(,"Error":[{"number":)";
  out += std::to_string(premier_number(account.info.cause, account.again));
  out += R"(,"desc":)";
  append_string(account.one_line, out);
  out += "}]}";
}

void append_odata_json(const Account& account, std::string& out) {
  out += R"({"odata.error":{"code":)";
  append_string(account.info.name, out);
  out += R"(,"message":{"lang":)";
  append_string(tag(account.language), out);
  out += R"(,"value":)";
  append_string(account.one_line, out);
  out += "}}}";
}

void append_rest_error(const Account& account, std::string& out) {
  out += R"({"error":{"code":)";
  append_string(account.info.name, out);
  out += R"(,"message":)";
  append_string(account.one_line, out);
  out += "}}";
}

void append_problem(const Account& account, std::string& out) {
  // about:blank: the title is the status code's own phrase (RFC 9457 section 4.2.1); `cause` tells one problem from another.
  out += R"({"type":"about:blank","title":)";
  append_string(account.failure.status_text, out);
  out += R"(,"status":)";
  out += std::to_string(account.info.status);
  out += R"(,"detail":)";
  append_string(account.one_line, out);
  out += R"(,"cause":)";
  append_string(account.info.name, out);
  out += R"(,"forwarded":)";
  append_string(forwarded(account), out);
  out += R"(,"request_id":)";
  append_string(account.failure.request_id, out);
  out += '}';
}

} // namespace ledgergate::profile
