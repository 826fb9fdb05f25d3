#include "base/pem.h"

#include "../allocations.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ledgergate {
namespace {

const std::string kOne = "-----BEGIN CERTIFICATE-----\nQUJD\nREVG\n-----END CERTIFICATE-----\n";
const std::string kTwo = "-----BEGIN X509 CRL-----\nR0g=\n-----END X509 CRL-----\n";

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

TEST(Pem, BlocksAreReadInTheirOrder) {
  const auto read = read_pem_blocks(kOne + kTwo);
  EXPECT_EQ(read.mistake, "");
  ASSERT_EQ(read.blocks.size(), 2U);
  EXPECT_EQ(read.blocks[0].label, "CERTIFICATE");
  EXPECT_EQ(read.blocks[0].bytes, "ABCDEF");
  EXPECT_EQ(read.blocks[0].line, 1U);
  EXPECT_EQ(read.blocks[1].label, "X509 CRL");
  EXPECT_EQ(read.blocks[1].bytes, "GH");
  EXPECT_EQ(read.blocks[1].line, 5U);
}

TEST(Pem, TheBytesOfABlockAreNeverMovedToAnotherPlace) {
  // A part of a key would stay where they were.
  const auto allocations_for = [](std::size_t lines) {
    std::string text = "-----BEGIN PRIVATE KEY-----\n";
    for (std::size_t i = 0; i < lines; ++i) text += std::string(64, 'A') + "\n";
    text += "-----END PRIVATE KEY-----\n";
    const std::size_t before = tests::allocations();
    const auto read = read_pem_blocks(text);
    const std::size_t made = tests::allocations() - before;
    EXPECT_EQ(read.mistake, "");
    EXPECT_EQ(read.blocks.at(0).bytes.size(), lines * 48);
    return made;
  };
  const std::size_t one = allocations_for(1);
  for (const std::size_t lines : {2U, 3U, 10U, 100U, 1000U}) EXPECT_EQ(allocations_for(lines), one) << lines;
}

TEST(Pem, AFileThatEndsInTheBeginningOfABlockIsCutOff) {
  const std::string whole = kOne + kTwo;
  for (std::size_t cut = kOne.size() + 1; cut < whole.size() - 1; ++cut)
    for (const char* end : {"", "\n", "\r\n", "\n\n", " \n"})
      EXPECT_NE(read_pem_blocks(whole.substr(0, cut) + end).mistake, "") << cut;
  EXPECT_EQ(read_pem_blocks(kOne + "---\n" + kTwo + "the end\n").mistake, "");
  EXPECT_NE(read_pem_blocks(kOne + "--------").mistake, "");
  EXPECT_NE(read_pem_blocks("-").mistake, "");
}

TEST(Pem, AllThatIsUsualAroundBlocksIsTaken) {
  const std::string bag = "Bag Attributes\n    localKeyID: 01 00 00 00 \n    friendlyName: Pokladna Brn\xc4\x9b\n"
                          "subject=C = CZ, O = Nov\xe1k, CN = edge\n\nissuer=CN = Root\n";
  const std::string words = "Certificate:\n    Data:\n        Version: 3 (0x2)\n        Signature Algorithm: ecdsa-with-SHA256\n"
                            "            0a:1b:2c\n=====================\nThe end of the list\n---\n---------------\n";
  const std::string hex = "SHA256 Fingerprint\n0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n";
  const std::string off = "# -----BEGIN CERTIFICATE-----\n#QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJz\n";
  // Of openssl x509 -text, of certificates' names, and of lists with a word a line.
  const std::string openssl = "        Signature Algorithm: sha256WithRSAEncryption\n    Signature Value:\n        3a:1b:2c:7d\n"
                              "            X509v3 Subject Key Identifier: \n                1B:4F:A0:00\n"
                              "Brno\nPraha\nOstrava\nPlzen\nLiberec\nOlomouc\nHradec\nPardubice\n"
                              "SHA1 Fingerprint=9F:86:D0\nsha256 Fingerprint\nnotBefore=Jan  1 00:00:00 2026 GMT\nserial=4F2A\n"
                              "PokladnaBrnoStred\n0A1B2C3D4E5F60718293\n";
  const std::vector<std::string> texts = {
      kOne + kTwo,
      openssl + kOne + openssl + kTwo + openssl,
      bag + kOne + bag + kTwo + bag,
      words + kOne + kTwo,
      hex + kOne + kTwo,
      off + kOne + off + kTwo,
      "\n\n" + kOne + "\n \n" + kTwo + "\n",
      replaced(kOne + kTwo, "\n", "\r\n"),
      replaced(kOne + kTwo, "\n", "\r\r\n"),
      replaced(kOne + kTwo, "\n", " \t \n"),
      "\xef\xbb\xbf" + kOne + kTwo,
      kOne + kTwo + "\x1a",
      (kOne + kTwo).substr(0, kOne.size() + kTwo.size() - 1), // no line break at the end
  };
  for (const auto& text : texts) {
    const auto read = read_pem_blocks(text);
    EXPECT_EQ(read.mistake, "") << text;
    EXPECT_EQ(read.blocks.size(), 2U) << text;
  }
}

TEST(Pem, TextWithoutBlocksHasNone) {
  for (const char* text : {"", "\n", "hello\n", "\xef\xbb\xbf", "# nothing\n"}) {
    const auto read = read_pem_blocks(text);
    EXPECT_EQ(read.mistake, "") << text;
    EXPECT_TRUE(read.blocks.empty()) << text;
  }
}

TEST(Pem, AnOldEncryptedKeyIsToldByItsHeader) {
  const auto read = read_pem_blocks("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A0B\n\nQUJD\n"
                                    "-----END RSA PRIVATE KEY-----\n");
  EXPECT_EQ(read.mistake, "");
  ASSERT_EQ(read.blocks.size(), 1U);
  EXPECT_TRUE(read.blocks[0].encrypted);
}

TEST(Pem, WhatCouldBeABlockOrAPartOfOneIsRefusedWithItsPlace) {
  struct Case {
    std::string text, says;
  };
  const std::string at_six = "line 6, block 2 (begins in line 5)";
  const std::vector<Case> cases = {
      // glued
      {kOne.substr(0, kOne.size() - 1) + kTwo,
       "line 4, block 1 (begins in line 1): an -----END and the next -----BEGIN stand in one"},
      {kOne.substr(0, kOne.size() - 1) + " " + kTwo, "line 4, block 1 (begins in line 1): an -----END and the next"},
      {"hello -----END CERTIFICATE----------BEGIN CERTIFICATE-----", "line 1: an -----END and the next"},
      // cut off
      {kOne + "-----BEGIN X509 CRL-----\nR0hJ\n", "line 6, block 2 (begins in line 5): has no -----END line"},
      {kOne + "-----BEGIN X509 CRL-----", "line 5, block 2 (begins in line 5): has no -----END line"},
      {kOne + "-----BEGIN X509 CRL-----\nR0hJ\n" + kTwo,
       "line 7, block 2 (begins in line 5): has no -----END line before the next"},
      {"REVG\n-----END CERTIFICATE-----\n" + kTwo, "line 2: -----END without its -----BEGIN"},
      {kOne + "-----END CERTIFICATE-----\n", "line 5: -----END without its -----BEGIN"},
      {kOne + "MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ\n", "line 5: base64 outside of a block"},
      {"-----BEGIN CERTIFICATE-----\nQUJD\n-----END X509 CRL-----\n",
       "line 3, block 1 (begins in line 1): -----END of another kind"},
      // nearly a mark
      {"----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n", "line 1: this is nearly a -----BEGIN"},
      {"-----BEGIN CERTIFICATE----\nQUJD\n-----END CERTIFICATE-----\n", "line 1: this is nearly a -----BEGIN"},
      {"-----begin certificate-----\nQUJD\n-----END CERTIFICATE-----\n", "line 1: this is nearly a -----BEGIN"},
      {"-----BEGIN CERTIFICATE----- # Brno\nQUJD\n", "line 1: this is nearly a -----BEGIN"},
      {" -----BEGIN CERTIFICATE-----\nQUJD\n", "line 1: this is nearly a -----BEGIN"},
      {"Brno: -----BEGIN CERTIFICATE-----\nQUJD\n", "line 1: this is nearly a -----BEGIN"},
      {"-----BEGIN-----\nQUJD\n", "line 1: this is nearly a -----BEGIN"},
      {"-----BEGIN  CERTIFICATE-----\nQUJD\n", "line 1: this is nearly a -----BEGIN"},
      {"BEGIN CERTIFICATE\nQUJD\n", "line 1: this is nearly a -----BEGIN"},
      {"\xe2\x80\x94\xe2\x80\x94"
       "BEGIN CERTIFICATE\xe2\x80\x94\xe2\x80\x94\nQUJD\n",
       "line 1: this is nearly a -----BEGIN"},
      {kOne + "\xef\xbb\xbf" + kTwo, "line 5: this is nearly a -----BEGIN"},
      {"-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE----\n" + kTwo,
       "line 3, block 1 (begins in line 1): this is nearly"},
      {"-----BEGIN CERTIFICATE-----\nQUJD\n -----END CERTIFICATE-----\n", "line 3, block 1 (begins in line 1): this is nearly"},
      // damaged
      {kOne + "-----BEGIN X509 CRL-----\nR0\xc3\xa9J\n-----END X509 CRL-----\n", at_six + ": a character that is not base64"},
      {kOne + "-----BEGIN X509 CRL-----\nR0 J\n-----END X509 CRL-----\n", at_six + ": a character that is not base64"},
      {kOne + "-----BEGIN X509 CRL-----\nR0-J\n-----END X509 CRL-----\n", at_six + ": a character that is not base64"},
      {kOne + "-----BEGIN X509 CRL-----\n  R0hJ\n-----END X509 CRL-----\n", at_six + ": a character that is not base64"},
      {kOne + "-----BEGIN X509 CRL-----\nR0g=R0hJ\n-----END X509 CRL-----\n", at_six + ": base64 goes on behind its end"},
      {kOne + "-----BEGIN X509 CRL-----\n\nR0hJ\n-----END X509 CRL-----\n", at_six + ": an empty line"},
      {kOne + "-----BEGIN X509 CRL-----\nA: b\n\nR0hJ\n-----END X509 CRL-----\n", at_six + ": has a header that is not read"},
      {"-----BEGIN X509 CRL-----\nR0h\n-----END X509 CRL-----\n",
       "line 3, block 1 (begins in line 1): its base64 does not come out even"},
      {"-----BEGIN X509 CRL-----\nR0hJR\n-----END X509 CRL-----\n",
       "line 3, block 1 (begins in line 1): its base64 does not come out"},
      {"-----BEGIN X509 CRL-----\nR0hJ=\n-----END X509 CRL-----\n",
       "line 3, block 1 (begins in line 1): its base64 does not come out"},
      {"-----BEGIN X509 CRL-----\nR0g==\n-----END X509 CRL-----\n",
       "line 3, block 1 (begins in line 1): its base64 does not come out"},
      {"-----BEGIN X509 CRL-----\nR0h=\n-----END X509 CRL-----\n",
       "line 3, block 1 (begins in line 1): its base64 does not come out"},
      {"-----BEGIN X509 CRL-----\n-----END X509 CRL-----\n", "line 2, block 1 (begins in line 1): is empty"},
      // no text, or not PEM's
      {std::string("\0\1\2", 3) + "\n" + kOne, "line 1: bytes that are no text"},
      {kOne + "\f", "line 5: a line break that is neither LF nor CRLF"},
      // line ends of which a part of the file would hang behind a comment
      {"# list\r" + replaced(kTwo, "\n", "\r") + "\n" + kOne, "line 1: a line ends with CR alone"},
      {kOne + "# list\r" + replaced(kTwo, "\n", "\r") + "#\n", "line 5: a line ends with CR alone"},
      {"# \xe2\x80\xa8-----BEGIN X509 CRL-----\n", "line 1: a line break that is neither LF"},
      {"#\xc2\x85-----BEGIN X509 CRL-----\n", "line 1: a line break that is neither LF"},
      {"#\v-----BEGIN X509 CRL-----\n", "line 1: a line break that is neither LF"},
      {"hello\rthere\n" + kOne, "line 1: a line ends with CR alone"},
      {"-----BEGIN X509 CRL-----\nR0hJ\rR0hJ\n-----END X509 CRL-----\n",
       "line 2, block 1 (begins in line 1): a line ends with CR alone"},
      {replaced(kOne, "\n", "\r") + "\n", "line 1: a line ends with CR alone"},
      // base64 in short lines, quoted, indented, numbered
      {kOne + "MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkq\n", "line 5: base64 outside of a block"},
      {kOne + "MIIDdzCCAl+gAwIB\nAgIEAgAAuTANBgkq\n", "line 5: base64 outside of a block"},
      {kOne + "MIIDdzCC\nAl+gAwIB\nAgIEAgAA\nuTANBgkq\n", "line 8: base64 outside of a block"},
      {kOne + "MIIDdzCC\nAl+gAwIB\nAgIEAgAA\nuTANBgkq\nhkg=\n", "line 8: base64 outside of a block"},
      {"> MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ\n", "line 1: base64 outside of a block"},
      {"> > MIIDdzCCAl+gAwIB\n", "line 1: base64 outside of a block"},
      {"   MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBa\n", "line 1: base64 outside of a block"},
      {"| MIIDdzCCAl+gAwIB==\n", "line 1: base64 outside of a block"},
      {"12: MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ\n", "line 1: base64 outside of a block"},
      {"> -----BEGIN CERTIFICATE-----\n> QUJD\n> -----END CERTIFICATE-----\n", "line 1: this is nearly a -----BEGIN"},
      {"-----BEGIN CERTIFICATE-----\n> QUJD\n-----END CERTIFICATE-----\n", "line 2, block 1 (begins in line 1): a character that"},
      {"-----BEGIN CERTIFICATE-----\nQUJD\n> -----END CERTIFICATE-----\n", "line 3, block 1 (begins in line 1): this is nearly"},
      {replaced(kOne, "\n", "\r"), "its lines end with CR alone"},
      {std::string("\xff\xfe-\0-\0", 6), "is UTF-16"},
      {std::string("\xfe\xff\0-\0-", 6), "is UTF-16"},
  };
  for (const auto& [text, says] : cases) {
    const auto read = read_pem_blocks(text);
    EXPECT_TRUE(read.mistake.starts_with(says)) << text << "\nsays: " << read.mistake << "\nnot:  " << says;
    EXPECT_TRUE(read.blocks.empty()) << "what was read before must not count: " << text;
  }
}

} // namespace
} // namespace ledgergate
