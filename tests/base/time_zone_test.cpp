#include "base/time_zone.h"

#include "../settings/temporary_directory.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>

namespace {

using ledgergate::look_at_time_zone;

// A file of zone information (RFC 8536) with one type of local time, so many hours east of Greenwich.
std::string zone(int hours) {
  std::string out("TZif\0", 5);
  out.append(15, '\0');
  for (const int count : {0, 0, 0, 0, 1, 4}) out.append(3, '\0').append(1, static_cast<char>(count));
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((hours * 3600) >> shift);
  return out.append(2, '\0').append("ABC\0", 4);
}

int local_hour() {
  const std::time_t noon = 1'800'014'400; // 2027-01-15 12:00 UTC
  std::tm local{};
  localtime_r(&noon, &local);
  return local.tm_hour;
}

TEST(TimeZone, IsReadAgainWhenItsFileIsAnotherOne) {
  const ledgergate::tests::TemporaryDirectory directory;
  const char* const before = std::getenv("TZ");
  const std::string kept = before != nullptr ? before : "";
  const auto put = [&](int hours) {
    const std::string made = directory.write("new", zone(hours));
    std::filesystem::rename(made, directory.path() / "localtime");
  };
  put(1);
  ::setenv("TZ", (":" + (directory.path() / "localtime").string()).c_str(), 1);
  look_at_time_zone();
  EXPECT_EQ(local_hour(), 13);
  for (const int hours : {5, -3, 9}) {
    put(hours);
    EXPECT_NE(local_hour(), 12 + hours);
    look_at_time_zone();
    EXPECT_EQ(local_hour(), 12 + hours);
    look_at_time_zone();
    EXPECT_EQ(local_hour(), 12 + hours);
  }
  std::filesystem::remove(directory.path() / "localtime");
  look_at_time_zone();
  EXPECT_EQ(local_hour(), 21) << "while it is being replaced the old one holds";
  if (before != nullptr)
    ::setenv("TZ", kept.c_str(), 1);
  else
    ::unsetenv("TZ");
  look_at_time_zone();
}

} // namespace
