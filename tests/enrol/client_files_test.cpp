#include "enrol/client_files.h"

#include "../settings/temporary_directory.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace ledgergate::enrol;
namespace fs = std::filesystem;

constexpr std::int64_t kNow = 1'800'000'000;

class FilesOfClients : public testing::Test {
protected:
  FilesOfClients() { fs::create_directory(place()); }
  [[nodiscard]] fs::path place() const { return directory_.path() / "clients.d"; }
  void write(const std::string& name, const std::string& text) const { directory_.write("clients.d/" + name, text); }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream file(place() / name, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  ClientFiles open() {
    auto files = ClientFiles::open(place(), false, why_);
    EXPECT_TRUE(files) << why_;
    return std::move(*files);
  }
  static std::string client(const std::string& name, char digit) {
    return name + ":\n  api_key_sha256: [\"" + std::string(64, digit) + "\"]\n";
  }
  const ledgergate::tests::TemporaryDirectory directory_;
  std::string why_;
};

TEST_F(FilesOfClients, ChangeTheNamedClientWhereverItStands) {
  write("eshop.yaml", client("warehouse", '1') + client("eshop", '2'));
  write("others.yaml", client("till", '3') + client("kasa", '4'));
  ASSERT_TRUE(open().set_disabled("eshop", true, kNow, why_)) << why_;
  EXPECT_EQ(read("eshop.yaml"), client("warehouse", '1') + "eshop:\n  disabled: true\n" + client("eshop", '2').substr(7));
  ASSERT_TRUE(open().rotate("kasa", Rotation::begin, kNow, why_)) << why_;
  ASSERT_TRUE(open().rotate("kasa", Rotation::finish, kNow, why_)) << why_;
  EXPECT_TRUE(read("others.yaml").starts_with(client("till", '3') + "kasa:\n"));
  EXPECT_EQ(read("others.yaml").find(std::string(64, '4')), std::string::npos);
  ASSERT_TRUE(open().set_disabled("eshop", false, kNow, why_)) << why_;
  EXPECT_EQ(read("eshop.yaml"), client("warehouse", '1') + client("eshop", '2'));
  const auto all = ClientFiles::list(place(), why_);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 4U);
  EXPECT_EQ((*all)[0].name, "eshop");
  EXPECT_EQ((*all)[3].name, "warehouse");
}

TEST_F(FilesOfClients, ListOneThatIsWrongByTheNameOfItsFile) {
  write("eshop.yaml", client("eshop", '1'));
  write("kasa.yaml", "kasa: {\n");
  const auto all = ClientFiles::list(place(), why_);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ((*all)[0].name, "eshop");
  EXPECT_EQ((*all)[0].mistake, "");
  EXPECT_EQ((*all)[1].name, "kasa");
  EXPECT_TRUE((*all)[1].mistake.starts_with("kasa.yaml:")) << (*all)[1].mistake;
}

TEST_F(FilesOfClients, ChangeNobodyElse) {
  write("eshop.yaml", client("warehouse", '1'));
  for (const bool disabled : {true, false}) EXPECT_FALSE(open().set_disabled("eshop", disabled, kNow, why_));
  EXPECT_NE(why_.find("there is no client eshop"), std::string::npos) << why_;
  EXPECT_FALSE(open().rotate("eshop", Rotation::begin, kNow, why_));
  NewClient eshop;
  eshop.name = "eshop";
  EXPECT_FALSE(open().add(eshop, kNow, why_));
  EXPECT_NE(why_.find("eshop.yaml is there already"), std::string::npos) << why_;
  EXPECT_EQ(read("eshop.yaml"), client("warehouse", '1'));
  write("second.yaml", client("warehouse", '2'));
  why_.clear();
  EXPECT_FALSE(open().set_disabled("warehouse", true, kNow, why_));
  EXPECT_NE(why_.find("two clients warehouse, in eshop.yaml and in second.yaml"), std::string::npos) << why_;
}

TEST_F(FilesOfClients, AddNoNameThatAnotherFileHas) {
  write("others.yaml", client("till", '3') + client("kasa", '4'));
  NewClient kasa;
  kasa.name = "kasa";
  EXPECT_FALSE(open().add(kasa, kNow, why_));
  EXPECT_NE(why_.find("in others.yaml"), std::string::npos) << why_;
  EXPECT_FALSE(fs::exists(place() / "kasa.yaml"));
  write("broken.yaml", "kasa: {\n");
  why_.clear();
  EXPECT_FALSE(open().set_disabled("nobody", true, kNow, why_));
  EXPECT_NE(why_.find("broken.yaml"), std::string::npos) << why_;
}

TEST_F(FilesOfClients, AreMadeForTheEdgeToRead) {
  const struct group* const edge = ::getgrnam("nogroup");
  if (::geteuid() != 0 || edge == nullptr) GTEST_SKIP() << "only root gives files to another group";
  const fs::path made = directory_.path() / "new.d";
  NewClient kasa;
  kasa.name = "kasa";
  {
    auto files = ClientFiles::open(made, true, why_, {"nobody", "nogroup"});
    ASSERT_TRUE(files) << why_;
    EXPECT_EQ(files->doubt(), "");
    ASSERT_TRUE(files->add(kasa, kNow, why_)) << why_;
  }
  for (const auto& [path, mode] : {std::pair(made, 0750U), std::pair(made / "kasa.yaml", 0640U)}) {
    struct stat about {};
    ASSERT_EQ(::stat(path.c_str(), &about), 0);
    EXPECT_EQ(about.st_uid, ::geteuid()) << path;
    EXPECT_EQ(about.st_gid, edge->gr_gid) << path;
    EXPECT_EQ(about.st_mode & 07777U, mode) << path;
  }
  fs::permissions(place(), fs::perms::owner_all);
  EXPECT_NE(ClientFiles::open(place(), true, why_, {"nobody", "nogroup"})->doubt().find("the edge can't read it; run: chgrp"),
            std::string::npos);
  EXPECT_EQ(ClientFiles::open(place(), true, why_, {"nobody-at-all"})->doubt(), "");
}

TEST_F(FilesOfClients, KeepTheirOwnerAndModeWhenTheyAreChanged) {
  const struct group* const edge = ::getgrnam("nogroup");
  if (::geteuid() != 0 || edge == nullptr) GTEST_SKIP() << "only root gives files to another group";
  const ServiceAccount account{"nobody", "nogroup"};
  fs::permissions(place(), fs::perms(0755));
  NewClient kasa;
  kasa.name = "kasa";
  const auto facts = [&](const char* name) {
    struct stat about {};
    EXPECT_EQ(::stat((place() / name).c_str(), &about), 0);
    return about;
  };
  {
    auto files = ClientFiles::open(place(), false, why_, account);
    ASSERT_TRUE(files) << why_;
    ASSERT_TRUE(files->add(kasa, kNow, why_)) << why_;
    EXPECT_EQ(files->doubt(), "");
  }
  EXPECT_EQ(facts("kasa.yaml").st_gid, edge->gr_gid) << "the directory is root's, and for all to read";
  ASSERT_EQ(::chown((place() / "kasa.yaml").c_str(), 65534, edge->gr_gid), 0);
  fs::permissions(place() / "kasa.yaml", fs::perms(0440));
  {
    auto files = ClientFiles::open(place(), false, why_, account);
    ASSERT_TRUE(files->set_disabled("kasa", true, kNow, why_)) << why_;
    ASSERT_TRUE(files->rotate("kasa", Rotation::begin, kNow, why_)) << why_;
    EXPECT_EQ(files->doubt(), "");
  }
  EXPECT_EQ(facts("kasa.yaml").st_uid, 65534U);
  EXPECT_EQ(facts("kasa.yaml").st_gid, edge->gr_gid);
  EXPECT_EQ(facts("kasa.yaml").st_mode & 07777U, 0440U);
  ASSERT_EQ(::chown((place() / "kasa.yaml").c_str(), 0, 0), 0);
  auto files = ClientFiles::open(place(), false, why_, account);
  ASSERT_TRUE(files->set_disabled("kasa", false, kNow, why_)) << why_;
  EXPECT_NE(files->doubt().find("kasa.yaml: the edge can't read it"), std::string::npos) << files->doubt();
}

TEST_F(FilesOfClients, AddNoNameThatTheSettingsBesideThemHave) {
  NewClient kasa;
  kasa.name = "kasa";
  const std::string own = place().filename().string();
  for (const std::string& directory : {own, "./" + own + "/", place().string()}) {
    directory_.write("ledgergate.yaml", "clients_dir: " + directory + "\nclients:\n  kasa: { from: [\"192.0.2.1\"] }\n");
    EXPECT_FALSE(open().add(kasa, kNow, why_)) << directory;
    EXPECT_NE(why_.find("ledgergate.yaml"), std::string::npos) << why_;
  }
  directory_.write("ledgergate.yaml", "clients_dir: elsewhere\nclients:\n  kasa: { from: [\"192.0.2.1\"] }\n");
  EXPECT_TRUE(open().add(kasa, kNow, why_)) << why_;
}

TEST_F(FilesOfClients, AndAllOthersMustBeWithinReachOfTheEdge) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files to another user";
  const Edge edge = look_up({"65534", "65534"});
  ASSERT_EQ(edge.user, 65534U);
  ASSERT_EQ(edge.group, 65534U);
  const fs::path file = place() / "file";
  std::ofstream(file) << "x";
  for (const auto& each : {directory_.path(), place()}) fs::permissions(each, fs::perms(0755));
  fs::permissions(file, fs::perms(0644));
  EXPECT_EQ(reach_doubt(edge, file), "");
  fs::permissions(file, fs::perms(0640));
  EXPECT_NE(reach_doubt(edge, file).find("chmod a+r "), std::string::npos);
  ASSERT_EQ(::chown(file.c_str(), 0, 65534), 0);
  EXPECT_EQ(reach_doubt(edge, file), "");
  fs::permissions(directory_.path(), fs::perms(0700));
  EXPECT_NE(reach_doubt(edge, file).find("chmod a+x " + directory_.path().string()), std::string::npos) << reach_doubt(edge, file);
  EXPECT_EQ(reach_doubt(look_up({"nobody-at-all"}), file), "");
}

} // namespace
