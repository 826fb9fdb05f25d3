// Guesses at a login: counted from their beginning, slowed down, banned.
#pragma once

#include "io/task.h"
#include "state/exchange.h"

namespace ledgergate {

// A guess begins: whether this address may make one now (locked_out), and whether it logged in there lately. Waits a while where
// many are on their way. What `login` refers to must outlive the task, `guess` too.
io::Task<Result<bool>> begin_login(Exchange& exchange, client::Lockout::Login login, client::Lockout::Guess& guess);
// Counts, logs and perhaps bans. `way`: a word for the log. Whether others had it banned meanwhile: who guesses learns no more.
bool count_failed_login(Exchange& exchange, client::Lockout::Guess& guess, std::string_view account, std::string_view way);
// Without a trace, for a login that was right before: whether it would be refused as banned now.
[[nodiscard]] bool is_banned(const Exchange& exchange, std::string_view account);
// By the administrator's wish: an account that many addresses tried is slowed down no more, an address is banned no more. Both log
// what they did.
[[nodiscard]] bool forget_failed_logins(Exchange& exchange, std::string_view account);
[[nodiscard]] client::Lockout::Lifted lift_bans(Exchange& exchange, const IpAddress& ip);

} // namespace ledgergate
