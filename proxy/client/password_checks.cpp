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

Result<void> PasswordChecks::line_up(const std::shared_ptr<Waiter>& waiter, bool known) {
  auto& line = known ? known_ : strangers_;
  if (line.size() >= kLine || stopping_) return Error{Cause::no_capacity, "too many logins at once"};
  const auto of_it = [&](const std::shared_ptr<Waiter>& each) { return each->from == waiter->from; };
  if (!known && static_cast<std::size_t>(std::count_if(line.begin(), line.end(), of_it)) >= kFromOneAddress)
    return Error{Cause::rate_limited, "logins of this address at once"};
  if (!started_) {
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error&) {
      return Error{Cause::no_capacity, "no thread for logins"};
    }
    started_ = true;
  }
  line.push_back(waiter);
  return {};
}

io::Task<Result<bool>> PasswordChecks::verify(io::Wake& wake, Login& login) {
  if (remembers(login, now_ms())) co_return true;
  auto waiter = std::make_shared<Waiter>();
  waiter->password = login.password;
  waiter->hash = login.hash;
  waiter->mark = mark(login);
  waiter->from = login.from;
  waiter->loop = &wake.loop();
  waiter->wake = &wake;
  Result<void> standing;
  {
    const std::lock_guard guard(lock_);
    standing = line_up(waiter, login.known);
  }
  if (!standing) co_return standing.error();
  changed_.notify_one();
  while (!waiter->answered) {
    const auto happened = co_await wake.wait(io::kAnswer);
    if (waiter->answered || (happened & io::kExpired) == 0) continue;
    waiter->wake = nullptr;
    {
      const std::lock_guard guard(lock_);
      std::erase(known_, waiter);
      std::erase(strangers_, waiter);
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
    auto& line = known_.empty() ? strangers_ : known_;
    const std::shared_ptr<Waiter> waiter = line.front();
    line.pop_front();
    // A client with ten connections asks ten times at once.
    bool right = still_right(waiter->mark, now_ms());
    if (!right) {
      guard.unlock();
      right = verify_password(waiter->password, waiter->hash);
      guard.lock();
      ++made_;
      if (right) remember(waiter->mark);
    }
    OPENSSL_cleanse(waiter->password.data(), waiter->password.size());
    waiter->right = right;
    waiter->loop->send(waiter);
  }
}

} // namespace ledgergate::client
