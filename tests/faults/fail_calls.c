// Preloaded into the program: makes one call of the C library fail, the way the kernel or an empty heap would make it fail.
// LEDGERGATE_FAULTS names a file of 64-bit numbers, written by the test while the program runs:
//   [0] which kind of call is to fail (0: none)   [1] how many more of them still succeed   [2] the errno   [3] how many have
//   failed
// A program that was never told to fail runs as it always does.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

// The order of tests/story/test_faults.py.
enum kind {
  k_none,
  k_memory,
  k_accept,
  k_socket,
  k_connect,
  k_read,
  k_write,
  k_option,
  k_name,
  k_open,
  k_file_read,
  k_file_write,
  k_shutdown,
  k_resolve,
};

static _Atomic int64_t* control;

__attribute__((constructor)) static void begin(void) {
  const char* name = getenv("LEDGERGATE_FAULTS");
  const int file = name == NULL ? -1 : open(name, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void* mapped = mmap(NULL, 32, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (mapped != MAP_FAILED) control = mapped;
}

// Exactly one call fails: the one that takes the number below zero.
static int fails(enum kind kind) {
  if (control == NULL || atomic_load(&control[0]) != kind) return 0;
  if (atomic_fetch_sub(&control[1], 1) != 0) return 0;
  atomic_fetch_add(&control[3], 1);
  errno = (int)atomic_load(&control[2]);
  return 1;
}

// --- memory -------------------------------------------------------------------------------------------------------------------
// glibc's own names of what is replaced here, and those of a sanitizer's allocator where there is one.
extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);
extern void* __interceptor_malloc(size_t) __attribute__((weak));
extern void* __interceptor_calloc(size_t, size_t) __attribute__((weak));
extern void* __interceptor_realloc(void*, size_t) __attribute__((weak));
extern void* __interceptor_memalign(size_t, size_t) __attribute__((weak));

void* malloc(size_t size) {
  if (fails(k_memory)) return NULL;
  return __interceptor_malloc ? __interceptor_malloc(size) : __libc_malloc(size);
}
void* calloc(size_t number, size_t size) {
  if (fails(k_memory)) return NULL;
  return __interceptor_calloc ? __interceptor_calloc(number, size) : __libc_calloc(number, size);
}
void* realloc(void* block, size_t size) {
  if (fails(k_memory)) return NULL;
  return __interceptor_realloc ? __interceptor_realloc(block, size) : __libc_realloc(block, size);
}
void* memalign(size_t alignment, size_t size) {
  if (fails(k_memory)) return NULL;
  return __interceptor_memalign ? __interceptor_memalign(alignment, size) : __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** block, size_t alignment, size_t size) {
  void* made = memalign(alignment, size);
  if (made == NULL) return ENOMEM;
  *block = made;
  return 0;
}

// A sanitizer's operator new does not come by malloc (C++ ABI: _Znwm is operator new(size_t), _ZnwmSt11align_val_t the aligned
// one).
extern void _ZSt17__throw_bad_allocv(void) __attribute__((weak, noreturn));
void* _Znwm(size_t size) {
  void* made = malloc(size != 0 ? size : 1);
  if (made == NULL) _ZSt17__throw_bad_allocv();
  return made;
}
void* _Znam(size_t size) { return _Znwm(size); }
void* _ZnwmRKSt9nothrow_t(size_t size, const void* nothrow) {
  (void)nothrow;
  return malloc(size != 0 ? size : 1);
}
void* _ZnamRKSt9nothrow_t(size_t size, const void* nothrow) { return _ZnwmRKSt9nothrow_t(size, nothrow); }

// --- system calls -------------------------------------------------------------------------------------------------------------
#define REAL(type, name, ...)                                                                                                      \
  static type (*real)(__VA_ARGS__);                                                                                                \
  if (real == NULL) *(void**)&real = dlsym(RTLD_NEXT, name)

int accept4(int fd, struct sockaddr* address, socklen_t* length, int flags) {
  REAL(int, "accept4", int, struct sockaddr*, socklen_t*, int);
  return fails(k_accept) ? -1 : real(fd, address, length, flags);
}
int socket(int family, int type, int protocol) {
  REAL(int, "socket", int, int, int);
  return fails(k_socket) ? -1 : real(family, type, protocol);
}
int connect(int fd, const struct sockaddr* address, socklen_t length) {
  REAL(int, "connect", int, const struct sockaddr*, socklen_t);
  return fails(k_connect) ? -1 : real(fd, address, length);
}
// Descriptors that libuv makes for itself (a pipe, a counter in the kernel) don't fail, and libuv relies on it.
static int is_socket(int fd) {
  struct stat about;
  return fstat(fd, &about) == 0 && S_ISSOCK(about.st_mode);
}
ssize_t read(int fd, void* bytes, size_t size) {
  REAL(ssize_t, "read", int, void*, size_t);
  return is_socket(fd) && fails(k_read) ? -1 : real(fd, bytes, size);
}
ssize_t readv(int fd, const struct iovec* parts, int count) {
  REAL(ssize_t, "readv", int, const struct iovec*, int);
  return is_socket(fd) && fails(k_read) ? -1 : real(fd, parts, count);
}
ssize_t recvmsg(int fd, struct msghdr* message, int flags) {
  REAL(ssize_t, "recvmsg", int, struct msghdr*, int);
  return is_socket(fd) && fails(k_read) ? -1 : real(fd, message, flags);
}
ssize_t write(int fd, const void* bytes, size_t size) {
  REAL(ssize_t, "write", int, const void*, size_t);
  return is_socket(fd) && fails(k_write) ? -1 : real(fd, bytes, size);
}
ssize_t writev(int fd, const struct iovec* parts, int count) {
  REAL(ssize_t, "writev", int, const struct iovec*, int);
  return is_socket(fd) && fails(k_write) ? -1 : real(fd, parts, count);
}
ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  REAL(ssize_t, "sendmsg", int, const struct msghdr*, int);
  return is_socket(fd) && fails(k_write) ? -1 : real(fd, message, flags);
}
int setsockopt(int fd, int level, int name, const void* value, socklen_t length) {
  REAL(int, "setsockopt", int, int, int, const void*, socklen_t);
  return fails(k_option) ? -1 : real(fd, level, name, value, length);
}
int getsockopt(int fd, int level, int name, void* value, socklen_t* length) {
  REAL(int, "getsockopt", int, int, int, void*, socklen_t*);
  return fails(k_option) ? -1 : real(fd, level, name, value, length);
}
int getsockname(int fd, struct sockaddr* address, socklen_t* length) {
  REAL(int, "getsockname", int, struct sockaddr*, socklen_t*);
  return fails(k_name) ? -1 : real(fd, address, length);
}
int getpeername(int fd, struct sockaddr* address, socklen_t* length) {
  REAL(int, "getpeername", int, struct sockaddr*, socklen_t*);
  return fails(k_name) ? -1 : real(fd, address, length);
}
static mode_t mode_of(int flags, va_list more) { return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0; }
int open(const char* path, int flags, ...) {
  REAL(int, "open", const char*, int, ...);
  va_list more;
  va_start(more, flags);
  const mode_t mode = mode_of(flags, more);
  va_end(more);
  return fails(k_open) ? -1 : real(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  REAL(int, "open64", const char*, int, ...);
  va_list more;
  va_start(more, flags);
  const mode_t mode = mode_of(flags, more);
  va_end(more);
  return fails(k_open) ? -1 : real(path, flags, mode);
}
int mkostemp(char* pattern, int flags) {
  REAL(int, "mkostemp", char*, int);
  return fails(k_open) ? -1 : real(pattern, flags);
}
int mkostemp64(char* pattern, int flags) {
  REAL(int, "mkostemp64", char*, int);
  return fails(k_open) ? -1 : real(pattern, flags);
}
ssize_t pread(int fd, void* bytes, size_t size, off_t at) {
  REAL(ssize_t, "pread", int, void*, size_t, off_t);
  return fails(k_file_read) ? -1 : real(fd, bytes, size, at);
}
ssize_t pread64(int fd, void* bytes, size_t size, off64_t at) {
  REAL(ssize_t, "pread64", int, void*, size_t, off64_t);
  return fails(k_file_read) ? -1 : real(fd, bytes, size, at);
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  REAL(ssize_t, "pwrite", int, const void*, size_t, off_t);
  return fails(k_file_write) ? -1 : real(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  REAL(ssize_t, "pwrite64", int, const void*, size_t, off64_t);
  return fails(k_file_write) ? -1 : real(fd, bytes, size, at);
}
ssize_t preadv(int fd, const struct iovec* parts, int count, off_t at) {
  REAL(ssize_t, "preadv", int, const struct iovec*, int, off_t);
  return fails(k_file_read) ? -1 : real(fd, parts, count, at);
}
ssize_t preadv64(int fd, const struct iovec* parts, int count, off64_t at) {
  REAL(ssize_t, "preadv64", int, const struct iovec*, int, off64_t);
  return fails(k_file_read) ? -1 : real(fd, parts, count, at);
}
ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t at) {
  REAL(ssize_t, "pwritev", int, const struct iovec*, int, off_t);
  return fails(k_file_write) ? -1 : real(fd, parts, count, at);
}
ssize_t pwritev64(int fd, const struct iovec* parts, int count, off64_t at) {
  REAL(ssize_t, "pwritev64", int, const struct iovec*, int, off64_t);
  return fails(k_file_write) ? -1 : real(fd, parts, count, at);
}
int shutdown(int fd, int how) {
  REAL(int, "shutdown", int, int);
  return fails(k_shutdown) ? -1 : real(fd, how);
}
int getaddrinfo(const char* host, const char* service, const struct addrinfo* hints, struct addrinfo** found) {
  REAL(int, "getaddrinfo", const char*, const char*, const struct addrinfo*, struct addrinfo**);
  return fails(k_resolve) ? EAI_AGAIN : real(host, service, hints, found);
}
