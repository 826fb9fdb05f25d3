#include "profile/error_documents.h"
#include "profile/escape.h"

namespace ledgergate::profile {
namespace {

class Writer {
public:
  Writer(Encoding encoding, std::string& out) : encoding_(encoding), out_(out) {}

  Writer& markup(std::string_view ascii) {
    append_markup(ascii, encoding_, out_);
    return *this;
  }
  Writer& text(std::string_view utf8) {
    append_xml(utf8, encoding_, out_);
    return *this;
  }
  // ` name="value"`
  Writer& attribute(std::string_view name, std::string_view value) {
    return markup(" ").markup(name).markup("=\"").text(value).markup("\"");
  }
  Writer& declaration() {
    append_mark(encoding_, out_);
    return markup("<?xml version=\"1.0\" encoding=\"").markup(label(encoding_)).markup("\"?>\n");
  }

private:
  Encoding encoding_;
  std::string& out_;
};

std::string_view forwarded(const Account& account) { return account.failure.forwarded ? "maybe" : "no"; }

// What a fault's <detail> says to a program.
void detail(const Account& account, Writer& to) {
  to.markup("<lg:failure xmlns:lg=\"urn:ledgergate:failure\"").attribute("cause", account.info.name);
  to.attribute("forwarded", forwarded(account)).attribute("request", account.failure.request_id).markup("/>");
}

} // namespace

void append_response_pack(const Account& account, Encoding encoding, std::string& out) {
  Writer to(encoding, out);
  to.declaration().markup("<rsp:responsePack version=\"2.0\"").attribute("id", account.reader.pack_id).markup(" state=\"error\"");
  to.attribute("ico", account.reader.ico).attribute("note", account.one_line);
  to.markup(" xmlns:rsp=\"http://www.stormware.cz/schema/version_2/response.xsd\"></rsp:responsePack>\n");
}

void append_shop_pack(const Account& account, Encoding encoding, std::string& out) {
  Writer to(encoding, out);
  to.declaration().markup("<rsp:responsePack xmlns:rsp=\"http://www.stormware.cz/schema/response.xsd\"");
  to.attribute("note", account.one_line).markup(" application=\"Ledgergate\" state=\"error\"");
  to.attribute("id", account.reader.pack_id).markup(" version=\"1.0\"></rsp:responsePack>\n");
}

void append_soap_fault(const Account& account, bool version_1_2, std::string& out) {
  Writer to(Encoding::utf8, out);
  const bool sender = account.info.side == Side::client;
  to.declaration();
  if (version_1_2) {
    to.markup("<env:Envelope xmlns:env=\"http://www.w3.org/2003/05/soap-envelope\"><env:Body><env:Fault><env:Code><env:Value>");
    to.markup(sender ? "env:Sender" : "env:Receiver").markup("</env:Value></env:Code><env:Reason><env:Text");
    to.attribute("xml:lang", tag(account.language)).markup(">").text(account.one_line);
    to.markup("</env:Text></env:Reason><env:Detail>");
    detail(account, to);
    to.markup("</env:Detail></env:Fault></env:Body></env:Envelope>\n");
  } else {
    to.markup("<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><soap:Fault><faultcode>");
    to.markup(sender ? "soap:Client" : "soap:Server").markup("</faultcode><faultstring");
    to.attribute("xml:lang", tag(account.language)).markup(">").text(account.one_line).markup("</faultstring><detail>");
    detail(account, to);
    to.markup("</detail></soap:Fault></soap:Body></soap:Envelope>\n");
  }
}

void append_odata_xml(const Account& account, std::string& out) {
  Writer to(Encoding::utf8, out);
  to.declaration().markup("<m:error xmlns:m=\"http://schemas.microsoft.com/ado/2007/08/dataservices/metadata\"><m:code>");
  to.text(account.info.name).markup("</m:code><m:message").attribute("xml:lang", tag(account.language)).markup(">");
  to.text(account.one_line).markup("</m:message></m:error>\n");
}

void append_page(const Account& account, std::string& out) {
  Writer to(Encoding::utf8, out);
  to.markup("<!DOCTYPE html>\n<html").attribute("lang", tag(account.language)).markup("><head><meta charset=\"utf-8\"><title>");
  to.markup(std::to_string(account.info.status)).markup(" ").text(account.failure.status_text).markup("</title></head>\n<body>");
  std::string_view rest = account.message;
  for (std::string_view mark = "h1"; !rest.empty(); mark = "p") {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() == rest.size() ? line.size() : line.size() + 1);
    to.markup("<").markup(mark).markup(">").text(line).markup("</").markup(mark).markup(">\n");
  }
  to.markup("</body></html>\n");
}

} // namespace ledgergate::profile
