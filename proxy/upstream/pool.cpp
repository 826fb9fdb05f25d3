#include "upstream/pool.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <utility>

namespace ledgergate::upstream {

Pool::Pool(io::Loop& loop, settings::Server server, std::shared_ptr<const ClientTls> tls)
    : loop_(loop), server_(std::move(server)), tls_(std::move(tls)) {
  idle_.reserve(server_.keep_idle);
}

Pool::~Pool() { SSL_SESSION_free(session_); }

io::Stream::Ptr Pool::take() noexcept {
  while (!idle_.empty()) {
    io::Stream::Ptr stream = std::move(idle_.back().stream);
    idle_.pop_back();
    stream->attach(static_cast<io::StreamWatcher*>(nullptr));
    if (!stream->gone() && !stream->failed() && stream->input().empty()) return stream;
  }
  return {};
}

void Pool::put(io::Stream::Ptr stream) {
  if (idle_.size() >= server_.keep_idle || stream->gone() || stream->failed() || !stream->input().empty()) return;
  // Records that came with the reply may not be decrypted yet: a session ticket is fine, a message nobody asked for is not.
  if (stream->fill() != io::Step::blocked) return;
  stream->attach(this);
  stream->trim();
  stream->want_input();
  idle_.push_back({std::move(stream), loop_.now()});
  if (idle_.size() == 1) arm();
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

void Pool::arm() {
  if (!idle_.empty()) loop_.set_deadline(*this, idle_.front().since + static_cast<io::TimeMs>(server_.timeouts.idle.count()));
}

void Pool::expired() noexcept {
  const io::TimeMs idle_for = static_cast<io::TimeMs>(server_.timeouts.idle.count());
  const auto fresh =
      std::find_if(idle_.begin(), idle_.end(), [&](const Idle& idle) { return loop_.now() - idle.since < idle_for; });
  idle_.erase(idle_.begin(), fresh);
  arm();
}

} // namespace ledgergate::upstream
