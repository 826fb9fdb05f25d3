/* Preloaded into an edge by tests/story/other_world.py: a wall clock that jumps, names under .world.test that resolve to
   127.0.0.1, fail, or hang, and a server whose first words arrive before anybody can send. What holds is in a file that both sides
   map; LEDGERGATE_TEST_WORLD names it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct world {
  volatile int64_t ahead;  /* seconds */
  volatile int64_t names;  /* 0: good, 1: they fail, 2: they hang, 3: those under .dead.world.test hang */
  volatile int64_t hasty;  /* the port of that server; 0: none */
  volatile int64_t steady; /* seconds, of the clock that is never set */
};
static struct world still = {0, 0, 0, 0};
static struct world* world = &still;

__attribute__((constructor)) static void open_world(void) {
  const char* name = getenv("LEDGERGATE_TEST_WORLD");
  const int file = name != NULL ? open(name, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  void* mapped = mmap(NULL, sizeof(struct world), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (mapped != MAP_FAILED) world = mapped;
}

int clock_gettime(clockid_t clock, struct timespec* out) {
  const long result = syscall(SYS_clock_gettime, clock, out);
  if (result == 0 && clock == CLOCK_REALTIME) out->tv_sec += world->ahead;
  if (result == 0 && (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE)) out->tv_sec += world->steady;
  return (int)result;
}

time_t time(time_t* out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}

int getaddrinfo(const char* node, const char* service, const struct addrinfo* hints, struct addrinfo** list) {
  int (*real)(const char*, const char*, const struct addrinfo*, struct addrinfo**) = dlsym(RTLD_NEXT, "getaddrinfo");
  const char* ours = node != NULL ? strstr(node, ".world.test") : NULL;
  if (ours == NULL) return real(node, service, hints, list);
  const struct timespec step = {0, 10000000};
  const int dead = strstr(node, ".dead.world.test") != NULL;
  while (world->names == 2 || (world->names == 3 && dead)) nanosleep(&step, NULL);
  return world->names == 1 ? EAI_AGAIN : real("127.0.0.1", service, hints, list);
}

int connect(int socket, const struct sockaddr* address, socklen_t length) {
  int (*real)(int, const struct sockaddr*, socklen_t) = dlsym(RTLD_NEXT, "connect");
  const int result = real(socket, address, length);
  const int failure = errno;
  if (address->sa_family == AF_INET && world->hasty != 0 && ntohs(((const struct sockaddr_in*)address)->sin_port) == world->hasty) {
    struct pollfd words = {socket, POLLIN, 0};
    poll(&words, 1, 10000);
  }
  errno = failure;
  return result;
}
