// mServer's bare /status, asked by the edge itself: one question for all who want to know (upstream/status_board.h), outside the
// turn.
#pragma once

#include "io/task.h"
#include "state/services.h"
#include "upstream/health.h"
#include "upstream/status_board.h"

#include <cstddef>
#include <memory>

namespace ledgergate {

// How long one question to this server may take, in all.
[[nodiscard]] io::TimeMs status_patience(const settings::Server& server) noexcept;

// The seat waits, or the answer is there already. Puts the question to the server if nobody has. Loop thread.
[[nodiscard]] upstream::StatusBoard::Known ask_status(Services& services, const Generation& generation, std::size_t server,
                                                      upstream::StatusBoard::Seat& seat, upstream::Micros not_before);

// What a question says of a server's health: any answer but an error of the server's own counts. Busy is not down.
void note_answer(upstream::Health& health, const Result<upstream::ProbeReply>& said);

} // namespace ledgergate
