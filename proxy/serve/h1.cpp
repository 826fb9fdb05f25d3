#include "serve/h1.h"

#include "request/limits.h"
#include "state/services.h"

#include <algorithm>

namespace ledgergate {
namespace {
// What one TLS record holds (RFC 8446 section 5.1): beyond it gathering saves nothing.
constexpr std::size_t kGather = 16 * 1024;
// Plaintext taken off a TLS connection at once while a body streams; the record that goes beyond it fits the same block.
constexpr std::size_t kBodyRoom = 44 * 1024;
} // namespace

// --- body ---------------------------------------------------------------------------------------------------------------------

void H1Body::start(const http::Framing& framing, bool expects) noexcept {
  kind_ = framing.kind;
  left_ = framing.length;
  received_ = 0;
  handed_ = 0;
  limit_ = 0;
  error_ = {};
  chunks_.reset();
  complete_ = kind_ == http::BodyKind::none || (kind_ == http::BodyKind::length && left_ == 0);
  expects_ = expects && !complete_;
  client_.read_at_most(complete_ ? kHeadRead : io::Loop::kReadSize);
}

void H1Body::settle() noexcept {
  client_.consume(handed_);
  handed_ = 0;
}

io::Step H1Body::fail(Error error) noexcept {
  error_ = error;
  return io::Step::failed;
}

io::Step H1Body::account(std::string_view bytes) {
  received_ += bytes.size();
  if (limit_ != 0 && received_ > limit_) return fail({Cause::body_too_large});
  return io::Step::done;
}

io::Step H1Body::pull(std::string_view& bytes) {
  settle();
  for (;;) {
    if (complete_) return io::Step::ended;
    const std::string_view input = client_.input();
    if (!input.empty()) {
      expects_ = false; // it did not wait for 100 after all
      if (kind_ == http::BodyKind::length) {
        bytes = input.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size())));
        handed_ = bytes.size();
        left_ -= bytes.size();
        complete_ = left_ == 0;
        return account(bytes);
      }
      const auto step = chunks_.next(input);
      switch (step.state) {
      case http::ChunkDecoder::State::data:
        bytes = step.data;
        handed_ = step.consumed;
        return account(bytes);
      case http::ChunkDecoder::State::done:
        client_.consume(step.consumed);
        complete_ = true;
        return io::Step::ended;
      case http::ChunkDecoder::State::failed: return fail({Cause::bad_framing, "malformed chunk"});
      case http::ChunkDecoder::State::more: client_.consume(step.consumed); break;
      }
    }
    switch (client_.fill(kBodyRoom)) {
    case io::Step::done: continue;
    case io::Step::blocked: return io::Step::blocked;
    case io::Step::ended: return fail({Cause::client_gone, "the caller ended its side inside the request body"});
    case io::Step::failed: return fail({Cause::client_gone, "the connection broke inside the request body"});
    }
  }
}

void H1Body::invite() {
  if (!expects_) return;
  expects_ = false;
  // RFC 9110 section 10.1.1: the edge's own 100; Expect is not forwarded.
  client_.write("HTTP/1.1 100 Continue\r\n\r\n");
  client_.flush();
}

bool H1Body::caller_gone() {
  if (!client_.input().empty()) return false; // the next request is there already
  const io::Step step = client_.fill();
  if (step == io::Step::failed) return true;
  // An end of its side alone is no hang-up: it may have sent all it had to (a half-closed connection), and wait.
  if (step == io::Step::blocked) client_.want_input();
  return false;
}

bool H1Body::caller_left() {
  if (!client_.input().empty()) return false;
  const io::Step step = client_.fill();
  if (step == io::Step::blocked) client_.want_input();
  return step == io::Step::failed || step == io::Step::ended;
}

// --- reply --------------------------------------------------------------------------------------------------------------------

void H1Reply::start(Exchange& exchange, bool may_keep) noexcept {
  exchange_ = &exchange;
  may_keep_ = may_keep;
  keep_ = ended_ = cut_ = left_ = false;
  length_ = sent_ = 0;
  gathered_.clear();
}

void H1Reply::head(const http::ReplyHead& reply, http::BodyKind body, std::uint64_t length) {
  const http::RequestHead& request = exchange_->request;
  switch (body) {
  case http::BodyKind::none: framing_ = route::ReplyFraming::none; break;
  case http::BodyKind::length: framing_ = route::ReplyFraming::length; break;
  case http::BodyKind::chunked:
  case http::BodyKind::until_close:
    framing_ = http::knows_chunked(request) ? route::ReplyFraming::chunked : route::ReplyFraming::until_close;
    break;
  }
  length_ = length;
  keep_ = may_keep_ && !exchange_->last && !exchange_->services->draining() && request.keep_alive && exchange_->body->complete() &&
          framing_ != route::ReplyFraming::until_close;
  append_head(reply, length);
}

void H1Reply::append_head(const http::ReplyHead& reply, std::uint64_t length) {
  exchange_->facts.server_addresses = exchange_->services->resolver().known(exchange_->facts.server->host);
  route::append_reply_head(exchange_->facts, reply, framing_, length, keep_, gathered_);
}

void H1Reply::put(std::string_view bytes) {
  if (gathered_.size() + bytes.size() <= kGather) {
    gathered_.append(bytes);
    return;
  }
  write(gathered_);
  gathered_.clear();
  write(bytes);
}

void H1Reply::write(std::string_view bytes) {
  left_ = true;
  client_.write(bytes);
}

void H1Reply::body(std::string_view bytes) {
  if (bytes.empty() || framing_ == route::ReplyFraming::none) return;
  sent_ += bytes.size();
  exchange_->record.bytes_out += bytes.size();
  if (framing_ != route::ReplyFraming::chunked) {
    put(bytes);
    return;
  }
  char size[18];
  put({size, http::write_chunk_size(bytes.size(), size)});
  put(bytes);
  put("\r\n");
}

void H1Reply::end() {
  ended_ = true;
  if (framing_ == route::ReplyFraming::chunked) put("0\r\n\r\n");
  // Never ended as if whole (docs/invariants.md, "A broken reply is seen as broken").
  if (framing_ == route::ReplyFraming::length && sent_ != length_) cut();
}

io::Step H1Reply::flush() {
  if (cut_) return io::Step::failed;
  if (!gathered_.empty()) {
    write(gathered_);
    gathered_.clear();
  }
  return client_.flush();
}

void H1Reply::rest() noexcept {
  client_.trim();
  if (gathered_.empty()) std::string().swap(gathered_);
}

io::Stream* H1Reply::switch_protocols(const http::ReplyHead& reply) {
  framing_ = route::ReplyFraming::none;
  keep_ = false;
  ended_ = true;
  append_head(reply, 0);
  return &client_;
}

bool H1Reply::take_back() {
  if (left_ || cut_) return false;
  gathered_.clear();
  sent_ = 0;
  keep_ = ended_ = false; // should nothing follow, the caller must see an end
  exchange_->record.bytes_out = 0;
  return true;
}

void H1Reply::cut() {
  if (cut_) return;
  cut_ = true;
  gathered_.clear();
}

} // namespace ledgergate
