#include "process/memory_watch.h"

#include "observe/log_ring.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string>

namespace ledgergate {
namespace {

using observe::event;
using settings::LogLevel;

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t out = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failure != std::errc{} || end == text.data()) return std::nullopt;
  return out;
}

std::string file(const char* path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

} // namespace

std::optional<std::uint64_t> resident_bytes(std::string_view statm, std::uint64_t page) {
  const std::size_t blank = statm.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  const auto pages = number(statm.substr(blank + 1));
  if (!pages) return std::nullopt;
  return *pages * page;
}

std::optional<std::uint64_t> resident_now() noexcept {
  // Asked for when memory, or descriptors, may be all used up: nothing is allocated, and the file stays open.
  static const int statm = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  std::array<char, 128> text{};
  const ssize_t size = ::pread(statm, text.data(), text.size(), 0);
  if (size <= 0) return std::nullopt;
  return resident_bytes({text.data(), static_cast<std::size_t>(size)}, static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
}

std::uint64_t default_memory_budget() {
  std::uint64_t all = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const std::string group = file("/proc/self/cgroup");
  if (group.starts_with("0::")) {
    const std::string path = "/sys/fs/cgroup" + group.substr(3, group.find('\n') - 3) + "/memory.max";
    if (const auto bound = number(file(path.c_str()))) all = std::min(all, *bound);
  }
  return all / 4 * 3;
}

std::uint64_t look_at_memory(MemoryWatch& watch, std::atomic<bool>& short_of_memory) {
  const auto resident = resident_now();
  if (!resident) return 0;
  const bool changed = watch.saw(*resident);
  if (changed) {
    short_of_memory = watch.over();
    const std::string figures = std::to_string(*resident >> 20U) + " MiB of " + std::to_string(watch.budget() >> 20U) + " MiB";
    if (watch.over())
      event(LogLevel::error,
            "beyond limits.memory (" + figures + "): who holds most goes, strangers first; their requests get 503");
    else
      event(LogLevel::warning, "within limits.memory again (" + figures + ")");
  }
  return watch.excess(*resident);
}

} // namespace ledgergate
