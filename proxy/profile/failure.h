// What failed, and who is to read of it.
#pragma once

#include "base/error.h"
#include "http/head.h"
#include "settings/settings.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ledgergate::profile {

inline constexpr std::size_t kMaxErrorBody = 4096;

// Who is to read it. Views must outlive the call only; empty: unknown.
struct Reader {
  settings::Profile profile = settings::Profile::http;  // http while no route is known
  settings::Language language = settings::Language::en; // where Accept-Language asks for none of ours
  const http::RequestHead* request = nullptr;
  std::string_view path;         // decoded, as the server will see it
  std::string_view pack_id, ico; // mserver, eshop: dataPack/@id, @ico; UTF-8
  std::string_view command;      // apicomprem: inComm; UTF-8
  std::string_view charset;      // of the XML declaration
};

// What happened.
struct Failure {
  Cause cause = Cause::internal;
  bool forwarded = false;           // a byte of the request may have reached the server
  std::uint64_t waited_seconds = 0; // of a time-out; 0: not said
  std::string_view status_text;     // reason phrase of the status
  std::string_view address;         // to go to instead
  std::string_view request_id;
};

} // namespace ledgergate::profile
