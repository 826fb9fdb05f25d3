// Files of user and password: where they are looked for, and who may read them.
#include "settings/load.h"

#include "given_credentials.h"
#include "temporary_directory.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <string>

namespace {

using namespace ledgergate;
using namespace ledgergate::settings;
using tests::GivenCredentials;
using tests::TemporaryDirectory;
namespace fs = std::filesystem;
using fs::perms;

class CredentialFiles : public testing::Test {
protected:
  // The config, beside the files that it names.
  [[nodiscard]] Loaded load(const std::string& credentials) const {
    return load_text("listen: [{ address: \"127.0.0.1:1\", tls: off }]\nservers:\n  s: { url: \"http://h\", credentials: " +
                         credentials + " }\nroutes: [{ server: s, access: anonymous }]\n",
                     (beside_.path() / "x.yaml").string());
  }
  [[nodiscard]] std::string file_of(const std::string& credentials) const {
    const Loaded loaded = load(credentials);
    for (const Problem& problem : loaded.problems) ADD_FAILURE() << problem.format();
    return loaded.settings ? loaded.settings->servers.at(0).credentials : "";
  }
  [[nodiscard]] std::string mistake(const std::string& credentials) const {
    const Loaded loaded = load(credentials);
    EXPECT_EQ(loaded.settings, nullptr);
    return loaded.problems.size() == 1 ? loaded.problems[0].text : std::to_string(loaded.problems.size()) + " problems";
  }
  [[nodiscard]] std::string write(const std::string& name, perms mode) const {
    std::string file = beside_.write(name, "user:password\n");
    fs::permissions(file, mode);
    return file;
  }

  [[nodiscard]] const fs::path& beside() const noexcept { return beside_.path(); }

private:
  const TemporaryDirectory beside_;
};

TEST_F(CredentialFiles, AreFoundBesideTheConfig) {
  const std::string file = write("pohoda.cred", perms::owner_read | perms::owner_write);
  EXPECT_EQ(file_of("pohoda.cred"), file);
  EXPECT_EQ(file_of(file), file);
}

TEST_F(CredentialFiles, OfSystemdGoFirst) {
  const std::string beside = write("pohoda.cred", perms::owner_read);
  const std::string other = write("other.cred", perms::owner_read);
  const GivenCredentials given;
  EXPECT_EQ(file_of("pohoda.cred"), (given.path() / "pohoda.cred").string());
  EXPECT_EQ(file_of("other.cred"), other) << "what systemd did not give is looked for beside the config";
  EXPECT_EQ(file_of(beside), beside) << "an absolute name is that file";
}

TEST_F(CredentialFiles, ThatEverybodyCanGetAtAreRefused) {
  for (const perms mode : {perms::others_read, perms::others_write, perms::others_exec}) {
    const std::string file = write("open.cred", perms::owner_read | mode);
    // Root's own file would be of no use to the service by itself.
    const std::string words = getuid() == 0 ? "chown root:ledgergate " + file + " && chmod 640 " + file : "chmod 600 " + file;
    EXPECT_EQ(mistake("open.cred"), "`credentials`: every user of this machine can get at `" + file + "`; run: " + words);
  }
  const std::string group = write("group.cred", perms::owner_read | perms::group_read);
  EXPECT_EQ(file_of("group.cred"), group) << "how a package gives a file to its service";
}

// Root reads everything, so this is somebody else for a while.
class Nobody {
public:
  Nobody() : root_(geteuid() == 0) {
    if (root_) {
      EXPECT_EQ(seteuid(65534), 0);
    }
  }
  ~Nobody() {
    if (root_) {
      EXPECT_EQ(seteuid(0), 0);
    }
  }
  Nobody(const Nobody&) = delete;
  Nobody& operator=(const Nobody&) = delete;

private:
  bool root_;
};

TEST_F(CredentialFiles, ThatCantBeReadAreRefused) {
  const std::string file = write("locked.cred", perms::none);
  fs::permissions(beside(), perms::owner_all | perms::group_exec | perms::others_exec);
  const Nobody nobody;
  EXPECT_EQ(mistake("locked.cred"), "`credentials`: `" + file + "` can't be read: Permission denied");
}

TEST_F(CredentialFiles, InADirectoryThatCantBeEnteredAreRefused) {
  const std::string file = write("pohoda.cred", perms::owner_read);
  fs::permissions(beside(), perms::none);
  {
    const Nobody nobody;
    EXPECT_EQ(mistake("pohoda.cred"), "`credentials`: `" + file + "` can't be looked at: Permission denied");
  }
  fs::permissions(beside(), perms::owner_all);
}

} // namespace
