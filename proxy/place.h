// A place at a server, given back when the server is done with it, and not before: by a story of its own, so that the caller does
// not wait for it.
#pragma once

#include "http/reply_body.h"
#include "io/stream.h"
#include "io/task.h"
#include "upstream/turns.h"

#include <optional>
#include <string>

namespace ledgergate {

class Worker;

enum class Left : std::uint8_t {
  answered, // the reply is complete: close in two steps, the server's FIN is waited for (1 s at most), so that it never sees two
  working, // the server may be working on it still (a time-out, a hang-up): its connection is read until it ends, or `hold` is over
};

// Takes both over. `rest`, with `working`: of the reply body that is being received; then its end is the server's end, too. Loop
// thread.
io::Detached give_back_place(Worker& worker, io::Stream::Ptr server, upstream::Turn turn, Left left, io::TimeMs hold,
                             std::string name, std::optional<http::ReplyBody> rest = std::nullopt);

} // namespace ledgergate
