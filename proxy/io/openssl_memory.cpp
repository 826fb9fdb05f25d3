#include "io/openssl_memory.h"

#include <malloc.h>
#include <openssl/crypto.h>

#include <array>
#include <cstddef>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LEDGERGATE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LEDGERGATE_SANITIZED 1
#endif
#endif

namespace ledgergate::io {

#ifdef LEDGERGATE_SANITIZED
void keep_openssl_buffers() {}
#else
namespace {

// A record buffer holds 16 KiB of plaintext and up to 320 bytes of TLS around it, rounded by OpenSSL.
constexpr std::size_t kLeast = 16 * 1024;
constexpr std::size_t kMost = 18 * 1024;

struct Kept {
  std::array<void*, 8> blocks{};
  std::size_t count = 0;
  Kept() = default;
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() {
    while (count > 0) std::free(blocks[--count]);
    closed = true;
  }
  bool closed = false; // the thread is ending: OpenSSL may still free after us
};
thread_local Kept kept;

void* allocate(std::size_t size, const char*, int) {
  if (size >= kLeast && size <= kMost) {
    if (kept.count > 0) return kept.blocks[--kept.count];
    size = kMost; // every kept block serves every size of the class
  }
  return std::malloc(size);
}

void* reallocate(void* block, std::size_t size, const char*, int) { return std::realloc(block, size); }

void release(void* block, const char*, int) {
  if (block == nullptr) return;
  const std::size_t usable = malloc_usable_size(block);
  if (usable >= kMost && usable < 2 * kMost && kept.count < kept.blocks.size() && !kept.closed) {
    kept.blocks[kept.count++] = block;
    return;
  }
  std::free(block);
}

} // namespace

void keep_openssl_buffers() { CRYPTO_set_mem_functions(allocate, reallocate, release); }
#endif

} // namespace ledgergate::io
