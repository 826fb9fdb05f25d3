// The revocation list of a CA that was restored, that has issued for long, or whose clock was wrong.
#include "enrol/audit_lines.h"
#include "enrol/authority.h"

#include "../settings/temporary_directory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace {

using namespace ledgergate::enrol;
namespace fs = std::filesystem;

constexpr std::int64_t kNow = 1'800'000'000;

class ARevocationList : public testing::Test {
protected:
  void SetUp() override { ASSERT_TRUE(Authority::create(place(), "Branches", 9000, KeyType::ecdsa, kNow, why_)) << why_; }
  [[nodiscard]] fs::path place() const { return directory_.path() / "ca"; }
  Record issue(const std::string& name, std::int64_t now = kNow, std::int64_t days = 730, Kind kind = Kind::client) {
    Wish wish;
    wish.kind = kind;
    wish.name = name;
    wish.days = days;
    auto authority = Authority::open(place(), now, why_);
    const auto issued = authority ? authority->issue(wish, why_) : std::nullopt;
    EXPECT_TRUE(issued) << why_;
    return issued ? issued->record : Record();
  }
  std::vector<Record> revoke(const std::string& what, std::int64_t now = kNow, Kind kind = Kind::client) {
    auto authority = Authority::open(place(), now, why_);
    const auto revoked = authority ? authority->revoke(kind, what, why_) : std::nullopt;
    EXPECT_TRUE(revoked) << why_;
    return revoked.value_or(std::vector<Record>());
  }
  [[nodiscard]] Published list() {
    const std::string text = read("ca.pem");
    const Certificate authority = read_certificate(text, "ca.pem", why_);
    const auto found = read_revocations(read("crl.pem"), authority.get());
    EXPECT_TRUE(found);
    return found.value_or(Published());
  }
  [[nodiscard]] bool lists(const Record& record) {
    const auto all = list().revoked;
    return std::any_of(all.begin(), all.end(), [&](const auto& each) { return each.first == record.serial; });
  }
  Index index() {
    const auto found = Authority::look(place(), why_);
    EXPECT_TRUE(found) << why_;
    return found.value_or(Index());
  }
  const Record* find(const Index& index, const std::string& serial) {
    const auto found =
        std::find_if(index.records.begin(), index.records.end(), [&](const Record& each) { return each.serial == serial; });
    return found != index.records.end() ? &*found : nullptr;
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream file(place() / name, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  void keep_copy() { fs::copy(place() / "private", directory_.path() / "copy", fs::copy_options::recursive); }
  void restore_copy() {
    fs::remove_all(place() / "private");
    fs::copy(directory_.path() / "copy", place() / "private", fs::copy_options::recursive);
    fs::permissions(place() / "private", fs::perms::owner_all);
  }
  const ledgergate::tests::TemporaryDirectory directory_;
  std::string why_;
};

TEST_F(ARevocationList, OutlivesARestoredIndex) {
  const Record stolen = issue("till");
  keep_copy();
  revoke("till");
  const std::uint64_t number = list().number;
  restore_copy();
  EXPECT_NE(Authority::doubt_of_list(place(), kNow).find("the index is older than crl.pem"), std::string::npos);
  issue("other");
  EXPECT_TRUE(lists(stolen));
  EXPECT_GE(list().number, number);
  const Index now = index();
  ASSERT_NE(find(now, stolen.serial), nullptr);
  EXPECT_TRUE(find(now, stolen.serial)->revoked);
  EXPECT_EQ(now.revocations, list().number);
  EXPECT_EQ(Authority::doubt_of_list(place(), kNow), "");
  EXPECT_NE(read("audit.log").find("took over 1 revocation from crl.pem"), std::string::npos) << read("audit.log");
  const Record more = issue("more");
  revoke("more");
  EXPECT_TRUE(lists(stolen));
  EXPECT_TRUE(lists(more));
  EXPECT_GT(list().number, number);
}

TEST_F(ARevocationList, KeepsWhatTheRestoredIndexNeverHeardOf) {
  keep_copy();
  const Record unheard = issue("till");
  revoke("till");
  const std::uint64_t number = list().number;
  restore_copy();
  auto authority = Authority::open(place(), kNow, why_);
  ASSERT_TRUE(authority) << why_;
  ASSERT_EQ(authority->notes().size(), 1U);
  EXPECT_NE(authority->notes()[0].find("is older than crl.pem"), std::string::npos) << authority->notes()[0];
  authority.reset();
  const Index now = index();
  ASSERT_NE(find(now, unheard.serial), nullptr);
  EXPECT_TRUE(find(now, unheard.serial)->revoked);
  for (int round = 0; round < 2; ++round) {
    const Record more = issue("more");
    revoke("more");
    EXPECT_TRUE(lists(unheard));
    EXPECT_TRUE(lists(more));
  }
  EXPECT_GT(list().number, number);
}

TEST_F(ARevocationList, IsMergedWhicheverNumberIsHigher) {
  const Record first = issue("first"), second = issue("second");
  keep_copy();
  revoke("first");
  fs::copy(place() / "crl.pem", directory_.path() / "first.pem");
  restore_copy();
  fs::remove(place() / "crl.pem");
  revoke("second");
  revoke("second");
  issue("third");
  revoke("third");
  // A list by the other branch of what happened, of a lower number.
  fs::copy(directory_.path() / "first.pem", place() / "crl.pem", fs::copy_options::overwrite_existing);
  const std::uint64_t number = index().revocations;
  issue("fourth");
  EXPECT_TRUE(lists(first));
  EXPECT_TRUE(lists(second));
  EXPECT_GT(list().number, number);
}

TEST_F(ARevocationList, OfAnotherCaIsNotTakenOver) {
  ASSERT_TRUE(Authority::create(directory_.path() / "other", "Branches", 3650, KeyType::ecdsa, kNow, why_)) << why_;
  issue("till");
  fs::copy(directory_.path() / "other" / "crl.pem", place() / "crl.pem", fs::copy_options::overwrite_existing);
  issue("kasa");
  EXPECT_EQ(list().number, index().revocations);
}

TEST_F(ARevocationList, LosesWhatHasExpired) {
  const Record brief = issue("brief", kNow, 10), lasting = issue("lasting");
  revoke("brief");
  revoke("lasting");
  EXPECT_TRUE(lists(brief));
  const Record next = issue("next", kNow + 9 * kDay);
  revoke("next", kNow + 9 * kDay);
  EXPECT_TRUE(lists(brief));
  const Record last = issue("last", kNow + 11 * kDay);
  revoke("last", kNow + 11 * kDay);
  EXPECT_FALSE(lists(brief)) << "nobody believes it any more";
  EXPECT_TRUE(lists(lasting));
  EXPECT_TRUE(lists(last));
  EXPECT_EQ(index().records.size(), 4U) << "the index forgets nothing";
  EXPECT_TRUE(find(index(), brief.serial)->revoked);
  const std::uint64_t number = list().number;
  issue("more", kNow + 12 * kDay);
  EXPECT_EQ(list().number, number) << "and it is no reason for a new list";
}

TEST_F(ARevocationList, NamesWhatAWrongClockCallsExpired) {
  const Record till = issue("till", kNow, 10);
  const std::int64_t ahead = kNow + 400 * kDay;
  const auto revoked = revoke("till", ahead);
  ASSERT_EQ(revoked.size(), 1U);
  EXPECT_TRUE(lists(till));
  issue("other", kNow); // the clock is right again
  EXPECT_TRUE(lists(till));
  EXPECT_LE(list().from, kNow);
}

TEST_F(ARevocationList, IsRenewedBeforeItsDate) {
  const Record till = issue("till", kNow, 8000);
  revoke("till");
  const Published first = list();
  const std::int64_t late = first.until - kRenewBefore + 1;
  EXPECT_EQ(Authority::doubt_of_list(place(), first.until - kRenewBefore), "");
  EXPECT_NE(Authority::doubt_of_list(place(), late).find("ends on"), std::string::npos);
  ASSERT_TRUE(Authority::open(place(), late - 1, why_));
  EXPECT_EQ(list().number, first.number);
  ASSERT_TRUE(Authority::open(place(), late, why_));
  EXPECT_EQ(list().number, first.number + 1);
  EXPECT_GT(list().until, first.until);
  EXPECT_TRUE(lists(till));
  ASSERT_TRUE(Authority::open(place(), late, why_));
  EXPECT_EQ(list().number, first.number + 1);
}

TEST_F(ARevocationList, MayBeLargerThanAMebibyte) {
  Index many = index();
  const Record till = issue("till");
  many = index();
  for (int i = 0; i < 22'000; ++i) {
    Record each = till;
    std::string digits = std::to_string(i);
    each.serial = "C0FFEE" + std::string(26 - digits.size(), '0') + digits;
    each.name = "till-" + digits;
    each.revoked = kNow;
    many.records.push_back(each);
  }
  directory_.write("ca/private/index", index_text(many));
  revoke("till");
  EXPECT_GT(fs::file_size(place() / "crl.pem"), 1'048'576U);
  EXPECT_EQ(list().revoked.size(), 22'001U);
  EXPECT_TRUE(lists(till));
  issue("other");
  EXPECT_EQ(Authority::doubt_of_list(place(), kNow), "");
}

TEST_F(ARevocationList, NamesOneKindOfCertificate) {
  const Record server = issue("till", kNow, 730, Kind::server), client = issue("till");
  EXPECT_EQ(revoke("till").at(0).serial, client.serial);
  EXPECT_FALSE(lists(server));
  EXPECT_EQ(revoke("till", kNow, Kind::server).at(0).serial, server.serial);
  EXPECT_TRUE(lists(server));
  issue("edge.lan", kNow, 730, Kind::server);
  auto authority = Authority::open(place(), kNow, why_);
  EXPECT_FALSE(authority->revoke(Kind::client, "edge.lan", why_));
  EXPECT_NE(why_.find("--server"), std::string::npos) << why_;
  EXPECT_TRUE(authority->revoke(Kind::client, index().records.back().serial, why_)) << "a serial number says it all";
}

// --- what audit.log knows and a restored copy does not ---------------------------------------------------------------------------

TEST_F(ARevocationList, KeepsWhatOnlyAuditLogSaysIsRevoked) {
  const Record first = issue("first"), stolen = issue("stolen");
  revoke("first");
  keep_copy();
  revoke("stolen");
  const std::uint64_t number = list().number;
  for (const char* const broken : {"", "no list"}) {
    restore_copy();
    if (*broken == 0)
      fs::remove(place() / "crl.pem");
    else
      directory_.write("ca/crl.pem", broken);
    auto authority = Authority::open(place(), kNow, why_);
    ASSERT_TRUE(authority) << why_;
    std::string notes;
    for (const std::string& each : authority->notes()) notes += each + '\n';
    EXPECT_NE(notes.find(*broken == 0 ? "crl.pem was missing" : "crl.pem was damaged"), std::string::npos) << notes;
    EXPECT_NE(notes.find("1 revocation taken over from audit.log"), std::string::npos) << notes;
    authority.reset();
    EXPECT_TRUE(lists(first));
    EXPECT_TRUE(lists(stolen));
    EXPECT_GT(list().number, number) << "another list has had that number";
    EXPECT_EQ(Authority::doubt_of_list(place(), kNow), "");
  }
}

TEST_F(ARevocationList, OfAMissingFileIsNamedAlsoWhenNothingIsLost) {
  const Record till = issue("till");
  revoke("till");
  fs::remove(place() / "crl.pem");
  auto authority = Authority::open(place(), kNow, why_);
  ASSERT_TRUE(authority) << why_;
  ASSERT_EQ(authority->notes().size(), 1U);
  EXPECT_NE(authority->notes()[0].find("crl.pem was missing"), std::string::npos);
  authority.reset();
  EXPECT_TRUE(lists(till));
  EXPECT_TRUE(Authority::open(place(), kNow, why_)->notes().empty());
}

TEST_F(ARevocationList, KnowsByNameWhatWasIssuedBehindTheCopy) {
  keep_copy();
  const Record later = issue("later"), server = issue("edge.lan", kNow, 730, Kind::server);
  restore_copy();
  EXPECT_NE(Authority::doubt_of_list(place(), kNow).find("the index is older than audit.log"), std::string::npos);
  const auto revoked = revoke("later");
  ASSERT_EQ(revoked.size(), 1U);
  EXPECT_EQ(revoked[0].serial, later.serial);
  EXPECT_TRUE(lists(later));
  const Index now = index();
  ASSERT_NE(find(now, server.serial), nullptr);
  EXPECT_EQ(find(now, server.serial)->name, "edge.lan");
  EXPECT_EQ(find(now, server.serial)->kind, Kind::server);
  EXPECT_EQ(find(now, later.serial)->sans, std::vector<std::string>{"later.branch.internal"});
  EXPECT_GE(find(now, later.serial)->until, later.until);
  EXPECT_LT(find(now, later.serial)->until, later.until + kDay);
}

TEST_F(ARevocationList, TakesNothingFromTheAuditOfACaThatWasThereBefore) {
  const Record old = issue("till");
  revoke("till");
  const std::string lines = read("audit.log");
  fs::remove_all(place());
  fs::create_directory(place());
  directory_.write("ca/audit.log", lines);
  ASSERT_TRUE(Authority::create(place(), "Branches", 9000, KeyType::ecdsa, kNow, why_)) << why_;
  issue("till");
  EXPECT_EQ(index().records.size(), 1U);
  EXPECT_FALSE(lists(old));
}

TEST_F(ARevocationList, TakesNothingFromALineThatIsNotWhole) {
  const std::string serial(32, 'C');
  const std::string good = "2027-01-15T08:00:00Z issued client=till serial=" + serial + " until=2028-01-15 by=root(0)";
  EXPECT_EQ(read_audit(good + "\n").size(), 1U);
  for (const std::string& bad :
       {good.substr(1), good + " more", good.substr(0, good.size() - 10), "2027-13-15" + good.substr(10),
        "2027-02-30" + good.substr(10), std::string(good).replace(good.find("till"), 4, "Till"),
        std::string(good).replace(good.find("issued"), 6, "Issued"), std::string(good).replace(good.find("CC"), 2, "cc"),
        std::string(good).replace(good.find("until"), 5, "untll"), std::string(good).replace(good.find("client"), 6, "person")})
    EXPECT_TRUE(read_audit(bad + "\n").empty()) << bad;
  EXPECT_TRUE(read_audit(good).empty()) << "its end may be missing";
  const auto revoked =
      read_audit("2027-01-15T08:00:00Z revoked client=(unknown) serial=" + serial + " until=2028-01-15 list=7 by=root(0)\n");
  ASSERT_EQ(revoked.size(), 1U);
  EXPECT_EQ(revoked[0].list, 7U);
  EXPECT_TRUE(revoked[0].name.empty());
  EXPECT_EQ(read_audit("2027-01-15T08:00:00Z revoked server=a.cz serial=" + serial + " by=root(0)\n").size(), 1U);
}

// --- what could not be written ---------------------------------------------------------------------------------------------------

TEST_F(ARevocationList, ThatCanNotBeWrittenLeavesTheRevocationInAuditLog) {
  const Record till = issue("till");
  fs::remove(place() / "crl.pem");
  fs::create_directory(place() / "crl.pem");
  fs::create_directory(place() / "crl.pem" / "in the way");
  EXPECT_FALSE(Authority::open(place(), kNow, why_)) << "there is no list, and none can be made";
  fs::remove_all(place() / "crl.pem");
  auto authority = Authority::open(place(), kNow, why_);
  ASSERT_TRUE(authority) << why_;
  fs::remove(place() / "crl.pem");
  fs::create_directory(place() / "crl.pem");
  fs::create_directory(place() / "crl.pem" / "in the way");
  EXPECT_FALSE(authority->revoke(Kind::client, "till", why_));
  EXPECT_NE(why_.find("stands in the index as revoked"), std::string::npos) << why_;
  EXPECT_NE(read("audit.log").find("revoked client=till serial=" + till.serial), std::string::npos);
}

TEST_F(ARevocationList, AndABundleThatCanNotBeWrittenLeavesItsCertificateInAuditLog) {
  fs::create_directory(place() / "private" / "till.p12");
  fs::create_directory(place() / "private" / "till.p12" / "in the way");
  Wish wish;
  wish.name = "till";
  wish.days = 10;
  wish.bundle = BundleWish{Secret("a password"), BundleStrength::modern};
  auto authority = Authority::open(place(), kNow, why_);
  ASSERT_TRUE(authority) << why_;
  EXPECT_FALSE(authority->issue(wish, why_));
  authority.reset();
  const std::string serial = index().records.at(0).serial;
  EXPECT_NE(why_.find("ledgergate cert revoke " + serial), std::string::npos) << why_;
  EXPECT_NE(read("audit.log").find("issued client=till serial=" + serial), std::string::npos);
}

} // namespace
