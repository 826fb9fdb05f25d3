// The tests' own getaddrinfo, in place of the C library's: the threads that ask for names call this one. It answers when it is told
// to.
#pragma once

#include "base/address.h"

#include <string>
#include <vector>

namespace ledgergate::upstream::tests {

struct NameService {
  // What `host` is from now on; nothing: EAI_AGAIN, as when no name server answers.
  static void says(const std::string& host, std::vector<std::string> addresses);
  // No query is answered until release(); or none for this name.
  static void hold();
  static void hold(const std::string& host);
  static void release();
  static int asked(const std::string& host);
  // Releases, and returns when nobody is asking any more.
  static void forget();
};

} // namespace ledgergate::upstream::tests
