"""Programs that the bench starts: pinned to a core, ended by their own process id, their CPU time read from /proc."""
import os
import signal
import socket
import subprocess
import time


class Failed(Exception):
    """A program that did not start or did not do its work; the message is for the user."""


def free_port():
    """A port that was free a moment ago: nginx and HAProxy can't say which one they got for 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def family(pid):
    """The process and all that descend from it."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="latin-1") as stat:
                    parents[int(entry)] = int(stat.read().rpartition(")")[2].split()[1])
            except OSError:
                continue  # it has ended meanwhile
    found = [pid]
    for member in found:
        found += [child for child, parent in parents.items() if parent == member]
    return found


def cpu_seconds(pids):
    """Time on a CPU of all threads, to the nanosecond. utime and stime of /proc/PID/stat have ticks of 10 ms."""
    total = 0
    for pid in pids:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as schedstat:
                total += int(schedstat.read().split()[0])
    return total / 1e9


class Program:
    """A server: started pinned to `core`, ready when `port` accepts. Its words go to a file that is shown when it fails."""

    def __init__(self, name, command, core, port, words, output=None):
        self.name, self.port, self.words = name, port, words
        with open(words, "wb") as said, open(output or words, "ab") as out:
            # A session of its own: Ctrl-C on the terminal is for the bench, which ends its programs in order.
            self.process = subprocess.Popen(["taskset", "-c", str(core), *command], stdin=subprocess.DEVNULL, stdout=out, stderr=said,
                                            start_new_session=True)
        try:
            self._wait_until_ready()
            self.pids = family(self.process.pid)
        except BaseException:
            self.end()
            raise

    def _wait_until_ready(self):
        for _ in range(500):
            if self.process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        with open(self.words, encoding="utf-8", errors="replace") as said:
            raise Failed(f"{self.name} did not start:\n{said.read().strip()}")

    def cpu_seconds(self):
        if self.process.poll() is not None:
            raise Failed(f"{self.name} ended by itself with {self.process.returncode}")
        return cpu_seconds(self.pids)

    def end(self):
        if self.process.poll() is not None:
            return
        pids = family(self.process.pid)
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            for pid in pids:  # children first would be restarted by their master
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait()
