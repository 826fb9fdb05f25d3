#include "client/password_checks.h"

#include "client/htpasswd.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <new>
#include <system_error>

namespace ledgergate::client {
namespace {
std::int64_t now_ms() noexcept { return static_cast<std::int64_t>(uv_hrtime() / 1'000'000); }
} // namespace

PasswordChecks::PasswordChecks() { RAND_bytes(key_.data(), static_cast<int>(key_.size())); }

PasswordChecks::~PasswordChecks() {
  stop();
  OPENSSL_cleanse(key_.data(), key_.size());
}

PasswordChecks::Check::~Check() { OPENSSL_cleanse(password.data(), password.size()); }

void PasswordChecks::stop() noexcept {
  {
    const std::lock_guard guard(lock_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

PasswordChecks::Mark PasswordChecks::mark(const Login& login) const {
  // Lengths in front: no two different triples are the same bytes.
  Mark out{};
  unsigned int size = 0;
  std::string text = std::to_string(login.user.size()) + ":" + std::to_string(login.password.size()) + ":" + login.user +
                     login.password + login.hash;
  const bool made = HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
                         reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(), &size) != nullptr;
  OPENSSL_cleanse(text.data(), text.size());
  if (!made) throw std::bad_alloc(); // the mark of no login: it would be that of every other that had no memory
  return out;
}

bool PasswordChecks::still_right(const Mark& wanted, std::int64_t now) {
  std::erase_if(remembered_, [now](const Remembered& each) { return each.until_ms <= now; });
  return std::any_of(remembered_.begin(), remembered_.end(),
                     [&](const Remembered& each) { return CRYPTO_memcmp(each.mark.data(), wanted.data(), wanted.size()) == 0; });
}

bool PasswordChecks::remembers(const Login& login, std::int64_t now) {
  const Mark wanted = mark(login);
  const std::lock_guard guard(lock_);
  return still_right(wanted, now);
}

bool PasswordChecks::join(const std::shared_ptr<Waiter>& waiter, const Mark& mark, bool known) {
  const auto same = [&](const std::shared_ptr<Check>& each) { return each->mark == mark; };
  if (now_ && same(now_)) {
    now_->waiters.push_back(waiter);
    return true;
  }
  for (Line* const line : {&known_, &strangers_}) {
    const auto found = std::find_if(line->begin(), line->end(), same);
    if (found == line->end()) continue;
    const std::shared_ptr<Check> check = *found;
    if (known && line == &strangers_ && known_.size() < kLine) {
      known_.push_back(check);
      strangers_.erase(found);
    }
    check->waiters.push_back(waiter); // last: who had no memory for all of it waits nowhere
    return true;
  }
  return false;
}

Result<void> PasswordChecks::line_up(const std::shared_ptr<Waiter>& waiter, const Login& login, const Mark& mark) {
  if (stopping_) return Error{Cause::no_capacity, "too many logins at once"};
  if (join(waiter, mark, login.known)) return {};
  Line& line = login.known ? known_ : strangers_;
  const auto of_it = [&](const std::shared_ptr<Check>& each) { return each->user == login.user; };
  const auto from_it = [&](const std::shared_ptr<Check>& each) { return each->from == login.from; };
  if (static_cast<std::size_t>(std::count_if(line.begin(), line.end(), of_it)) >= kOfOneUser)
    return Error{Cause::rate_limited, "logins of this user at once"};
  if (static_cast<std::size_t>(std::count_if(line.begin(), line.end(), from_it)) >= kFromOneAddress)
    return Error{Cause::rate_limited, "logins of this address at once"};
  if (line.size() >= kLine) return Error{Cause::no_capacity, "too many logins at once"};
  if (!started_) {
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error&) {
      return Error{Cause::no_capacity, "no thread for logins"};
    }
    started_ = true;
  }
  auto check = std::make_shared<Check>();
  check->user = login.user;
  check->password = login.password;
  check->hash = login.hash;
  check->mark = mark;
  check->from = login.from;
  check->begins = begun_;
  const auto behind = [&](const std::shared_ptr<Check>& each) {
    if (each && (of_it(each) || from_it(each))) check->begins = std::max(check->begins, each->begins + 1);
  };
  behind(now_);
  for (const auto& each : line) behind(each);
  check->waiters.push_back(waiter);
  line.push_back(std::move(check));
  return {};
}

// Whoever waits no more; a check that nobody waits for is not made.
void PasswordChecks::leave(const std::shared_ptr<Waiter>& waiter) {
  for (Line* const line : {&known_, &strangers_})
    std::erase_if(
        *line, [&](const std::shared_ptr<Check>& each) { return std::erase(each->waiters, waiter) != 0 && each->waiters.empty(); });
}

std::shared_ptr<PasswordChecks::Check> PasswordChecks::next() {
  const bool strangers_turn = known_.empty() || (known_run_ >= kKnownFirst && !strangers_.empty());
  Line& line = strangers_turn ? strangers_ : known_;
  known_run_ = strangers_turn ? 0 : known_run_ + 1;
  const auto first = std::min_element(line.begin(), line.end(), [](const auto& a, const auto& b) { return a->begins < b->begins; });
  std::shared_ptr<Check> check = *first;
  line.erase(first);
  begun_ = std::max(begun_, check->begins);
  return check;
}

io::Task<Result<bool>> PasswordChecks::verify(io::Wake& wake, Login& login) {
  if (remembers(login, now_ms())) co_return true;
  auto waiter = std::make_shared<Waiter>();
  waiter->loop = &wake.loop();
  waiter->wake = &wake;
  const Mark wanted = mark(login);
  Result<void> standing;
  {
    const std::lock_guard guard(lock_);
    standing = line_up(waiter, login, wanted);
  }
  if (!standing) co_return standing.error();
  changed_.notify_one();
  while (!waiter->answered) {
    const auto happened = co_await wake.wait(io::kAnswer);
    if (waiter->answered || (happened & io::kExpired) == 0) continue;
    waiter->wake = nullptr;
    {
      const std::lock_guard guard(lock_);
      leave(waiter);
    }
    co_return Error{Cause::no_capacity, "a login took too long"};
  }
  co_return waiter->right;
}

std::uint64_t PasswordChecks::made() const {
  const std::lock_guard guard(lock_);
  return made_;
}

void PasswordChecks::remember(const Mark& right) noexcept {
  try {
    if (remembered_.size() >= kRemembered) remembered_.pop_front();
    remembered_.push_back({right, now_ms() + kRememberMs});
  } catch (const std::bad_alloc&) {
    // It is made again the next time.
  }
}

void PasswordChecks::run() {
  std::unique_lock guard(lock_);
  for (;;) {
    changed_.wait(guard, [this] { return stopping_ || !known_.empty() || !strangers_.empty(); });
    if (stopping_) return;
    now_ = next();
    const std::shared_ptr<Check> check = now_;
    // It may have been right for somebody else meanwhile.
    bool right = still_right(check->mark, now_ms());
    if (!right) {
      guard.unlock();
      right = verify_password(check->password, check->hash);
      guard.lock();
      ++made_;
      if (right) remember(check->mark);
    }
    now_.reset();
    for (const auto& waiter : check->waiters) {
      waiter->right = right;
      waiter->loop->send(waiter);
    }
    check->waiters.clear();
  }
}

} // namespace ledgergate::client
