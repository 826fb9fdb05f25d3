// What a thread has for itself (thread_local) is made when it is first used, and glibc ends the process when there is no memory to
// note that it must be destroyed (__cxa_thread_atexit). So a thread that serves makes all of it before it begins.
//
//   thread_local std::string scratch;
//   const PreparedThread prepared([] { scratch.clear(); });
#pragma once

namespace ledgergate {

// At namespace scope, beside what `touch` touches. A name of its own in each file.
class PreparedThread {
public:
  explicit PreparedThread(void (*touch)()) noexcept;

private:
  friend void prepare_thread();
  void (*touch_)();
  const PreparedThread* next_;
};

// On the thread, before it serves anybody.
void prepare_thread();

} // namespace ledgergate
