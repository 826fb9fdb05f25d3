#include "profile/secret_parameters.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ledgergate::profile {
namespace {

bool has(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

TEST(SecretParameters, AreThoseOfThatKindOfServer) {
  for (const char* const name : {"cred", "usr", "pwd", "n", "p", "uc"}) {
    EXPECT_TRUE(has(secret_parameters(settings::Profile::onec), name)) << name;
    EXPECT_TRUE(has(all_secret_parameters(), name)) << "of a request whose server nobody knows: " << name;
  }
  for (const auto profile : {settings::Profile::http, settings::Profile::mserver, settings::Profile::eshop})
    EXPECT_FALSE(has(secret_parameters(profile), "p")) << "a page";
}

} // namespace
} // namespace ledgergate::profile
