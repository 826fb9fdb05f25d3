// `ledgergate check --explain METHOD URL`: what would become of such a request, and why, without a running edge.
#pragma once

#include "state/snapshot.h"

#include <memory>
#include <string>

namespace ledgergate {

struct Question {
  std::string method; // empty: nothing is asked
  std::string url;    // "https://ucto.example.cz/xml", as a caller writes it
  std::string client; // who calls, with all proofs that the settings list; empty: somebody who proves nothing
  std::string from;   // the caller's address; empty: one that the client may call from
};

// The judgement of each listener that the URL may lead to, a fact a line, appended to `out`. Only the head is judged, by the stages
// that serve requests: bodies, limits, bans, a server's health and the caller's TLS are not known here. False: the question can't
// be asked, and `out` says why.
[[nodiscard]] bool explain(const std::shared_ptr<const Snapshot>& snapshot, const Question& question, std::string& out);

} // namespace ledgergate
