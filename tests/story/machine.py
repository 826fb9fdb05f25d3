"""A small machine whose first process is a real systemd, in namespaces of its own: over this machine's /usr, with the built program
installed as `cmake --install` does it, a network with loopback only, and all else in memory (machine-init). What a test writes there
is gone with it. As root; where namespaces can't be made, whatever asks for a machine is skipped.
"""

import contextlib
import ctypes
import fcntl
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import unittest

from harness import HERE, poll, sanitized, scratch

from test_install import install

NAMESPACES = ["unshare", "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--net", "--fork", "--kill-child"]
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Failed(AssertionError):
    pass


def _cgroup_root():
    """Where cgroup2 is mounted."""
    for line in pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        fields, kind = line.split(" - ")
        if kind.startswith("cgroup2 "):
            return pathlib.Path(fields.split()[4])
    raise unittest.SkipTest("no systemd in namespaces: cgroup2 is not mounted")


def need():
    """Skips where there can be no machine."""
    if sanitized():
        raise unittest.SkipTest("a sanitizer's build under the unit's bounds tells nothing")
    if os.geteuid() != 0:
        raise unittest.SkipTest("no systemd in namespaces: it takes root")
    for tool in ("/lib/systemd/systemd", "/usr/bin/unshare", "/usr/bin/nsenter"):
        if not os.path.exists(tool):
            raise unittest.SkipTest(f"no systemd in namespaces: there is no {tool}")
    tried = subprocess.run(
        [*NAMESPACES, "mount", "-t", "overlay", "-o", "ro,lowerdir=/usr:/etc", "try", "/mnt"],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        raise unittest.SkipTest("no systemd in namespaces: " + tried.stderr.strip().partition("\n")[0])


def _enter(descriptor):
    """The calling thread, and those it starts, are in that network."""
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _raise_loopback():
    set_flags, up = 0x8914, 1  # SIOCSIFFLAGS, IFF_UP: netdevice(7)
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sH14x", b"lo", up))


class Machine:
    """Boots at once; close() ends all that runs in it. While it lives the calling thread, and those it starts, are in its network."""

    def __init__(self):
        need()
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="machine-", dir=scratch()))
        self.process = None
        with contextlib.ExitStack() as undo:
            undo.callback(self._remove)
            install(self.scratch / "stage")
            (self.scratch / "root").mkdir()
            self.cgroup = _cgroup_root() / f"ledgergate-test-{os.getpid()}-{self.scratch.name}"
            try:
                self.cgroup.mkdir()
            except OSError as error:
                raise unittest.SkipTest(f"no systemd in namespaces: {error}") from None
            self.console = open(self.scratch / "console", "w+b")  # pylint: disable=consider-using-with
            self.process = subprocess.Popen(
                [*NAMESPACES, HERE / "machine-init", self.scratch / "stage", self.scratch / "root"],
                stdin=subprocess.DEVNULL, stdout=self.console, stderr=subprocess.STDOUT,
                preexec_fn=lambda: (self.cgroup / "cgroup.procs").write_text("0"),
            )  # fmt: skip
            self.first = self._first_process()
            self.root = pathlib.Path(f"/proc/{self.first}/root")
            try:
                poll("the machine's boot", self._booted)
            except AssertionError as error:
                raise Failed(f"{error}:\n{self.words()}") from None
            self.systemctl("log-target", "journal")
            self.outside = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            inside = os.open(f"/proc/{self.first}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            _enter(inside)
            os.close(inside)
            _raise_loopback()
            undo.pop_all()

    def _first_process(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        poll("the first process", lambda: self._must_live() and children.read_text().split())
        return int(children.read_text().split()[0])

    def _must_live(self):
        if self.process.poll() is not None:
            raise Failed("the machine has ended:\n" + self.words())
        return True

    def _booted(self):
        self._must_live()
        if os.readlink(f"/proc/{self.first}/exe") not in ("/usr/lib/systemd/systemd", "/lib/systemd/systemd"):
            return False
        return self.run("systemctl", "is-active", "machine.target", check=False).stdout.strip() == "active"

    def words(self):
        return (self.scratch / "console").read_text(errors="replace")

    def close(self):
        _enter(self.outside)
        os.close(self.outside)
        self._remove()

    def _remove(self):
        if self.process:
            self.process.kill()  # its child goes with it, and with that one, as the first of its PID namespace, all others
            self.process.wait()
            self.console.close()
            poll("the machine's end", lambda: not list(self.cgroup.rglob("cgroup.procs")) or self._cgroup_is_empty())
            for directory in sorted(self.cgroup.rglob("*/"), reverse=True):
                directory.rmdir()
            self.cgroup.rmdir()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _cgroup_is_empty(self):
        return "populated 0" in (self.cgroup / "cgroup.events").read_text()

    # what a test does in it

    def run(self, *command, check=True, stdin=None):
        """As root, in it."""
        done = subprocess.run(
            ["nsenter", "-t", str(self.first), "--all", "--", "env", "-i", "PATH=/usr/sbin:/usr/bin", "LC_ALL=C.UTF-8", *map(str, command)],
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if check and done.returncode:
            raise Failed(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}\n{self.journal() if command[0] != 'journalctl' else ''}")
        return done

    def systemctl(self, *arguments, check=True):
        return self.run("systemctl", "--no-pager", *arguments, check=check)

    def show(self, name, unit="ledgergate.service"):
        return self.systemctl("show", "--value", "-p", name, unit).stdout.strip()

    def journal(self, *arguments):
        return self.run("journalctl", "--no-pager", "-o", "cat", *(arguments or ("-u", "ledgergate.service"))).stdout

    def path(self, name):
        return self.root / name.lstrip("/")

    def write(self, name, text, mode=0o644, owner="root", group="root"):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        os.chown(path, self.number("passwd", owner), self.number("group", group))
        return path

    def number(self, table, name):
        """A user's or group's, in it."""
        return int(re.search(rf"^{name}:x:(\d+):", self.path(f"/etc/{table}").read_text(), re.M)[1])

    def remove(self, name):
        self.path(name).unlink(missing_ok=True)

    def drop_in(self, unit, text):
        self.write(f"/etc/systemd/system/{unit}.d/test.conf", text)
        self.systemctl("daemon-reload")

    def reset(self):
        """As it was behind the boot: nothing of ours runs, no drop-in holds."""
        self.systemctl("stop", "ledgergate.socket", "ledgergate.service")
        for directory in self.path("/etc/systemd/system").glob("*.d"):
            shutil.rmtree(directory)
        self.systemctl("daemon-reload")
        self.systemctl("reset-failed")
        for where in ("/var/log/ledgergate", "/var/spool/ledgergate"):
            for file in self.path(where).glob("*"):
                file.unlink()
        self.run("journalctl", "--rotate")
        self.run("journalctl", "--vacuum-time=1us")

    # what the kernel says of a process in it

    def outer(self, pid):
        """The number out here of a process in it."""
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                found = re.search(r"^NSpid:.*\s(\d+)$", status.read_text(errors="replace"), re.M)
                if found and int(found[1]) == pid and os.path.samefile(status.parent / "ns/pid", f"/proc/{self.first}/ns/pid"):
                    return int(status.parent.name)
        return None

    def status_of(self, pid):
        return dict(line.split(":\t", 1) for line in self.path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)

    def bounds_of(self, pid):
        """Soft and hard, by name."""
        found = re.findall(r"^(\S+(?: \S+)*) {2,}(\S+) +(\S+)", self.path(f"/proc/{pid}/limits").read_text(), re.M)
        return {name: (soft, hard) for name, soft, hard in found}

    def writable(self, pid):
        """Where it sees a file system that can be written."""
        out = set()
        for line in self.path(f"/proc/{pid}/mountinfo").read_text().splitlines():
            fields = line.split()
            kind, _, options = line.split(" - ")[1].split()[:3]
            if "ro" not in fields[5].split(",") and "ro" not in options.split(","):
                out.add(fields[4])
        return out
