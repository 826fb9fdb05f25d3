#include "allocations.h"

#include <atomic>
#include <cstdlib>

namespace {

thread_local std::size_t made = 0;
thread_local std::size_t left = 0; // calls that still succeed
thread_local bool armed = false;
thread_local bool one_failed = false;
thread_local bool exempt = false;
thread_local bool spared = false;
std::atomic<bool> nowhere{false};
std::atomic<std::size_t> refused{0};

bool fails() noexcept {
  ++made;
  if (spared) return false;
  if (nowhere.load(std::memory_order_relaxed) && !exempt) {
    refused.fetch_add(1);
    return true;
  }
  if (!armed || one_failed || left-- != 0) return false;
  one_failed = true;
  return true;
}

void* allocate(std::size_t size) noexcept { return fails() ? nullptr : std::malloc(size == 0 ? 1 : size); }

} // namespace

void* operator new(std::size_t size) {
  void* const memory = allocate(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new[](std::size_t size) { return operator new(size); }
// A sanitizer has one of its own otherwise, whose memory the delete below must not free; std::stable_sort asks for it.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto step = static_cast<std::size_t>(alignment);
  void* const memory = fails() ? nullptr : std::aligned_alloc(step, (size + step - 1) / step * step);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

// Of the test's program, if it has OpenSSL at all.
extern "C" int CRYPTO_set_mem_functions(void* (*take)(std::size_t, const char*, int),
                                        void* (*resize)(void*, std::size_t, const char*, int),
                                        void (*release)(void*, const char*, int)) __attribute__((weak));

namespace {

// Before OpenSSL has asked for anything, else it keeps to malloc().
[[maybe_unused]] const int told_openssl =
    CRYPTO_set_mem_functions == nullptr
        ? 0
        : CRYPTO_set_mem_functions(
              [](std::size_t size, const char*, int) { return allocate(size); },
              [](void* memory, std::size_t size, const char*, int) { return fails() ? nullptr : std::realloc(memory, size); },
              [](void* memory, const char*, int) { std::free(memory); });

} // namespace

namespace ledgergate::tests {

std::size_t allocations() noexcept { return made; }

NoMemory::NoMemory(std::size_t good) noexcept {
  left = good;
  one_failed = false;
  armed = true;
}

NoMemory::~NoMemory() { armed = false; }

Spared::Spared() noexcept { spared = true; }

Spared::~Spared() { spared = false; }

NoMemoryElsewhere::NoMemoryElsewhere() noexcept {
  exempt = true;
  refused = 0;
  nowhere = true;
}

NoMemoryElsewhere::~NoMemoryElsewhere() {
  nowhere = false;
  exempt = false;
}

std::size_t NoMemoryElsewhere::failures() const noexcept { return refused; }

bool NoMemory::failed() const noexcept { return one_failed; }

} // namespace ledgergate::tests
