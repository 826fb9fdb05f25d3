// Files that must survive a crash whole: the old one or the new one, never half of it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace ledgergate::enrol {

// Whose a file is; none: as the system makes it.
struct Owner {
  std::optional<uid_t> user;
  std::optional<gid_t> group;
};
struct FileFacts {
  uid_t user = 0;
  gid_t group = 0;
  mode_t mode = 0; // permissions
};

// A directory that is held open, so that what happens in it happens in this one. Every failure leaves its words in `why`.
class Folder {
public:
  static std::optional<Folder> open(const std::filesystem::path& path, std::string& why);
  // Makes it when it is missing (its parent too), with exactly this mode.
  static std::optional<Folder> make(const std::filesystem::path& path, mode_t mode, std::string& why);
  ~Folder();
  Folder(Folder&& other) noexcept;
  Folder& operator=(Folder&&) = delete;
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  [[nodiscard]] mode_t mode() const;
  [[nodiscard]] gid_t group() const;
  [[nodiscard]] std::optional<FileFacts> facts(const std::string& name) const; // none: it is not there
  [[nodiscard]] bool has(const std::string& name) const;
  // A regular file of at most 16 MiB.
  [[nodiscard]] std::optional<std::string> read(const std::string& name, std::string& why) const;
  // In place of what is there: written beside it, synced, renamed, and the directory synced. `owner`: of the new file.
  bool write(const std::string& name, std::string_view bytes, mode_t mode, std::string& why, const Owner& owner = {}) const;
  bool remove(const std::string& name, std::string& why) const;
  // Takes away what writers left that were killed. Only by the holder of the Lock.
  void sweep() const;

private:
  Folder(std::filesystem::path path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  std::filesystem::path path_;
  int descriptor_;
};

// One program at a time in a folder: the file `lock` in it. It ends with the process, however that ends.
class Lock {
public:
  // Waits for whoever holds it, so long at most.
  static std::optional<Lock> take(const Folder& folder, std::chrono::milliseconds wait, std::string& why);
  ~Lock();
  Lock(Lock&& other) noexcept;
  Lock& operator=(Lock&&) = delete;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

private:
  explicit Lock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

} // namespace ledgergate::enrol
