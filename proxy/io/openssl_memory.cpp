#include "io/openssl_memory.h"

#include "base/prepare_thread.h"

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

// Blocks of one size class that a thread keeps. Every block of the class serves every size of it.
template <std::size_t Most, std::size_t Count>
struct Kept {
  std::array<void*, Count> blocks{};
  std::size_t count = 0;
  bool closed = false; // the thread is ending: OpenSSL may still free after us
  Kept() = default;
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() {
    while (count > 0) std::free(blocks[--count]);
    closed = true;
  }
  void* take() { return count > 0 ? blocks[--count] : std::malloc(Most); }
  bool keep(void* block) {
    if (count == blocks.size() || closed) return false;
    blocks[count++] = block;
    return true;
  }
};

// A record buffer holds 16 KiB of plaintext and up to 320 bytes of TLS around it, rounded by OpenSSL.
constexpr std::size_t kLeastRecord = 16 * 1024;
constexpr std::size_t kMostRecord = 18 * 1024;
thread_local Kept<kMostRecord, 8> records;

// OpenSSL 3.0 makes four of these for each TLS 1.3 request and its reply (WPACKET_SUB). glibc has no block between 24 and 40 bytes,
// so the class costs no memory.
constexpr std::size_t kLeastNote = 25;
constexpr std::size_t kMostNote = 40;
thread_local Kept<kMostNote, 8> notes;
const PreparedThread prepared([] { records.closed = notes.closed = false; });

void* allocate(std::size_t size, const char*, int) {
  if (size >= kLeastRecord && size <= kMostRecord) return records.take();
  if (size >= kLeastNote && size <= kMostNote) return notes.take();
  return std::malloc(size);
}

void* reallocate(void* block, std::size_t size, const char*, int) { return std::realloc(block, size); }

void release(void* block, const char*, int) {
  if (block == nullptr) return;
  const std::size_t usable = malloc_usable_size(block);
  if (usable >= kMostRecord && usable < 2 * kMostRecord && records.keep(block)) return;
  if (usable == kMostNote && notes.keep(block)) return;
  std::free(block);
}

} // namespace

void keep_openssl_buffers() { CRYPTO_set_mem_functions(allocate, reallocate, release); }
#endif

} // namespace ledgergate::io
