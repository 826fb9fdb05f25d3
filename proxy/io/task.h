// Task<T>: a lazily started coroutine with one awaiter. Its frame comes from a per-thread pool, so the steady state of a connection
// allocates nothing.
//
// The safe shape (docs/architecture.md, "Coroutines"; enforced by scripts/safe-shape): `co_await` stands alone in a statement,
// `const auto x = co_await f(args);` or `co_return co_await f(args);`. Parameters are values or references that outlive the await.
// A Task runs to its end: frames are never destroyed from outside while suspended.
#pragma once

#include "base/result.h"
#include "io/frame_pool.h"

#include <coroutine>
#include <cstdlib>
#include <exception>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace ledgergate::io {

template <class T>
class Task;

namespace detail {

template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<Result<T>> = true;

// Inside unhandled_exception(): passes for std::bad_alloc, ends the process for anything else (noexcept sees to that).
inline void only_out_of_memory() noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {}
}

// clang 14 drops what follows an awaited task where resuming does the same as destroying (only destructors are left): SimplifyCFG
// makes one branch of both, and CoroSplit, looking for the `ret` behind a symmetric transfer, resolves that branch for the case
// that suspends. No code comes of this, but it keeps the two apart (tests/compiler).
inline void mark_resumption() noexcept {
#ifdef __clang__
  asm volatile("");
#endif
}

struct PromiseBase {
  std::coroutine_handle<> continuation = std::noop_coroutine();

  static void* operator new(std::size_t size) { return FramePool::allocate(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { FramePool::release(frame, size); }

  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> self) noexcept {
      return self.promise().continuation;
    }
    void await_resume() const noexcept {}
  };
  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;

  Task<T> get_return_object() noexcept;
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  // Only std::bad_alloc can arrive here: everything else in the program is an error value. It ends this request, not the
  // process: a Result becomes out_of_memory, a bool false.
  void unhandled_exception() noexcept {
    only_out_of_memory();
    if constexpr (is_result<T>)
      value.emplace(Error{Cause::out_of_memory});
    else
      value.emplace();
  }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void unhandled_exception() const noexcept { only_out_of_memory(); }
};

} // namespace detail

template <class T>
class [[nodiscard]] Task {
public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  // Without a frame (of void only): what was to be done is done already.
  explicit Task(Handle handle) noexcept : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task(const Task&) = delete;
  Task& operator=(Task&&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return std::is_void_v<T> && !handle_; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) noexcept {
    handle_.promise().continuation = awaiter;
    return handle_;
  }
  T await_resume() {
    detail::mark_resumption();
    if constexpr (!std::is_void_v<T>) return std::move(*handle_.promise().value);
  }

private:
  Handle handle_;
};

namespace detail {
template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}
} // namespace detail

// A coroutine nobody awaits: it starts at once and frees itself at its end. The root of every story.
struct Detached {
  struct promise_type {
    static void* operator new(std::size_t size) { return FramePool::allocate(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { FramePool::release(frame, size); }
    Detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { detail::only_out_of_memory(); }
  };
};

} // namespace ledgergate::io
