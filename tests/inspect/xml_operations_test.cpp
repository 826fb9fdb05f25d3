#include "inspect/xml_operations.h"

#include "feeding.h"

#include <gtest/gtest.h>

#include <map>

namespace {

using namespace ledgergate;
using namespace ledgergate::inspect;

constexpr std::string_view kSpaces = R"( xmlns:dat="http://www.stormware.cz/schema/version_2/data.xsd")"
                                     R"( xmlns:ord="http://www.stormware.cz/schema/version_2/order.xsd")"
                                     R"( xmlns:inv="http://www.stormware.cz/schema/version_2/invoice.xsd")";

struct Read {
  bool ok = false;
  std::string why;
  XmlRequest request;
};

// Every way of cutting must say the same.
Read read(std::string_view xml, std::string_view header_charset = {}, XmlRequestBounds bounds = {}) {
  Read first;
  bool have = false;
  for (const auto& pieces : ways_to_cut(xml)) {
    XmlOperations reader(header_charset, bounds);
    const auto done = feed_all(reader, pieces);
    Read one{done.ok(), done ? "" : std::string(done.error().detail), reader.request()};
    if (!have) {
      first = one;
      have = true;
      continue;
    }
    EXPECT_EQ(one.ok, first.ok) << xml;
    EXPECT_EQ(one.why, first.why) << xml;
    EXPECT_EQ(one.request.ico, first.request.ico);
    EXPECT_EQ(one.request.operations, first.request.operations);
    EXPECT_EQ(one.request.charset, first.request.charset);
  }
  return first;
}

std::string pack(std::string_view items, std::string_view attributes = R"( id="1" ico="25313142")") {
  std::string xml = "<dat:dataPack";
  xml += kSpaces;
  xml += attributes;
  xml += " version=\"2.0\">";
  xml += items;
  return xml + "</dat:dataPack>";
}
std::string item(std::string_view content) {
  return "<dat:dataPackItem id=\"i\" version=\"2.0\">" + std::string(content) + "</dat:dataPackItem>";
}

std::string utf16(std::string_view ascii, bool big) {
  std::string out = big ? "\xFE\xFF" : "\xFF\xFE";
  for (const char c : ascii) {
    if (big) out += '\0';
    out += c;
    if (!big) out += '\0';
  }
  return out;
}

using Names = std::vector<std::string>;

TEST(XmlOperations, ReadsTheExampleOfMserver) {
  const Read got = read(R"(<?xml version="1.0" encoding="Windows-1250"?>
<dat:dataPack xmlns:dat="http://www.stormware.cz/schema/version_2/data.xsd" xmlns:stk="http://www.stormware.cz/schema/version_2/stock.xsd" xmlns:ftr="http://www.stormware.cz/schema/version_2/filter.xsd" xmlns:lStk="http://www.stormware.cz/schema/version_2/list_stock.xsd" xmlns:typ="http://www.stormware.cz/schema/version_2/type.xsd" id="00000001" ico="25313142" application="HTTP klient" version="2.0" note="Export zasob">
  <dat:dataPackItem id="00000001" version="2.0">
    <lStk:listStockRequest version="2.0" stockVersion="2.0">
      <lStk:requestStock/>
    </lStk:listStockRequest>
  </dat:dataPackItem>
</dat:dataPack>
)");
  EXPECT_TRUE(got.ok) << got.why;
  EXPECT_EQ(got.request.ico, "25313142");
  EXPECT_EQ(got.request.id, "00000001");
  EXPECT_EQ(got.request.charset, Charset::windows1250);
  EXPECT_EQ(got.request.operations, Names{"listStockRequest"});
  EXPECT_EQ(got.request.items, 1U);
}

TEST(XmlOperations, ReadsTheExamplesOfShops) {
  const Read ask =
      read("<?xml version=\"1.0\" encoding=\"Windows-1250\"?>\n"
           "<dat:dataPack xmlns:dat=\"http://www.stormware.cz/schema/version_2/data.xsd\" "
           "xmlns:lAdb=\"http://www.stormware.cz/schema/version_2/list_addBook.xsd\" id=\"00000001\" ico=\"25313142\" "
           "application=\"Obecn\xFD Internetov\xFD obchod - import\" version=\"2.0\" note=\"Import adres\">\n"
           "  <dat:dataPackItem id=\"00000001\" version=\"2.0\">\n"
           "    <lAdb:listAddressBookRequest version=\"2.0\" addressBookVersion=\"2.0\">\n"
           "      <lAdb:requestAddressBook/>\n    </lAdb:listAddressBookRequest>\n  </dat:dataPackItem>\n</dat:dataPack>\n");
  EXPECT_TRUE(ask.ok) << ask.why;
  EXPECT_EQ(ask.request.operations, Names{"listAddressBookRequest"});

  const Read import =
      read("<?xml version=\"1.0\" encoding=\"Windows-1250\"?>\n"
           "<dat:dataPack id=\"ad001\" ico=\"12345678\" application=\"StwTest\" version = \"2.0\" note=\"Import adres\" "
           "xmlns:dat=\"http://www.stormware.cz/schema/version_2/data.xsd\" "
           "xmlns:adb=\"http://www.stormware.cz/schema/version_2/addressbook.xsd\" "
           "xmlns:typ=\"http://www.stormware.cz/schema/version_2/type.xsd\">\n"
           "  <dat:dataPackItem id=\"AD001\" version=\"2.0\">\n    <adb:addressbook version=\"2.0\">\n"
           "      <adb:addressbookHeader><adb:identity><typ:address><typ:name>Anna Vesel\xE1</typ:name>\n"
           "        <typ:city>T\xF8"
           "eb\xED\xE8</typ:city></typ:address></adb:identity></adb:addressbookHeader>\n"
           "    </adb:addressbook>\n  </dat:dataPackItem>\n</dat:dataPack>\n");
  EXPECT_TRUE(import.ok) << import.why;
  EXPECT_EQ(import.request.ico, "12345678");
  EXPECT_EQ(import.request.id, "ad001");
  EXPECT_EQ(import.request.operations, Names{"addressbook"});
}

TEST(XmlOperations, NamesEachOperationOnce) {
  const Read got = read(pack(item("<ord:order/>") + item("<inv:invoice/>") + item("<!-- two --><ord:order/>")));
  EXPECT_TRUE(got.ok) << got.why;
  EXPECT_EQ(got.request.operations, (Names{"order", "invoice"}));
  EXPECT_EQ(got.request.items, 3U);
}

TEST(XmlOperations, GoesByNamespaceAndNotByPrefix) {
  const Read renamed = read(R"(<dataPack xmlns="http://www.stormware.cz/schema/version_2/data.xsd" ico="1" id="2"><dataPackItem>)"
                            R"(<x:order xmlns:x="http://www.stormware.cz/schema/version_2/order.xsd"/></dataPackItem></dataPack>)");
  EXPECT_TRUE(renamed.ok) << renamed.why;
  EXPECT_EQ(renamed.request.operations, Names{"order"});
  EXPECT_EQ(read(R"(<dat:dataPack xmlns:dat="urn:other"><dat:dataPackItem/></dat:dataPack>)").why,
            "the root of the XML is not a dataPack");
  EXPECT_EQ(read("<dataPack><dataPackItem><order/></dataPackItem></dataPack>").why, "the root of the XML is not a dataPack");
  EXPECT_EQ(read(pack(item("<order/>"))).why, "an item of the dataPack is of a foreign namespace");
  EXPECT_EQ(read(pack(item("<x:order xmlns:x='urn:x'/>"))).why, "an item of the dataPack is of a foreign namespace");
  EXPECT_EQ(read(pack("<dataPackItem><ord:order/></dataPackItem>")).why, "the dataPack has something else than dataPackItem");
  EXPECT_EQ(read(pack("<dat:DataPackItem><ord:order/></dat:DataPackItem>")).why,
            "the dataPack has something else than dataPackItem");
}

TEST(XmlOperations, RefusesItemsThatAskForMoreOrLessThanOneThing) {
  EXPECT_EQ(read(pack(item("<ord:order/><inv:invoice/>"))).why, "an item of the dataPack asks for more than one thing");
  EXPECT_EQ(read(pack(item("<ord:order/><ord:order/>"))).why, "an item of the dataPack asks for more than one thing");
  EXPECT_EQ(read(pack(item("order"))).why, "an item of the dataPack asks for nothing");
  EXPECT_EQ(read(pack(item("<ord:order/>") + item(""))).why, "an item of the dataPack asks for nothing");
  EXPECT_EQ(read(pack("")).why, "the dataPack has no items");
}

TEST(XmlOperations, RefusesASecondSpellingOfTheUnit) {
  for (const std::string_view attributes : {R"( ICO="1")", R"( ico="1" Ico="2")", R"( ico="1" dat:ico="2")", R"( ID="1")"})
    EXPECT_EQ(read(pack(item("<ord:order/>"), attributes)).why, "the dataPack has a second spelling of ico or id") << attributes;
  EXPECT_FALSE(read(pack(item("<ord:order/>"), R"( ico="1" ico="2")")).ok);
  const Read none = read(pack(item("<ord:order ico='9'/>"), ""));
  EXPECT_TRUE(none.ok) << none.why;
  EXPECT_EQ(none.request.ico, "");
}

TEST(XmlOperations, ReadsCharacterReferencesInAttributes) {
  EXPECT_EQ(read(pack(item("<ord:order/>"), R"( ico="&#50;5&amp;")")).request.ico, "25&");
}

TEST(XmlOperations, RefusesWhatIsNotOneDocument) {
  const std::string good = pack(item("<ord:order/>"));
  EXPECT_TRUE(read(good + "\r\n\r\n").ok);
  EXPECT_EQ(read(good + good).why, "the XML has something behind its root");
  for (const std::string& bad : {std::string(), std::string("<"), good.substr(0, good.size() - 3), good + "x", "x" + good,
                                 std::string(good).replace(3, 1, std::string(1, '\0')), std::string("{}")})
    EXPECT_FALSE(read(bad).ok) << bad;
}

TEST(XmlOperations, RefusesDocumentTypesAndEntities) {
  const std::string good = pack(item("<ord:order/>"));
  const std::string_view types[] = {
      "<!DOCTYPE dat:dataPack>",
      "<!DOCTYPE x SYSTEM 'http://192.0.2.1/x.dtd'>",
      "<!DOCTYPE x [<!ENTITY a 'b'>]>",
      "<!DOCTYPE x [<!ENTITY % a SYSTEM 'file:///etc/passwd'> %a;]>",
      "<!DOCTYPE x [<!ATTLIST dat:dataPack ico CDATA '7'>]>",
  };
  for (const std::string_view type : types)
    EXPECT_EQ(read(std::string(type) + good).why, "the XML has a document type declaration") << type;
  EXPECT_EQ(read(pack(item("<ord:order>&nbsp;</ord:order>"))).why, "the XML uses an entity that is not defined");
  EXPECT_TRUE(read(pack(item("<ord:order>&lt;&gt;&amp;&quot;&apos;&#x17E;</ord:order>"))).ok);
}

TEST(XmlOperations, RefusesAStyleSheetAndOtherVersions) {
  const std::string good = pack(item("<ord:order/>"));
  EXPECT_EQ(read("<?xml-stylesheet type='text/xsl' href='a.xsl'?>" + good).why, "the XML names a style sheet");
  EXPECT_TRUE(read("<?other thing?>" + good).ok);
  EXPECT_EQ(read("<?xml version='1.1'?>" + good).why, "the XML is of another version than 1.0");
}

TEST(XmlOperations, KnowsTheEncodingsThatAreWritten) {
  const std::string good = pack(item("<ord:order/>"));
  const std::map<std::string, Charset> declared = {
      {"UTF-8", Charset::utf8},
      {"utf-8", Charset::utf8},
      {"Windows-1250", Charset::windows1250},
      {"windows-1250", Charset::windows1250},
      {"cp1250", Charset::windows1250},
      {"ISO-8859-2", Charset::iso8859_2},
      {"iso-8859-1", Charset::iso8859_1},
      {"Windows-1252", Charset::windows1252},
      {"US-ASCII", Charset::ascii},
  };
  for (const auto& [name, charset] : declared) {
    const Read got = read("<?xml version=\"1.0\" encoding=\"" + name + "\"?>" + good);
    EXPECT_TRUE(got.ok) << name << ": " << got.why;
    EXPECT_EQ(got.request.charset, charset) << name;
  }
  for (const std::string_view name : {"Shift_JIS", "UTF-7", "UTF-32", "GB18030", "EBCDIC-CP-US", "Windows-1251", "x"})
    EXPECT_EQ(read("<?xml version=\"1.0\" encoding=\"" + std::string(name) + "\"?>" + good).why,
              "the encoding of the XML is not known")
        << name;
  for (const bool big : {false, true})
    for (const std::string_view declaration : {"", "<?xml version=\"1.0\"?>", "<?xml version=\"1.0\" encoding=\"UTF-16\"?>"}) {
      const Read got = read(utf16(std::string(declaration) + good, big));
      EXPECT_TRUE(got.ok) << declaration << got.why;
      EXPECT_EQ(got.request.charset, Charset::utf16);
      EXPECT_EQ(got.request.ico, "25313142");
    }
  const Read marked = read("\xEF\xBB\xBF<?xml version=\"1.0\"?>" + good);
  EXPECT_TRUE(marked.ok) << marked.why;
  EXPECT_EQ(marked.request.charset, Charset::utf8);
}

TEST(XmlOperations, RefusesAnEncodingThatIsNotTheDocumentsOwn) {
  const std::string good = pack(item("<ord:order/>"));
  // UTF-16 without its mark, and UTF-32.
  EXPECT_EQ(read(utf16(good, false).substr(2)).why, "the XML is in an encoding without its mark");
  EXPECT_EQ(read(utf16(good, true).substr(2)).why, "the XML is in an encoding without its mark");
  EXPECT_FALSE(read(std::string("\xFF\xFE\0\0<\0\0\0", 8)).ok);
  EXPECT_EQ(read("<?xml version=\"1.0\" encoding=\"UTF-16\"?>" + good).why, "the encoding that the XML declares is not its own");
  EXPECT_EQ(read(utf16("<?xml version=\"1.0\" encoding=\"Windows-1250\"?>" + good, false)).why,
            "the encoding that the XML declares is not its own");
  EXPECT_FALSE(read("<?xml version=\"1.0\"?>" + pack(item("<ord:order>\xC0\xBC</ord:order>"))).ok) << "an overlong '<'";
  EXPECT_FALSE(read("<?xml version=\"1.0\" encoding=\"UTF-8\"?>" + pack(item("<ord:order>\xE1</ord:order>"))).ok);
}

TEST(XmlOperations, LetsHeaderAndDeclarationDifferOnlyWhereTagsReadTheSame) {
  const std::string czech = pack(item("<ord:order>\x8E\x9E</ord:order>"));
  // docs/vendors.md, Shops: a reply with charset=utf-8 in its header and Windows-1250 in its declaration.
  const Read declared = read("<?xml version=\"1.0\" encoding=\"Windows-1250\"?>" + czech, "utf-8");
  EXPECT_TRUE(declared.ok) << declared.why;
  EXPECT_EQ(declared.request.charset, Charset::windows1250);
  // Where nothing is declared the header is all there is.
  for (const std::string_view declaration : {"", "<?xml version=\"1.0\"?>", "<?xml version=\"1.0\" standalone=\"yes\"?>"}) {
    const Read undeclared = read(std::string(declaration) + czech, "windows-1250");
    EXPECT_TRUE(undeclared.ok) << undeclared.why;
    EXPECT_EQ(undeclared.request.charset, Charset::windows1250);
    EXPECT_FALSE(read(std::string(declaration) + czech).ok);
  }
  EXPECT_EQ(read(czech, "utf-16").why, "the charset of the Content-Type is not that of the XML");
  EXPECT_EQ(read(utf16(pack(item("<ord:order/>")), false), "utf-8").why, "the charset of the Content-Type is not that of the XML");
  EXPECT_TRUE(read(utf16(pack(item("<ord:order/>")), false), "UTF-16").ok);
  EXPECT_EQ(read(czech, "shift_jis").why, "the charset of the Content-Type is not known");
}

TEST(XmlOperations, ReadsByteSetsAsUnicode) {
  EXPECT_EQ(
      read("<?xml version=\"1.0\" encoding=\"Windows-1250\"?>" + pack(item("<ord:order/>"), " id=\"\x9E\xE8\x8A\"")).request.id,
      "\xC5\xBE\xC4\x8D\xC5\xA0");
  EXPECT_EQ(read("<?xml version=\"1.0\" encoding=\"ISO-8859-2\"?>" + pack(item("<ord:order/>"), " id=\"\xBE\xE8\xA9\"")).request.id,
            "\xC5\xBE\xC4\x8D\xC5\xA0");
}

TEST(XmlOperations, RefusesNamesThatCharsetsCouldReadDifferently) {
  EXPECT_EQ(read("<?xml version=\"1.0\" encoding=\"Windows-1250\"?>" + pack(item("<ord:ord\x9E/>"))).why,
            "the name of an operation is not plain");
}

TEST(XmlOperations, BoundsWhatItReads) {
  XmlRequestBounds few;
  few.items = 2;
  EXPECT_TRUE(read(pack(item("<ord:order/>") + item("<ord:order/>")), {}, few).ok);
  EXPECT_EQ(read(pack(item("<ord:order/>") + item("<ord:order/>") + item("<ord:order/>")), {}, few).why,
            "the dataPack has too many items");

  std::string many;
  for (int i = 0; i < 65; ++i) many += item("<ord:o" + std::to_string(i) + "/>");
  EXPECT_EQ(read(pack(many)).why, "the dataPack asks for too many different things");

  std::string deep;
  for (int i = 0; i < 70; ++i) deep += "<ord:a>";
  EXPECT_EQ(read(pack(item(deep))).why, "the XML is nested too deep");

  EXPECT_EQ(read(pack(item("<ord:" + std::string(300, 'a') + "/>"))).why, "a name in the XML is too long");
  EXPECT_EQ(read(pack(item("<ord:order " + std::string(300, 'a') + "='1'/>"))).why, "a name in the XML is too long");
  EXPECT_EQ(read(pack(item("<ord:order/>"), " ico='" + std::string(300, '1') + "'")).why, "ico or id of the dataPack is too long");
  EXPECT_EQ(read(pack(item("<ord:order xmlns:x='urn:" + std::string(300, 'x') + "'/>"))).why, "a namespace of the XML is too long");

  std::string attributes;
  for (int i = 0; i < 300; ++i) attributes += " a" + std::to_string(i) + "='1'";
  EXPECT_EQ(read(pack(item("<ord:order" + attributes + "/>"))).why, "an element of the XML has too many attributes");
  std::string spaces;
  for (int i = 0; i < 300; ++i) spaces += " xmlns:a" + std::to_string(i) + "='urn:1'";
  EXPECT_EQ(read(pack(item("<ord:order" + spaces + "/>"))).why, "an element of the XML has too many attributes");

  EXPECT_EQ(read("<?xml version='1.0'" + std::string(400, ' ') + "?>" + pack(item("<ord:order/>"))).why,
            "the declaration of the XML is too long, or has no end");
}

TEST(XmlOperations, ReadsWhatIsAsLongAsItMayBe) {
  const auto declared = [](std::size_t size, std::string_view mark = {}) {
    const std::string_view begin = "<?xml version='1.0'", end = "?>";
    std::string xml(mark);
    xml.append(begin).append(size - begin.size() - end.size(), ' ').append(end);
    return read(xml + pack(item("<ord:order/>")));
  };
  for (const std::string_view mark : {"", "\xEF\xBB\xBF"}) {
    EXPECT_TRUE(declared(256, mark).ok);
    EXPECT_EQ(declared(257, mark).why, "the declaration of the XML is too long, or has no end");
  }
  const auto space = [](std::size_t size) {
    return read(pack(item("<ord:order xmlns:x='urn:" + std::string(size - 4, 'x') + "'/>")));
  };
  EXPECT_TRUE(space(256).ok);
  EXPECT_EQ(space(257).why, "a namespace of the XML is too long");

  std::string many;
  for (int i = 0; i < 64; ++i) many += item("<ord:o" + std::to_string(i) + "/>");
  const Read all = read(pack(many + item("<ord:o7/>")));
  EXPECT_TRUE(all.ok) << all.why;
  EXPECT_EQ(all.request.operations.size(), 64U);

  const auto deep = [](int depth) { // the pack and its item are two
    std::string inside;
    for (int i = 2; i < depth; ++i) inside += "<ord:a>";
    for (int i = 2; i < depth; ++i) inside += "</ord:a>";
    return read(pack(item(inside)));
  };
  EXPECT_TRUE(deep(64).ok);
  EXPECT_EQ(deep(65).why, "the XML is nested too deep");
}

TEST(XmlOperations, BoundsASingleTagAndTheWhole) {
  // Fed in large pieces only: one byte at a time would take long and show nothing more.
  const auto outcome = [](const std::string& xml, XmlRequestBounds bounds) {
    XmlOperations reader({}, bounds);
    for (std::size_t at = 0; at < xml.size(); at += 10'000) {
      const auto fed = reader.feed(std::string_view(xml).substr(at, 10'000));
      if (!fed) return fed;
    }
    return reader.finish();
  };
  for (const std::string& token :
       {"<!--" + std::string(400'000, 'x'), "<ord:order a='" + std::string(400'000, 'x'), "<?a " + std::string(400'000, 'x')}) {
    const auto got = outcome(pack(item(token)), {});
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().detail, "a tag or comment of the XML is too long");
  }
  for (const std::string& first : {"<!--" + std::string(400'000, 'x') + "-->", "<?a " + std::string(400'000, 'x') + "?>"}) {
    const auto got = outcome(first + pack(item("<ord:order/>")), {});
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().detail, "a tag or comment of the XML is too long");
  }
  // Text is not kept, whatever its length.
  EXPECT_TRUE(outcome(pack(item("<ord:order>" + std::string(3'000'000, 'x') + "</ord:order>")), {}).ok());
  EXPECT_TRUE(outcome(pack(item("<ord:order><![CDATA[" + std::string(3'000'000, 'x') + "]]></ord:order>")), {}).ok());
  XmlRequestBounds small;
  small.xml.size = 1'000'000;
  const auto large = outcome(pack(item("<ord:order>" + std::string(1'000'000, 'x') + "</ord:order>")), small);
  ASSERT_FALSE(large.ok());
  EXPECT_EQ(large.error().cause, Cause::body_too_large);
}

} // namespace
