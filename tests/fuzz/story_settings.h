// What is published in the stories that are fuzzed: one listener for each way that a request may go.
#pragma once

#include "base/address.h"
#include "settings/settings.h"

#include <cstddef>
#include <memory>
#include <string_view>

namespace ledgergate::fuzz {

struct Door {
  char letter; // what a story begins with
  std::string_view name;
  std::string_view peer; // who comes in by it
  bool same_body;        // the server gets the bytes of a body that the caller sent
  bool tls = false;      // what the caller says goes through TLS
};
inline constexpr Door kDoors[] = {
    {'h', "web", "203.0.113.9:50000", true},       // streamed both ways
    {'f', "features", "203.0.113.9:50000", false}, // stripped, compressed, decompressed, WebSocket, header rules
    {'l', "one_slot", "203.0.113.9:50000", true},  // one place, spooled both ways
    {'m', "mserver", "203.0.113.9:50000", true},
    {'k', "keyed", "203.0.113.9:50000", true}, // an mserver, for a client with a key that may do some things
    {'a', "apicomprem", "203.0.113.9:50000", true},
    {'c', "characters", "203.0.113.9:50000", true}, // its lengths count characters
    {'e', "eshop", "203.0.113.9:50000", true},
    {'o', "onec", "203.0.113.9:50000", true},
    {'p', "proxied", "10.0.0.1:50000", true}, // behind a trusted proxy that sends PROXY headers
    {'t', "trusted", "10.0.0.1:50000", true}, // behind one that speaks HTTP
    {'r', "redirect", "203.0.113.9:50000", true},
    {'x', "admin", "203.0.113.9:50000", true},
    {'s', "secure", "203.0.113.9:50000", true, true},
    {'z', "secure", "203.0.113.9:50000", true}, // bytes as they are on a TLS listener: nothing is a request
};

// The key of the client that `keyed` is for.
inline constexpr std::string_view kKey = "fuzzed-key-fuzzed-key-fuzzed-key";

[[nodiscard]] std::shared_ptr<const settings::Settings> story_settings(const Door& door);
// The index of the door's listener.
[[nodiscard]] std::size_t listener_of(const settings::Settings& settings, const Door& door);

} // namespace ledgergate::fuzz
