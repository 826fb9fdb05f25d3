#include "enrol/authority.h"

#include "../settings/temporary_directory.h"

#include <gtest/gtest.h>

#include <filesystem>

#include <sys/stat.h>

namespace {

using namespace ledgergate::enrol;
namespace fs = std::filesystem;

constexpr std::int64_t kNow = 1'800'000'000;

class AnAuthority : public testing::Test {
protected:
  void SetUp() override { ASSERT_TRUE(Authority::create(place(), "Branches", 3650, KeyType::ecdsa, kNow, why_)) << why_; }
  [[nodiscard]] fs::path place() const { return directory_.path() / "ca"; }
  static Wish wish(const std::string& name, std::int64_t days = 730) {
    Wish out;
    out.name = name;
    out.days = days;
    return out;
  }
  std::optional<Issued> issue(const Wish& wish, std::int64_t now = kNow) {
    auto authority = Authority::open(place(), now, why_);
    return authority ? authority->issue(wish, why_) : std::nullopt;
  }
  std::optional<Issued> renew(const Wish& wish, std::int64_t now = kNow) {
    auto authority = Authority::open(place(), now, why_);
    return authority ? authority->renew(wish, why_) : std::nullopt;
  }
  Index look() {
    const auto index = Authority::look(place(), why_);
    EXPECT_TRUE(index) << why_;
    return index.value_or(Index());
  }
  const ledgergate::tests::TemporaryDirectory directory_;
  std::string why_;
  [[nodiscard]] bool is_behind() const {
    return Authority::doubt_of_list(place(), kNow).find("crl.pem is older than the index") != std::string::npos;
  }
};

TEST_F(AnAuthority, KnowsWhatBecameOfEachCertificate) {
  ASSERT_TRUE(issue(wish("till", 100))) << why_;
  const Record record = look().records.at(0);
  EXPECT_EQ(state_of(record, kNow), "valid");
  EXPECT_EQ(state_of(record, kNow + 70 * kDay), "valid");
  EXPECT_EQ(state_of(record, kNow + 70 * kDay + 1), "ends soon");
  EXPECT_EQ(state_of(record, kNow + 100 * kDay), "ends soon");
  EXPECT_EQ(state_of(record, kNow + 100 * kDay + 1), "expired");
}

TEST_F(AnAuthority, IssuesAnewUnderANameWhoseCertificateIsOver) {
  ASSERT_TRUE(issue(wish("till", 10)));
  EXPECT_FALSE(issue(wish("till", 10), kNow + 10 * kDay));
  EXPECT_TRUE(issue(wish("till", 10), kNow + 10 * kDay + 1)) << why_;
  auto authority = Authority::open(place(), kNow + 10 * kDay + 1, why_);
  const auto revoked = authority->revoke(Kind::client, "till", why_);
  ASSERT_TRUE(revoked);
  EXPECT_EQ(revoked->size(), 2U) << "the expired one too: this clock may be wrong";
  EXPECT_TRUE(authority->issue(wish("till"), why_)) << why_;
}

TEST_F(AnAuthority, IssuesNothingBesideAValidOneAlsoWhenTheNewestIsRevoked) {
  ASSERT_TRUE(issue(wish("till")));
  const auto second = renew(wish("till"));
  ASSERT_TRUE(second);
  auto authority = Authority::open(place(), kNow, why_);
  ASSERT_TRUE(authority->revoke(Kind::client, second->record.serial, why_));
  authority.reset();
  EXPECT_FALSE(issue(wish("till")));
  EXPECT_NE(why_.find("has a certificate until"), std::string::npos) << why_;
}

TEST_F(AnAuthority, OverwritesNoFileOfAnotherName) {
  for (const auto& [first, second] :
       {std::pair("*.edge.lan", "_.edge.lan"), {"my_server.lan", "my_server.lan"}, {"fd00::1", "fd00__1"}}) {
    Wish one = wish(first), two = wish(second);
    one.kind = two.kind = Kind::server;
    const auto made = issue(one);
    ASSERT_TRUE(made) << why_;
    const auto before = fs::last_write_time(made->file);
    EXPECT_FALSE(issue(two)) << second;
    EXPECT_EQ(fs::last_write_time(made->file), before);
    if (std::string(first) != second) {
      EXPECT_NE(why_.find(first), std::string::npos) << why_;
    }
    EXPECT_TRUE(renew(one)) << why_;
  }
}

TEST_F(AnAuthority, RenewsWithTheSameNamesAndTellsOfTheOlderOnes) {
  Wish named = wish("till");
  named.sans = {"kasa.example.cz", "urn:x:y"};
  const auto first = issue(named);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->older.empty());
  const auto second = renew(wish("till"));
  ASSERT_TRUE(second) << why_;
  EXPECT_EQ(second->record.sans, named.sans);
  ASSERT_EQ(second->older.size(), 1U);
  EXPECT_EQ(second->older[0].serial, first->record.serial);
  EXPECT_NE(second->record.serial, first->record.serial);
}

TEST_F(AnAuthority, IssuesNothingBeyondItsOwnEnd) {
  EXPECT_FALSE(issue(wish("till", 3651)));
  EXPECT_TRUE(why_.starts_with("the CA itself ends on ")) << why_;
  EXPECT_TRUE(look().records.empty());
  EXPECT_TRUE(issue(wish("till", 3650)));
}

TEST_F(AnAuthority, MakesAListAnewThatIsNotValidByThisClock) {
  ASSERT_TRUE(issue(wish("till")));
  EXPECT_EQ(Authority::doubt_of_list(place(), kNow), "");
  for (const std::int64_t clock : {kNow - kDay, kNow + (kRevocationDays + 2) * kDay}) {
    const std::string doubt = Authority::doubt_of_list(place(), clock);
    EXPECT_TRUE(doubt.starts_with(clock < kNow ? "crl.pem is not valid before " : "crl.pem was valid until ")) << doubt;
    EXPECT_NE(doubt.find("no branch is let in by it"), std::string::npos);
    const std::uint64_t number = look().revocations;
    ASSERT_TRUE(Authority::open(place(), clock, why_)) << why_;
    EXPECT_EQ(Authority::doubt_of_list(place(), clock), "");
    EXPECT_EQ(look().revocations, number + 1) << "no two lists have one number";
    ASSERT_TRUE(Authority::open(place(), clock, why_)) << why_;
    EXPECT_EQ(look().revocations, number + 1) << "and that is all";
    ASSERT_TRUE(Authority::open(place(), kNow, why_)) << why_; // for the next
  }
}

TEST_F(AnAuthority, MakesALostOrOldRevocationListAgain) {
  ASSERT_TRUE(issue(wish("till")));
  fs::copy(place() / "crl.pem", directory_.path() / "old.pem");
  auto authority = Authority::open(place(), kNow, why_);
  ASSERT_TRUE(authority->revoke(Kind::client, "till", why_));
  authority.reset();
  EXPECT_FALSE(is_behind());
  fs::copy(directory_.path() / "old.pem", place() / "crl.pem", fs::copy_options::overwrite_existing);
  EXPECT_TRUE(is_behind());
  ASSERT_TRUE(Authority::open(place(), kNow, why_)) << why_;
  EXPECT_FALSE(is_behind());
  fs::remove(place() / "crl.pem");
  ASSERT_TRUE(Authority::open(place(), kNow, why_)) << why_;
  EXPECT_TRUE(fs::exists(place() / "crl.pem"));
}

TEST_F(AnAuthority, DoesNothingWithADamagedIndexOrAnothersKey) {
  ASSERT_TRUE(issue(wish("till")));
  const fs::path index = place() / "private" / "index";
  fs::copy(index, directory_.path() / "index");
  directory_.write("ca/private/index", "ledgergate-index 1\nrevocation-lists 1\nhalf of a");
  EXPECT_FALSE(Authority::open(place(), kNow, why_));
  EXPECT_NE(why_.find("private/index: "), std::string::npos) << why_;
  EXPECT_FALSE(Authority::create(place(), "Again", 10, KeyType::ecdsa, kNow, why_));
  fs::copy(directory_.path() / "index", index, fs::copy_options::overwrite_existing);
  ASSERT_TRUE(Authority::open(place(), kNow, why_)) << why_;
  const Key other = make_key(KeyType::ecdsa, 0, why_);
  directory_.write("ca/private/ca.key", pem(other.get()).text());
  EXPECT_FALSE(Authority::open(place(), kNow, why_));
  EXPECT_NE(why_.find("do not belong together"), std::string::npos) << why_;
}

TEST_F(AnAuthority, OneAtATime) {
  const auto first = Folder::open(place() / "private", why_);
  ASSERT_TRUE(first);
  auto held = Lock::take(*first, std::chrono::milliseconds(0), why_);
  ASSERT_TRUE(held);
  EXPECT_FALSE(Lock::take(*first, std::chrono::milliseconds(0), why_));
  EXPECT_NE(why_.find("another ledgergate is at work"), std::string::npos) << why_;
  held.reset();
  EXPECT_TRUE(Lock::take(*first, std::chrono::milliseconds(0), why_));
}

TEST(FilesOfCertificates, HaveNamesThatAFileCanHave) {
  EXPECT_EQ(file_of(Kind::client, "till", ".pem"), "till.pem");
  EXPECT_EQ(file_of(Kind::server, "*.edge.lan", ".pem"), "server-_.edge.lan.pem");
  EXPECT_EQ(file_of(Kind::server, "fd00::1", ".pem"), "server-fd00__1.pem");
}

TEST(Folders, ThatAreMadeCanBePassedThroughWhateverTheUmask) {
  const ledgergate::tests::TemporaryDirectory directory;
  std::string why;
  const mode_t before = ::umask(077);
  const auto folder = Folder::make(directory.path() / "a" / "b" / "c", 0750, why);
  ::umask(before);
  ASSERT_TRUE(folder) << why;
  EXPECT_EQ(fs::status(directory.path() / "a").permissions(), fs::perms(0755));
  EXPECT_EQ(fs::status(directory.path() / "a" / "b").permissions(), fs::perms(0755));
  EXPECT_EQ(folder->mode(), 0750U);
}

TEST(FolderFiles, AreWrittenWholeOrNotAtAll) {
  const ledgergate::tests::TemporaryDirectory directory;
  std::string why;
  const auto folder = Folder::open(directory.path(), why);
  ASSERT_TRUE(folder);
  ASSERT_TRUE(folder->write("a", "one", 0640, why)) << why;
  EXPECT_EQ(folder->read("a", why), "one");
  EXPECT_EQ(fs::status(directory.path() / "a").permissions(), fs::perms(0640));
  ASSERT_TRUE(folder->write("a", "two", 0600, why));
  EXPECT_EQ(folder->read("a", why), "two");
  EXPECT_EQ(fs::status(directory.path() / "a").permissions(), fs::perms(0600));
  fs::create_directory(directory.path() / "b");
  EXPECT_FALSE(folder->write("b", "x", 0600, why)) << "a directory stands there";
  EXPECT_FALSE(folder->read("b", why));
  EXPECT_FALSE(folder->read("missing", why));
  fs::create_symlink("a", directory.path() / "link");
  ASSERT_TRUE(folder->write("link", "three", 0600, why));
  EXPECT_EQ(folder->read("a", why), "two") << "a link is replaced, not followed";
  directory.write(".new-1-1", "left");
  folder->sweep();
  EXPECT_FALSE(folder->has(".new-1-1"));
  EXPECT_TRUE(folder->has("a"));
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& each : fs::directory_iterator(directory.path())) ++count;
  EXPECT_EQ(count, 3U) << "a failed write leaves nothing";
}

} // namespace
