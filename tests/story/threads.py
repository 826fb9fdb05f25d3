"""Threads of a running edge: which are its workers, and one that hangs."""

import contextlib
import ctypes
import os
import pathlib
import threading

from harness import poll

_libc = ctypes.CDLL(None, use_errno=True)


def workers_of(pid, count=2):
    """Of all threads those that are seen waiting for events, `count` of them; the main thread, which does too, left out."""
    waits = {"232", "281", "441"}  # epoll_wait, epoll_pwait, epoll_pwait2
    seen = set()

    def look():
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                call = pathlib.Path(f"/proc/{pid}/task/{thread}/syscall").read_text().split()[0]
                if int(thread) != pid and call in waits:
                    seen.add(int(thread))
        return len(seen) >= count

    poll(f"{count} threads that wait for events", look)
    return sorted(seen)


class Stopped:
    """One thread of a process stands still, and no other: as if it hung. It ends with its process."""

    SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
    ANY_CHILD = 0x40000000  # __WALL

    def __init__(self, thread):
        self.thread = thread

    def __enter__(self):
        for request in (self.SEIZE, self.INTERRUPT):
            if _libc.ptrace(request, self.thread, None, None) != 0:
                raise OSError(ctypes.get_errno(), "ptrace")
        os.waitpid(self.thread, self.ANY_CHILD)
        # Its process can't be gone before whoever stopped it has heard of its end.
        threading.Thread(target=self._hear, daemon=True).start()
        return self

    def _hear(self):
        status = 0x7F  # stopped, as it is
        with contextlib.suppress(OSError):
            while os.WIFSTOPPED(status):  # a SIGCONT for its process is told, too
                status = os.waitpid(self.thread, self.ANY_CHILD)[1]

    def __exit__(self, *_):
        _libc.ptrace(self.DETACH, self.thread, None, None)  # where it is there still
