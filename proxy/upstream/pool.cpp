#include "upstream/pool.h"

#include "upstream/unasked.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace ledgergate::upstream {

Pool::Pool(io::Loop& loop, settings::Server server, std::shared_ptr<const ClientTls> tls, Relief* relief, Use use)
    : IdleConnections(use), loop_(loop), server_(std::move(server)), tls_(std::move(tls)), relief_(relief) {
  idle_.reserve(server_.keep_idle);
}

Pool::~Pool() {
  if (relieved_) relief_->remove(*this);
}

namespace {

bool usable(const io::Stream& stream) {
  return !stream.gone() && !stream.write_failed() && stream.unsent() == 0 && stream.input().empty();
}

} // namespace

io::Stream::Ptr Pool::take() noexcept {
  drop_old(); // the loop may be late
  while (!idle_.empty()) {
    // One that came back in this very round may have more to say than its reply: bytes that would be the next caller's answer. The
    // newest that has been through the loop's wait is better; if there is none, the kernel is asked.
    const std::uint64_t round = loop_.round();
    const auto seen = std::find_if(idle_.rbegin(), idle_.rend(), [&](const Idle& idle) { return idle.round != round; });
    const auto chosen = seen == idle_.rend() ? std::prev(idle_.end()) : std::prev(seen.base());
    const bool unseen = chosen->round == round;
    io::Stream::Ptr stream = std::move(chosen->stream);
    idle_.erase(chosen);
    stream->attach(static_cast<io::StreamWatcher*>(nullptr));
    if (usable(*stream) && !(unseen && look_ahead(*stream) != io::Step::blocked)) return stream;
  }
  return {};
}

void Pool::put(io::Stream::Ptr stream, io::TimeMs until) {
  until = std::min<io::TimeMs>(until, loop_.now() + static_cast<io::TimeMs>(server_.timeouts.idle.count()));
  if (until <= loop_.now() || retired_ || idle_.size() >= server_.keep_idle || !usable(*stream)) return;
  // Records that came with the reply may not be decrypted yet: a session ticket is fine, a message nobody asked for is not.
  if (stream->fill() != io::Step::blocked) return;
  if (relief_ != nullptr && !relieved_) {
    relieved_ = true;
    relief_->add(*this);
  }
  stream->attach(this);
  stream->trim();
  stream->want_input();
  idle_.push_back({std::move(stream), until, loop_.round()});
  if (until < at()) loop_.set_deadline(*this, until);
}

void Pool::retire() noexcept {
  retired_ = true;
  close_idle();
}

void Pool::stream_woke(io::Stream& stream) {
  // TLS may have brought a session ticket only: that is no message.
  const io::Step step = stream.fill();
  if (step == io::Step::blocked) {
    stream.want_input();
    return;
  }
  std::erase_if(idle_, [&](const Idle& idle) { return idle.stream.get() == &stream; });
}

void Pool::drop_old() noexcept {
  std::erase_if(idle_, [now = loop_.now()](const Idle& idle) { return idle.until <= now; });
}

void Pool::expired() noexcept {
  drop_old();
  const auto first = std::min_element(idle_.begin(), idle_.end(), [](const Idle& a, const Idle& b) { return a.until < b.until; });
  if (first != idle_.end()) loop_.set_deadline(*this, first->until);
}

} // namespace ledgergate::upstream
