/* Linked into what scripts/mutate builds with -fsanitize-coverage=trace-pc, compiled without it: marks each block of the program
 * that is executed. LEDGERGATE_EXECUTED names a file of EXECUTED_SIZE zeros, one byte for each address from EXECUTED_FROM on. It is
 * mapped, so what an edge marked stays when the edge is killed, and several edges mark the same file. Without the variable nothing
 * is marked. */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { EXECUTED_FROM = 0x400000, EXECUTED_SIZE = 64 << 20 };

static unsigned char* executed;

__attribute__((constructor)) static void begin(void) {
  const char* name = getenv("LEDGERGATE_EXECUTED");
  int file = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) {
    return;
  }
  void* mapped = mmap(NULL, EXECUTED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  executed = mapped == MAP_FAILED ? NULL : mapped;
  close(file);
}

void __sanitizer_cov_trace_pc(void) {
  uintptr_t at = (uintptr_t)__builtin_return_address(0) - EXECUTED_FROM;
  if (executed && at < EXECUTED_SIZE) {
    executed[at] = 1;
  }
}
