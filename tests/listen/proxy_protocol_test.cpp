#include "listen/proxy_protocol.h"

#include <gtest/gtest.h>

#include <string>

namespace ledgergate::listen {
namespace {

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string binary(unsigned char command, unsigned char family, const std::string& body) {
  std::string out = kSignature;
  out += static_cast<char>(command);
  out += static_cast<char>(family);
  out += static_cast<char>(body.size() >> 8U);
  out += static_cast<char>(body.size());
  return out + body;
}
const std::string kFour("\xC0\x00\x02\x01\xC6\x33\x64\x02\x1F\x90\x01\xBB", 12);

// Reads it byte by byte: "more" until the end, and the same answer as at once. `tail` is what stands behind the header.
ProxyRead read(const std::string& header, ProxyHeader& out, const std::string& tail = "GET /") {
  const ProxyRead whole = read_proxy_header(header + tail, out);
  if (whole == ProxyRead::done) {
    EXPECT_EQ(out.size, header.size());
    for (std::size_t size = 0; size < header.size(); ++size) {
      ProxyHeader part;
      EXPECT_EQ(read_proxy_header(header.substr(0, size), part), ProxyRead::more) << size;
    }
  }
  return whole;
}

TEST(ProxyProtocol, ALineNamesTheCaller) {
  ProxyHeader header;
  ASSERT_EQ(read("PROXY TCP4 192.0.2.1 198.51.100.2 8080 443\r\n", header), ProxyRead::done);
  EXPECT_EQ(header.caller->text(), "192.0.2.1:8080");
  ASSERT_EQ(read("PROXY TCP6 2001:db8::1 2001:db8::2 65535 0\r\n", header), ProxyRead::done);
  EXPECT_EQ(header.caller->text(), "[2001:db8::1]:65535");
  ASSERT_EQ(read("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1 2\r\n", header), ProxyRead::done);
  EXPECT_EQ(header.caller->text(), "192.0.2.1:1");
}

TEST(ProxyProtocol, AnUnknownLineNamesNobody) {
  ProxyHeader header;
  ASSERT_EQ(read("PROXY UNKNOWN\r\n", header), ProxyRead::done);
  EXPECT_FALSE(header.caller);
  ASSERT_EQ(read("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", header), ProxyRead::done);
  EXPECT_FALSE(header.caller);
}

TEST(ProxyProtocol, ABadLineIsNone) {
  for (const char* line :
       {"PROXY TCP4 192.0.2.1 198.51.100.2 8080\r\n", "PROXY TCP4 192.0.2.1 198.51.100.2 8080 443 \r\n",
        "PROXY  TCP4 192.0.2.1 198.51.100.2 8080 443\r\n", "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 65536 1\r\n", "PROXY TCP4 192.0.2.1 198.51.100.2 01 1\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 -1 1\r\n", "PROXY UDP4 192.0.2.1 198.51.100.2 1 1\r\n", "PROXY TCP4 x y 1 1\r\n",
        "proxy TCP4 192.0.2.1 198.51.100.2 1 1\r\n", "GET / HTTP/1.1\r\n", "\x16\x03\x01"}) {
    ProxyHeader header;
    EXPECT_EQ(read_proxy_header(line, header), ProxyRead::bad) << line;
  }
}

TEST(ProxyProtocol, ALineIsBounded) {
  ProxyHeader header;
  EXPECT_EQ(read_proxy_header("PROXY UNKNOWN " + std::string(92, 'x'), header), ProxyRead::more);
  EXPECT_EQ(read_proxy_header("PROXY UNKNOWN " + std::string(93, 'x'), header), ProxyRead::bad);
  EXPECT_EQ(read_proxy_header("PROXY UNKNOWN " + std::string(92, 'x') + "\r\n", header), ProxyRead::bad);
}

TEST(ProxyProtocol, TheBinaryFormNamesTheCaller) {
  ProxyHeader header;
  ASSERT_EQ(read(binary(0x21, 0x11, kFour), header), ProxyRead::done);
  EXPECT_EQ(header.caller->text(), "192.0.2.1:8080");
  std::string six("\x20\x01\x0d\xb8", 4);
  six += std::string(11, '\0') + '\x01' + std::string(16, '\x22') + std::string("\x00\x50\x01\xBB", 4);
  ASSERT_EQ(read(binary(0x21, 0x21, six), header), ProxyRead::done);
  EXPECT_EQ(header.caller->text(), "[2001:db8::1]:80");
}

TEST(ProxyProtocol, ExtensionsArePassedOver) {
  ProxyHeader header;
  ASSERT_EQ(read(binary(0x21, 0x11,
                        kFour + std::string("\x04\x00\x03"
                                            "abc",
                                            6)),
                 header),
            ProxyRead::done);
  EXPECT_EQ(header.caller->text(), "192.0.2.1:8080");
}

TEST(ProxyProtocol, LocalAndUnspecifiedNameNobody) {
  ProxyHeader header;
  ASSERT_EQ(read(binary(0x20, 0x11, kFour), header), ProxyRead::done);
  EXPECT_FALSE(header.caller);
  ASSERT_EQ(read(binary(0x21, 0x00, ""), header), ProxyRead::done);
  EXPECT_FALSE(header.caller);
}

TEST(ProxyProtocol, ABadBinaryHeaderIsNone) {
  ProxyHeader header;
  EXPECT_EQ(read_proxy_header(binary(0x31, 0x11, kFour), header), ProxyRead::bad) << "version";
  EXPECT_EQ(read_proxy_header(binary(0x22, 0x11, kFour), header), ProxyRead::bad) << "command";
  EXPECT_EQ(read_proxy_header(binary(0x21, 0x12, kFour), header), ProxyRead::bad) << "datagram";
  EXPECT_EQ(read_proxy_header(binary(0x21, 0x31, std::string(216, 'x')), header), ProxyRead::bad) << "UNIX";
  EXPECT_EQ(read_proxy_header(binary(0x21, 0x11, kFour.substr(1)), header), ProxyRead::bad) << "too short";
  EXPECT_EQ(read_proxy_header(binary(0x21, 0x11, std::string(4081, 'x')).substr(0, 16), header), ProxyRead::bad) << "too long";
}

} // namespace
} // namespace ledgergate::listen
