#include "request/trace.h"

#include "client/proof_words.h"
#include "observe/log_ring.h"
#include "observe/mask.h"
#include "profile/secret_parameters.h"
#include "state/generation.h"

#include <new>
#include <string>

namespace ledgergate {
namespace {

bool wanted(const Exchange& x) noexcept { return x.generation->settings().log.level == settings::LogLevel::debug; }

template <class Words>
void say(const Exchange& x, Words words) noexcept {
  if (!wanted(x)) return;
  try {
    observe::event(settings::LogLevel::debug, "request " + x.request_id + ": " + words());
  } catch (const std::bad_alloc&) {
    // The request goes on.
  }
}

std::string text(std::string_view view) { return std::string(view); }

} // namespace

void trace_head(const Exchange& x) noexcept {
  say(x, [&] {
    std::string scratch;
    const observe::SecretNames names{x.generation->settings().log.mask_query, profile::all_secret_parameters()};
    const std::string_view target = x.request.target.substr(0, x.request.target.find('?'));
    return text(x.request.method_text) + " " + text(observe::mask_path(target, names, scratch)) + " of " + text(x.client_ip_text) +
           " on listener " + x.facts.listener->name;
  });
}

void trace_route(const Exchange& x) noexcept {
  say(x, [&] {
    return "route " + x.facts.route->name + ", server " + x.facts.server->name +
           (x.target.decoded == x.target.path ? "" : ", its path decoded");
  });
}

void trace_client(const Exchange& x) noexcept {
  say(x, [&] {
    return x.client == nullptr ? std::string("let in, of no client")
                               : "let in as client " + x.client->name + ", proven by " + text(client::proof_words(x.proven));
  });
}

void trace_slot(const Exchange& x) noexcept {
  say(x, [&] {
    return "slot at server " + x.facts.server->name + " after " + std::to_string(x.record.turn_micros / 1000) + " ms" +
           (x.unit.empty() ? "" : ", unit " + x.unit);
  });
}

void trace_connection(const Exchange& x, const io::Stream& server, bool reused) noexcept {
  say(x, [&] {
    return (reused ? "a kept connection to " : "a new connection to ") + server.peer().text() + " of server " +
           x.facts.server->name;
  });
}

void trace_reply(const Exchange& x) noexcept {
  say(x, [&] { return "the server answers " + std::to_string(x.answer.status); });
}

void trace_end(const Exchange& x) noexcept {
  say(x, [&] {
    std::string words = "ends with " + std::to_string(x.record.status);
    if (!x.failed) return words;
    words += ", " + text(describe(x.failure.cause).name);
    if (!x.failure.detail.empty()) words += ": " + text(x.failure.detail);
    return words;
  });
}

} // namespace ledgergate
