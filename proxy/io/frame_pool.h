// Coroutine frames by size class, kept by the thread that freed them. Threads never share frames: a story lives and dies on one
// worker.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ledgergate::io {

class FramePool {
public:
  // Throws std::bad_alloc as operator new does.
  static void* allocate(std::size_t size);
  static void release(void* frame, std::size_t size) noexcept;
  // Frames taken from the heap by this thread so far: constant in the steady state.
  static std::uint64_t heap_frames() noexcept;
};

} // namespace ledgergate::io
