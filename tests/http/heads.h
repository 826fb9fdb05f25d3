// Heads as text, and what must become of them: shared by the tests of the scanner (every split) and of the parser (what is read).
#pragma once

#include "http/parser.h"

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace ledgergate::http::tests {

using namespace std::string_literals;

// What became of some bytes: complete and parsed, or the cause; and where the head ended.
struct Outcome {
  bool complete = false;
  bool parsed = false;
  Cause cause{};
  std::string_view detail;
  std::size_t skipped = 0;
  std::size_t size = 0;
  bool operator==(const Outcome&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  if (outcome.parsed) return out << "parsed, " << outcome.skipped << " skipped, " << outcome.size << " bytes";
  if (!outcome.complete && outcome.detail.empty()) return out << "incomplete";
  return out << (outcome.complete ? "scanned, " : "") << describe(outcome.cause).name << ": " << outcome.detail;
}

// Scans `bytes` with the scanner seeing them grow up to each of `ends` in turn, then parses.
inline Outcome read(std::string_view bytes, const HeadScan::Bounds& bounds, const std::vector<std::size_t>& ends,
                    RequestHead& request, ReplyHead& reply, Method to = Method::get) {
  HeadScan scan(bounds);
  HeadScan::State state = HeadScan::State::incomplete;
  for (const std::size_t end : ends) state = scan.advance(bytes.substr(0, end));
  Outcome outcome;
  if (state == HeadScan::State::incomplete) return outcome;
  if (state == HeadScan::State::failed) {
    outcome.cause = scan.error().cause;
    outcome.detail = scan.error().detail;
    return outcome;
  }
  outcome.complete = true;
  outcome.skipped = scan.skipped();
  outcome.size = scan.size();
  const std::string_view head = bytes.substr(scan.skipped(), scan.size() - scan.skipped());
  const Result<void> parsed = bounds.request ? parse_request(head, request) : parse_reply(head, to, reply);
  outcome.parsed = parsed.ok();
  if (!parsed.ok()) {
    outcome.cause = parsed.error().cause;
    outcome.detail = parsed.error().detail;
  }
  return outcome;
}

inline Outcome read_request(std::string_view bytes, RequestHead& head, const HeadScan::Bounds& bounds = {}) {
  ReplyHead unused;
  return read(bytes, bounds, {bytes.size()}, head, unused);
}

inline Outcome read_reply(std::string_view bytes, ReplyHead& head, Method to = Method::get) {
  RequestHead unused;
  HeadScan::Bounds bounds;
  bounds.request = false;
  return read(bytes, bounds, {bytes.size()}, unused, head, to);
}

struct Refused {
  std::string bytes;
  Cause cause;
};

// "GET /" with Host and one more field line.
inline std::string with(const std::string& line) { return "GET / HTTP/1.1\r\nHost: a\r\n" + line + "\r\n\r\n"; }
inline std::string post(const std::string& lines) { return "POST /xml HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n\r\n"; }
inline std::string reply(const std::string& lines) { return "HTTP/1.1 200 OK\r\n" + lines + "\r\n\r\n"; }
// A request line, and a good rest.
inline std::string line(const std::string& text) { return text + "\r\nHost: a\r\n\r\n"; }

inline const std::vector<Refused>& refused_requests() {
  static const std::vector<Refused> cases = {
      // The request line.
      {"GET /\r\n\r\n", Cause::bad_request}, // HTTP/0.9
      {"GET /\r\nHost: a\r\n\r\n", Cause::bad_request},
      {line("GET / HTTP/2.0"), Cause::http_version},
      {line("GET / HTTP/1.2"), Cause::http_version},
      {line("GET / HTTP/0.9"), Cause::http_version},
      {line("GET / HTTP/3.1"), Cause::http_version},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Cause::http_version},
      {line("PRI / HTTP/1.1"), Cause::method_not_implemented},
      {line("GET / HTTP/1.10"), Cause::bad_request},
      {line("GET / HTTP/11.1"), Cause::bad_request},
      {line("GET / HTTP/1"), Cause::bad_request},
      {line("GET / HTTP/1.1 "), Cause::bad_request},
      {line("GET / http/1.1"), Cause::bad_request},
      {line("GET / RTSP/1.0"), Cause::bad_request},
      {line("SOURCE / ICE/1.0"), Cause::bad_request},
      {line("GET / HTTP/1,1"), Cause::bad_request},
      {line("GET  / HTTP/1.1"), Cause::bad_request},
      {line("GET /  HTTP/1.1"), Cause::bad_request},
      {line("GET /a b HTTP/1.1"), Cause::bad_request},
      {line("GET\t/ HTTP/1.1"), Cause::bad_request},
      {line(" GET / HTTP/1.1"), Cause::bad_request},
      {line("G(T / HTTP/1.1"), Cause::bad_request},
      {line("\xC4\x8C / HTTP/1.1"), Cause::bad_request},
      {"GET / HTTP/1.1\nHost: a\n\n", Cause::bad_request},
      {"GET / HTTP/1.1\rHost: a\r\n\r\n", Cause::bad_request},
      {"GET /\nHost: a\r\n\r\n", Cause::bad_request},
      {"\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Cause::bad_request},
      {"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Cause::bad_request},
      {"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", Cause::bad_request},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03"s, Cause::bad_request},
      {line("CONNECT a:443 HTTP/1.1"), Cause::method_not_implemented},
      {line("CONNECT / HTTP/1.1"), Cause::method_not_implemented},
      {line("TRACE / HTTP/1.1"), Cause::method_not_implemented},
      {line(std::string(33, 'A') + " / HTTP/1.1"), Cause::method_not_implemented},
      // The target.
      {line("GET a HTTP/1.1"), Cause::bad_target},
      {line("GET * HTTP/1.1"), Cause::bad_target},
      {line("GET ftp://a/ HTTP/1.1"), Cause::bad_target},
      {line("GET a:80 HTTP/1.1"), Cause::bad_target},
      {line("GET ?x HTTP/1.1"), Cause::bad_target},
      {line("GET /a#b HTTP/1.1"), Cause::bad_target},
      {line("GET /a\x01 HTTP/1.1"), Cause::bad_target},
      {line("GET /a\x7F HTTP/1.1"), Cause::bad_target},
      {line("GET /a\t HTTP/1.1"), Cause::bad_target},
      {line("GET /a\0b HTTP/1.1"s), Cause::bad_target},
      // Field lines.
      {with(" X: folded first"), Cause::bad_request},
      {with("X: a\r\n b"), Cause::bad_request},
      {with("X: a\r\n\tb"), Cause::bad_request},
      {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", Cause::bad_request},
      {with("X : a"), Cause::bad_request},
      {with("X\t: a"), Cause::bad_request},
      {with("Content-Length : 5"), Cause::bad_request},
      {with(": a"), Cause::bad_request},
      {with("X"), Cause::bad_request},
      {with("X Y: a"), Cause::bad_request},
      {with("X(Y): a"), Cause::bad_request},
      {with("N\xC3\xA1zev: a"), Cause::bad_request},
      {with("X\0: a"s), Cause::bad_request},
      {with("X: a\0b"s), Cause::bad_request},
      {with("X: a\x01"), Cause::bad_request},
      {with("X: a\x7F"), Cause::bad_request},
      {with("X: a\x0B"), Cause::bad_request},
      {with("X: a\rb"), Cause::bad_request},
      {with("X: a\nY: b"), Cause::bad_request},
      {with("X: a\r\r\nY: b"), Cause::bad_request},
      {"GET / HTTP/1.1\r\nHost: a\r\n\n", Cause::bad_request},
      {"GET / HTTP/1.1\r\nHost: a\r\n\rX", Cause::bad_request},
      {"GET / HTTP/1.1\r\nHost: a\n\r\n", Cause::bad_request},
      // Twins of framing fields.
      {post("Content_Length: 5"), Cause::bad_request},
      {post("Content-Length: 5\r\ncontent_length: 5"), Cause::bad_request},
      {post("Transfer_Encoding: chunked"), Cause::bad_request},
      // Framing.
      {post("Content-Length: 5\r\nTransfer-Encoding: chunked"), Cause::bad_framing},
      {post("Transfer-Encoding: chunked\r\nContent-Length: 5"), Cause::bad_framing},
      {post("Transfer-Encoding: identity"), Cause::bad_framing},
      {post("Transfer-Encoding: gzip, chunked"), Cause::bad_framing},
      {post("Transfer-Encoding: chunked, gzip"), Cause::bad_framing},
      {post("Transfer-Encoding: ,chunked"), Cause::bad_framing},
      {post("Transfer-Encoding: chunked, chunked"), Cause::bad_framing},
      {post("Transfer-Encoding: chunked;q=1"), Cause::bad_framing},
      {post("Transfer-Encoding: \"chunked\""), Cause::bad_framing},
      {post("Transfer-Encoding: xchunked"), Cause::bad_framing},
      {post("Transfer-Encoding: chunkedx"), Cause::bad_framing},
      {post("Transfer-Encoding:"), Cause::bad_framing},
      {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), Cause::bad_framing},
      {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"), Cause::bad_framing},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", Cause::bad_framing},
      {post("Content-Length: 5\r\nContent-Length: 6"), Cause::bad_framing},
      {post("Content-Length: 5\r\nContent-Length: 5"), Cause::bad_framing},
      {post("Content-Length: 5, 5"), Cause::bad_framing},
      {post("Content-Length:"), Cause::bad_framing},
      {post("Content-Length: 5\t"), Cause::bad_framing},
      {post("Content-Length:\t5"), Cause::bad_framing},
      {post("Transfer-Encoding: chunked\t"), Cause::bad_framing},
      {post("Transfer-Encoding:\tchunked"), Cause::bad_framing},
      {post("Content-Length: xy"), Cause::bad_framing}, // as Premier's manual prints it
      {post("Content-Length: +5"), Cause::bad_framing},
      {post("Content-Length: -5"), Cause::bad_framing},
      {post("Content-Length: 0x5"), Cause::bad_framing},
      {post("Content-Length: 5 5"), Cause::bad_framing},
      {post("Content-Length: 5;"), Cause::bad_framing},
      {post("Content-Length: 1e3"), Cause::bad_framing},
      {post("Content-Length: 9223372036854775808"), Cause::bad_framing},
      {post("Content-Length: 18446744073709551616"), Cause::bad_framing},
      {post("Content-Length: 184467440737095516160"), Cause::bad_framing},
      // Host and Expect.
      {"GET / HTTP/1.1\r\n\r\n", Cause::bad_host},
      {with("Host: a"), Cause::bad_host},
      {with("hOST: b"), Cause::bad_host},
      {"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", Cause::bad_host},
      {post("Content-Length: 1\r\nExpect: 200-ok"), Cause::expectation},
      {post("Content-Length: 1\r\nExpect:"), Cause::expectation},
      {post("Content-Length: 1\r\nExpect: 100-continue\r\nExpect: x"), Cause::expectation},
  };
  return cases;
}

inline const std::vector<Refused>& refused_replies() {
  static const std::vector<Refused> cases = {
      {"\r\nHTTP/1.1 200 OK\r\n\r\n", Cause::reply_unparsable},
      {"HTTP/1.1 099 OK\r\n\r\n", Cause::reply_unparsable},
      {"HTTP/1.1 000 OK\r\n\r\n", Cause::reply_unparsable},
      {"HTTP/1.1 1000 OK\r\n\r\n", Cause::reply_unparsable},
      {"HTTP/1.1 20 OK\r\n\r\n", Cause::reply_unparsable},
      {"HTTP/1.1 2x0 OK\r\n\r\n", Cause::reply_unparsable},
      {"HTTP/1.1 200OK\r\n\r\n", Cause::reply_unparsable},
      {"HTTP/1.1  200 OK\r\n\r\n", Cause::reply_unparsable},
      {"HTTP/1.1\t200 OK\r\n\r\n", Cause::reply_unparsable},
      {"HTTP/1.1\r\n\r\n", Cause::reply_unparsable},
      {"HTTP/2.0 200 OK\r\n\r\n", Cause::reply_unparsable},
      {"HTTP/1.2 200 OK\r\n\r\n", Cause::reply_unparsable},
      {"HTTP/1.10 200 OK\r\n\r\n", Cause::reply_unparsable},
      {"HTTP/0.9 200 OK\r\n\r\n", Cause::reply_unparsable},
      {"http/1.1 200 OK\r\n\r\n", Cause::reply_unparsable},
      {"ICY 200 OK\r\n\r\n", Cause::reply_unparsable},
      {"RTSP/1.0 200 OK\r\n\r\n", Cause::reply_unparsable},
      {"<html>", Cause::reply_unparsable},
      {"\x15\x03\x01\x00\x02\x02\x46"s, Cause::reply_unparsable},
      {"HTTP/1.1 200 O\0K\r\n\r\n"s, Cause::reply_unparsable},
      {"HTTP/1.1 200 O\x7FK\r\n\r\n"s, Cause::reply_unparsable},
      {"HTTP/1.1 200 O\rK\r\n\r\n", Cause::reply_unparsable},
      {"HTTP/1.1 200 OK\n\n", Cause::reply_unparsable},
      {reply("X: a\r\n folded"), Cause::reply_unparsable},
      {reply("X : a"), Cause::reply_unparsable},
      {reply(": a"), Cause::reply_unparsable},
      {reply("X: a\0"s), Cause::reply_unparsable},
      {reply("X: a\nY: b"), Cause::reply_unparsable},
      {reply("X: a\rY: b"), Cause::reply_unparsable},
      {reply("Content_Length: 5"), Cause::reply_unparsable},
      {reply("Content-Length: 5\r\nContent-Length: 5"), Cause::reply_unparsable},
      {reply("Content-Length: 5\r\nContent-Length: 6"), Cause::reply_unparsable},
      {reply("Content-Length: 5, 5"), Cause::reply_unparsable},
      {reply("Content-Length: "), Cause::reply_unparsable},
      {reply("Content-Length: +5"), Cause::reply_unparsable},
      {reply("Content-Length: 9223372036854775808"), Cause::reply_unparsable},
      {reply("Transfer-Encoding: chunked\r\nContent-Length: 5"), Cause::reply_bad_coding},
      {reply("Transfer-Encoding: gzip, chunked"), Cause::reply_bad_coding},
      {reply("Transfer-Encoding: identity"), Cause::reply_bad_coding},
      {reply("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), Cause::reply_bad_coding},
      {reply("Transfer-Encoding:"), Cause::reply_bad_coding},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Cause::reply_bad_coding},
  };
  return cases;
}

// What the vendors' documents print, with the lengths they print (wrong or not: a head doesn't know).
inline const std::vector<std::string>& vendor_requests() {
  static const std::vector<std::string> heads = {
      // 001: POST of a stock export to mServer.
      "POST http://localhost:444/xml HTTP/1.1\r\nUser-Agent: User-Agent: STORMWARE HTTP client. http://www.stormware.cz\r\n"
      "STW-Authorization: Basic QDo=\r\nContent-Type: text/xml\r\nAccept-Encoding: gzip, deflate\r\nHost: http://localhost:444\r\n"
      "Content-Length: 527\r\nPragma: no-cache\r\nConnection: Keep-Alive\r\n\r\n",
      // The same with the length that its body has.
      "POST http://localhost:444/xml HTTP/1.1\r\nUser-Agent: User-Agent: STORMWARE HTTP client. http://www.stormware.cz\r\n"
      "STW-Authorization: Basic QDo=\r\nContent-Type: text/xml\r\nAccept-Encoding: gzip, deflate\r\nHost: http://localhost:444\r\n"
      "Content-Length: 673\r\nPragma: no-cache\r\nConnection: Keep-Alive\r\n\r\n",
      // 001: GET of a picture, with a date that lacks its zone.
      "GET http://localhost:444/documents/obrazky/zidle.jpg HTTP/1.1\r\n"
      "User-Agent: User-Agent: STORMWARE HTTP client. http://www.stormware.cz\r\nSTW-Authorization: Basic QDo=\r\n"
      "Host: http://localhost:444\r\nSTW-application: eShop\r\nSTW-Instance: export souboru\r\n"
      "If-Modified-Since: Wed, 19 Jun 2017 07:28:00\r\nConnection: Keep-Alive\r\nCache-Control: no-cache\r\n\r\n",
      // mServer: the document with a name in Windows-1250, and the two status calls.
      "GET http://localhost:444/documents/obr%E1zky/%9Eidle.jpg HTTP/1.1\r\nHost: http://localhost:444\r\n\r\n",
      "GET http://localhost:444/status HTTP/1.1\r\nHost: http://localhost:444\r\n\r\n",
      "GET http://localhost:444/status?companyDetail HTTP/1.1\r\nHost: http://localhost:444\r\n\r\n",
      // 002: POHODA asks an internet shop.
      "POST http://elektro-net.cz/adresy.php HTTP/1.1\r\nUser-Agent: STORMWARE-HTTP-client. http://www.stormware.cz\r\n"
      "Content-Type: text/xml\r\nAccept-Encoding: gzip, deflate\r\nHost: http://elektro-net.cz\r\nContent-Length: 527\r\n"
      "Pragma: no-cache\r\nConnection: Keep-Alive\r\nAuthorization: Basic bXV6YXRrb0BzdG9ybXdhcmUuY3o6dmFub2Nl\r\n\r\n",
      // 004: ApiComPrem, with the length filled in and the Host that HTTP/1.1 needs.
      "POST /api/comm HTTP/1.1\r\nContent-Type: application/json; charset=utf-8\r\nAuthorization: Basic Z3JhczpncjE3\r\n"
      "ID-UJ: c8175fe2-5aba-460e-a492-5da487105394\r\nContent-Length: 42\r\nHost: dev.premier.cz\r\n\r\n",
      // 004: the PHP sample.
      "POST /api/comm HTTP/1.1\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 44\r\n"
      "ID-UJ: 3ce17312-8dbd-49a0-94d3-2e01b65e4173\r\nHost: ssl://dev.premier.cz\r\nConnection: close\r\n\r\n",
  };
  return heads;
}

inline const std::vector<std::string>& vendor_replies() {
  static const std::vector<std::string> heads = {
      "HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\nContent-Type: text/xml;\r\nContent-Length: 189\r\n\r\n",
      "HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\nContent-Type: text/xml;\r\nContent-Length: 199\r\n\r\n",
      "HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\nContent-Type: text/xml;\r\nContent-Length: 350\r\n\r\n",
      "HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\nContent-Type: text/xml;\r\nContent-Length: 385\r\n\r\n",
      "HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\nContent-Type: text/xml; charset=Windows-1250\r\nContent-Length: 1151\r\n\r\n",
      "HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\nContent-Type: text/xml; charset=Windows-1250\r\nContent-Length: 4492\r\n\r\n",
      "HTTP/1.1 200 OK\r\nDate: Thu, 05 Oct 2017 11:09:47 GMT\r\nConnection: Keep-Alive\r\nContent-Type: image/jpeg\r\n"
      "Content-Length: 12431\r\nLast-Modified: Mon, 02 Oct 2017 08:55:23 GMT\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 1151\r\nServer: Apache Coyote/1.0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: 224\r\nServer: Apache Coyote/1.0\r\n\r\n",
  };
  return heads;
}

// Odd, but right.
inline const std::vector<std::string>& odd_requests() {
  static const std::vector<std::string> heads = {
      line("PROPFIND / HTTP/1.1"),
      line("FROBNICATE / HTTP/1.1"),
      line("get / HTTP/1.1"),
      line("M-SEARCH / HTTP/1.1"),
      line("SOURCE / HTTP/1.1"),
      line("DESCRIBE / HTTP/1.1"),
      line("OPTIONS * HTTP/1.1"),
      line("OPTIONS http://a HTTP/1.1"),
      line("GET HTTP://A/x HTTP/1.1"),
      line("GET https://[::1]:8443/x?y HTTP/1.1"),
      line("GET /x?a={b}|\"c\"<d>^`e` HTTP/1.1"),
      "GET / HTTP/1.0\r\n\r\n",
      "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\n",
      with("X:"),
      with("X: \t "),
      with("X:a"),
      with("!#$%&'*+-.^_`|~09Az: token"),
      with("STW-Instance: Export adres\xC3\xA1\xC5\x99"
           "e"),
      with("STW-Instance: Export adres\xE1\xF8"
           "e\xFF\x80"),
      with("Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"),
      with("X_Custom: kept"),
      post("Transfer-Encoding: Chunked"),
      post("Content-Length: 0"),
      post("Content-Length:   5  "),
      post("Transfer-Encoding:chunked  "),
      post("Content-Length: 9223372036854775807"),
      post("Content-Length: 00005"),
      post("Content-Length: 5\r\nExpect: 100-Continue"),
  };
  return heads;
}

} // namespace ledgergate::http::tests
