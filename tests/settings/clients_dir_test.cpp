// `clients_dir`: clients in files of their own.
#include "settings/load.h"

#include "temporary_directory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using namespace ledgergate::settings;
namespace fs = std::filesystem;

const std::string kKey = std::string(63, '0');

class ClientsDir : public testing::Test {
protected:
  ClientsDir() { fs::create_directory(in_.path() / "clients.d"); }
  // The messages that name files of the directory start at "clients.d/"; the main file is "edge.yaml".
  std::vector<std::string> load(const std::string& more = "") {
    loaded_ = load_file(in_.write("edge.yaml", "listen: [{ name: web, address: \"127.0.0.1:8443\", tls: off }]\n"
                                               "servers: { shop: { url: \"http://192.168.0.10\" } }\n"
                                               "routes: [{ server: shop, clients: any }]\n"
                                               "clients_dir: clients.d\n" +
                                                   more));
    std::vector<std::string> said;
    const std::string root = in_.path().string() + "/";
    for (const Problem& problem : loaded_.problems) {
      std::string line = problem.format();
      for (std::size_t at = 0; (at = line.find(root)) != std::string::npos;) line.erase(at, root.size());
      said.push_back(line);
    }
    return said;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    if (loaded_.settings)
      for (const Client& each : loaded_.settings->clients) out.push_back(each.name);
    return out;
  }
  void write(const std::string& name, const std::string& text) { in_.write("clients.d/" + name, text); }
  static std::string with_key(char last) { return "{ api_key_sha256: \"" + kKey + last + "\" }"; }

  const ledgergate::tests::TemporaryDirectory in_;
  Loaded loaded_;
};

using Lines = std::vector<std::string>;

TEST_F(ClientsDir, ThatEverybodyMayWriteToIsRefused) {
  write("shop.yaml", "shop: " + with_key('1') + "\n");
  const fs::path directory = in_.path() / "clients.d";
  fs::permissions(directory / "shop.yaml", fs::perms::others_write, fs::perm_options::add);
  EXPECT_EQ(load(),
            Lines{"clients.d/shop.yaml: error: every user of this machine may change it; run: chmod o-w clients.d/shop.yaml"});
  EXPECT_FALSE(loaded_.settings);
  fs::permissions(directory / "shop.yaml", fs::perms::others_write, fs::perm_options::remove);
  EXPECT_EQ(load(), Lines{});
  fs::permissions(directory, fs::perms::others_write | fs::perms::sticky_bit, fs::perm_options::add);
  EXPECT_EQ(
      load(),
      Lines{
          "edge.yaml:4:14: error: `clients_dir`: `clients.d`: every user of this machine may change it; run: chmod o-w clients.d"});
}

TEST_F(ClientsDir, ClientsOnNoRouteAreNamed) {
  write("shop.yaml", "shop: " + with_key('1') + "\n");
  in_.write("edge.yaml", "listen: [{ name: web, address: \"127.0.0.1:8443\", tls: off }]\n"
                         "servers: { shop: { url: \"http://192.168.0.10\" } }\n"
                         "routes: [{ server: shop, access: anonymous }]\n"
                         "clients_dir: clients.d\n");
  const Loaded loaded = load_file(in_.path() / "edge.yaml");
  EXPECT_TRUE(loaded.settings) << "a key that has just been made is often on no route yet";
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_EQ(loaded.problems[0].format(),
            (in_.path() / "clients.d" / "shop.yaml").string() + ": warning: no route lets the client `shop` in");
}

TEST_F(ClientsDir, AddsToTheClientsOfTheMainFileInOrderOfNames) {
  write("b.yaml", "shop: " + with_key('1') + "\ntill: " + with_key('2') + "\n");
  write("a.yaml", "\xef\xbb\xbfkasa: " + with_key('3') + "\n");
  EXPECT_EQ(load("clients: { main: " + with_key('4') + " }\n"), Lines{});
  EXPECT_EQ(names(), (Lines{"main", "kasa", "shop", "till"}));
}

TEST_F(ClientsDir, MistakesNameTheirOwnFileAndPlace) {
  write("a.yaml", "till:\n  api_key_sha256: x\n  klass: high\n");
  write("b.yaml", "till: [\n");
  write("c.yaml", "- till\n");
  const auto said = load();
  ASSERT_EQ(said.size(), 4U);
  EXPECT_EQ(said[0].substr(0, said[0].find('`')), "clients.d/a.yaml:2:19: error: ");
  EXPECT_EQ(said[1], "clients.d/a.yaml:3:3: error: unknown key `klass` (did you mean `class`?)");
  EXPECT_TRUE(said[2].starts_with("clients.d/b.yaml:2:1: error: ")) << said[2];
  EXPECT_EQ(said[3], "clients.d/c.yaml:1:1: error: `clients` must be a map, not a list");
  EXPECT_EQ(loaded_.settings, nullptr);
}

TEST_F(ClientsDir, ANameOrAKeyThatIsTakenIsToldWhereItStandsTheSecondTime) {
  write("a.yaml", "till: " + with_key('1') + "\n");
  write("b.yaml", "till: " + with_key('2') + "\nother: " + with_key('3') + "\nmain: " + with_key('4') + "\n");
  EXPECT_EQ(load("clients: { main: " + with_key('3') + " }\n"),
            (Lines{"clients.d/b.yaml:1:1: error: there is a client `till` in clients.d/a.yaml already",
                   "clients.d/b.yaml:2:1: error: another client has this API key already",
                   "clients.d/b.yaml:3:1: error: there is a client `main` in edge.yaml already"}));
}

TEST_F(ClientsDir, OnlyYamlFilesAreReadAndOthersArePointedAt) {
  write("till.yaml", "till: " + with_key('1') + "\n");
  write(".new-1-1", "half of a");
  write("lock", "");
  write("audit.log", "");
  write("kasa.yml", "kasa: " + with_key('2') + "\n");
  EXPECT_EQ(load(), Lines{"edge.yaml:4:14: warning: `clients.d/kasa.yml` is not read: only files whose names end in `.yaml` are"});
  EXPECT_EQ(names(), Lines{"till"});
}

TEST_F(ClientsDir, WhatIsNoReadableFileIsAnError) {
  fs::create_directory(in_.path() / "clients.d" / "a.yaml");
  write("b.yaml", std::string(1024 * 1024 + 1, '#'));
  write("c.yaml", "till: \x01\n");
  fs::create_symlink("nowhere", in_.path() / "clients.d" / "d.yaml");
  const auto said = load("clients: { main: " + with_key('3') + " }\n");
  ASSERT_EQ(said.size(), 4U);
  EXPECT_EQ(said[0], "clients.d/a.yaml: error: is a directory, not a file");
  EXPECT_EQ(said[1], "clients.d/b.yaml: error: larger than 1 MiB; this is no config file");
  EXPECT_TRUE(said[2].starts_with("clients.d/c.yaml:1:7: error: ")) << said[2];
  EXPECT_TRUE(said[3].starts_with("clients.d/d.yaml: error: can't be opened: ")) << said[3];
}

TEST_F(ClientsDir, MustBeThere) {
  fs::remove(in_.path() / "clients.d");
  const auto said = load("clients: { main: " + with_key('3') + " }\n");
  EXPECT_EQ(said, Lines{"edge.yaml:4:14: error: `clients_dir`: the directory `clients.d` does not exist"});
}

TEST_F(ClientsDir, RoutesNameItsClients) {
  write("till.yaml", "till: " + with_key('1') + "\n");
  in_.write("other.yaml", "listen: [{ name: web, address: \"127.0.0.1:8443\", tls: off }]\n"
                          "servers: { shop: { url: \"http://192.168.0.10\" } }\n"
                          "routes: [{ server: shop, clients: [till] }]\nclients_dir: clients.d\n");
  const Loaded loaded = load_file((in_.path() / "other.yaml").string());
  ASSERT_NE(loaded.settings, nullptr);
  EXPECT_EQ(loaded.settings->routes[0].clients, std::vector<std::size_t>{0});
}

} // namespace
