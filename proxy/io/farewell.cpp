#include "io/farewell.h"

#include <utility>

namespace ledgergate::io {

void Farewells::take(Stream& stream) noexcept {
  One& oldest = all_[next_];
  next_ = (next_ + 1) % all_.size();
  oldest.close();
  oldest.begin(Stream::Ptr(&stream));
}

bool Farewells::close_all() noexcept {
  bool any = false;
  for (One& one : all_) any = one.close() || any;
  return any;
}

void Farewells::One::begin(Stream::Ptr stream) noexcept {
  stream_ = std::move(stream);
  discarded_ = 0;
  stream_->leave_tls();
  stream_->attach(this);
  stream_->end_output();
  stream_->loop().set_deadline(*this, stream_->loop().now() + kFarewellMs);
  stream_woke(*stream_);
}

bool Farewells::One::close() noexcept {
  if (!stream_) return false;
  stream_->loop().set_deadline(*this, kNever);
  stream_->attach(static_cast<StreamWatcher*>(nullptr));
  stream_.reset();
  return true;
}

void Farewells::One::stream_woke(Stream& stream) {
  Step step = stream.fill();
  for (; step == Step::done && discarded_ < kFarewellBytes; step = stream.fill()) {
    discarded_ += stream.input().size();
    stream.consume(stream.input().size());
  }
  if (step == Step::blocked) return stream.want_input();
  close();
}

void Farewells::One::expired() noexcept { close(); }

} // namespace ledgergate::io
