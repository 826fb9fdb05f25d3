#include "upstream/status_board.h"

namespace ledgergate::upstream {

StatusBoard::Seat::Seat(io::Wake& wake) : place_(std::make_shared<Place>()) {
  place_->loop = &wake.loop();
  place_->wake = &wake;
}

StatusBoard::Seat::~Seat() { place_->wake = nullptr; }

StatusBoard::Known StatusBoard::Seat::take() noexcept {
  if (place_->answer) waiting_ = false;
  return std::exchange(place_->answer, nullptr);
}

StatusBoard::Duty::~Duty() {
  if (board_) publish(Error{Cause::out_of_memory}, answer_->begun);
}

void StatusBoard::Duty::publish(Result<ProbeReply> said, Micros now) {
  answer_->said = std::move(said);
  answer_->known = now;
  std::exchange(board_, nullptr)->publish(answer_);
}

StatusBoard::Asked StatusBoard::ask(Seat& seat, Micros now, Micros not_before) {
  const std::lock_guard guard(lock_);
  if (last_ && last_->begun >= not_before && now - last_->known < kFresh) return {last_, std::nullopt};
  std::shared_ptr<Answer> answer;
  if (!asking_) {
    answer = std::make_shared<Answer>();
    answer->begun = now;
  }
  waiting_.push_back(seat.place_);
  seat.waiting_ = true;
  if (!answer) return {};
  asking_ = true;
  return {nullptr, Duty(shared_from_this(), std::move(answer))};
}

void StatusBoard::Seat::Place::arrive() noexcept {
  answer = std::move(sent);
  if (wake != nullptr) wake->raise(io::kAnswer);
}

void StatusBoard::publish(const Known& answer) noexcept {
  std::vector<std::shared_ptr<Seat::Place>> waiting;
  {
    const std::lock_guard guard(lock_);
    asking_ = false;
    last_ = answer->said.ok() ? answer : nullptr;
    waiting.swap(waiting_);
  }
  for (const auto& place : waiting) {
    place->sent = answer;
    place->loop->send(place);
  }
}

} // namespace ledgergate::upstream
