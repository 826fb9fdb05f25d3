// llhttp as the second opinion on a head that our own reader has already understood.
//
// llhttp judges where each field begins and ends, its name, its value and what the fields say about framing; and method, version
// and status. It isn't asked about
//  * methods it doesn't know: its list is fixed and differs between its versions, so words outside our own Method are shown to it
//    as POST;
//  * a target with bytes from 0x80: a build of it in strict mode (LLHTTP_STRICT_MODE) takes none, so "/" is shown in its place;
//  * the reason phrase, Upgrade, CONNECT, and what follows a head: it is stopped at the end of the fields.
// All that its versions read differently is refused by our reader before (see framing.cpp), so 8.1 and 9.x come to one answer: for
// 189,540 distinct mutated heads that our reader believes, 8.1.0 and 9.3.1 gave the same verdict and the same fields. What is left
// for them to refuse is an absolute-form target whose authority holds bytes that no URI may hold there.
#pragma once

#include "http/head.h"

#include <string_view>

namespace ledgergate::http {

// Whether llhttp reads the same out of `head` as `ours` says. `framing` is what the fields say, before HEAD, 204 and the like.
[[nodiscard]] bool second_reader_agrees(std::string_view head, const RequestHead& ours) noexcept;
[[nodiscard]] bool second_reader_agrees(std::string_view head, const ReplyHead& ours, const Framing& framing) noexcept;

} // namespace ledgergate::http
