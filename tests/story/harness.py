"""What every story stands on: certificates, the built program as a child process, and a client that takes nothing for granted.

The program is LEDGERGATE_BIN. It is started on ports from zero, tells which ones it got (`listening NAME ADDRESS` on stderr), and
must end with exit code 0 and without a word from a sanitizer whenever a story does not say otherwise.
"""

import atexit
import functools
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
sys.path.insert(0, str(SOURCE / "tests" / "standins"))

from client import Client  # noqa: E402
from ports import hold  # noqa: E402

PATIENCE = 30.0  # how long something that has to happen may take on a busy machine; no story passes because time went by

SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|UndefinedBehaviorSanitizer|runtime error:")


def program():
    path = os.environ.get("LEDGERGATE_BIN")
    if not path:
        raise unittest.SkipTest("LEDGERGATE_BIN names no program")
    return os.path.abspath(path)  # edges run in directories of their own


@functools.lru_cache
def sanitized():
    """Which: "address", "thread" or nothing. Memory figures and big transfers mean nothing in a sanitizer's build."""
    with open(program(), "rb") as file:
        content = file.read()
    return "address" if b"__asan_init" in content else "thread" if b"__tsan_init" in content else ""


@functools.lru_cache
def scratch():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="ledgergate-story-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory


@functools.lru_cache
def certificates():
    """A directory of certificates, made once a run."""
    directory = scratch() / "certificates"
    subprocess.run([SOURCE / "certs" / "make-test-certs", directory, "--odd"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([SOURCE / "certs" / "make-test-certs", directory, "--server", "shop", "shop.example.test"], check=True)
    return directory


def pair(name):
    return {"chain": str(certificates() / f"{name}.pem"), "key": str(certificates() / f"{name}.key")}


def config(standin, profile="http", route=None, server=None, listen=None, **top):
    """The shortest useful settings: `internet` (TLS) and `lan` (plain) listeners, one server, one open route."""
    return {
        "listen": listen
        or [
            {"name": "internet", "address": "127.0.0.1:0", "certificates": [pair("server-ecdsa"), pair("server-rsa")]},
            {"name": "lan", "address": "127.0.0.1:0", "tls": "off"},
        ],
        "servers": {"upstream": {"profile": profile, "url": standin if isinstance(standin, str) else standin.url, **(server or {})}},
        "routes": [{"path": "/", "server": "upstream", "access": "anonymous", **(route or {})}],
        "workers": 2,
        **top,
    }


class Lines:
    """Lines of one of the program's outputs, as they come."""

    def __init__(self, pipe, echo=None):
        self.lines = []
        self.closed = False
        self.changed = threading.Condition()
        self.pipe = pipe
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.pipe:
            with self.changed:
                self.lines.append(line.decode("utf-8", "surrogateescape").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def find(self, pattern, after=0):
        for index, line in enumerate(self.lines[after:], after):
            if re.search(pattern, line):
                return index
        return None

    def wait(self, pattern, after=0):
        """The first line that matches; fails when the output ends without one."""
        with self.changed:
            self.changed.wait_for(lambda: self.closed or self.find(pattern, after) is not None, PATIENCE)
            index = self.find(pattern, after)
            if index is None:
                raise AssertionError(f"no line matches {pattern!r} in:\n" + "\n".join(self.lines))
            return self.lines[index]

    def wait_count(self, count):
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.lines) >= count or self.closed, PATIENCE) or len(self.lines) < count:
                raise AssertionError(f"{len(self.lines)} lines, not {count}:\n" + "\n".join(self.lines))
            return list(self.lines)

    @property
    def text(self):
        return "\n".join(self.lines)


class Edge:
    """One running edge. `launcher` is a command that becomes the program in the end; it gets the descriptors of `pass_fds`."""

    def __init__(self, settings=None, arguments=None, environment=None, stdout=subprocess.PIPE, wait=True, launcher=(), pass_fds=()):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="edge-", dir=scratch()))
        self.file = self.directory / "ledgergate.yaml"
        if settings is not None:
            self.write(settings)
        command = [*launcher, program(), "run"] + (arguments if arguments is not None else ["-c", str(self.file)])
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env=os.environ | {"TMPDIR": str(self.directory)} | (environment or {}),
            cwd=self.directory,
            pass_fds=pass_fds,
        )
        self.log = Lines(self.process.stdout) if stdout == subprocess.PIPE else None
        self.said = Lines(self.process.stderr)
        self.ports = {}
        self.told = False
        if wait:
            self.wait_until_ready()

    def write(self, settings):
        if isinstance(settings, dict):
            # JSON is YAML too. The spool of a test stays in the test's directory.
            spool = {"directory": str(self.directory), **settings.get("spool", {})}
            settings = json.dumps({**settings, "spool": spool}, indent=1)
        self.file.write_text(settings, encoding="utf-8")

    def wait_until_ready(self):
        try:
            self.said.wait(r"\bready\b")
        except AssertionError:
            self.process.kill()
            self.process.wait()
            raise
        for line in list(self.said.lines):
            found = re.search(r"listening (\S+) (\S+)$", line)
            if found:
                self.ports[found[1]] = int(found[2].rsplit(":", 1)[1])

    def reload(self, settings=None):
        """SIGHUP; returns the line that says how it went."""
        if settings is not None:
            self.write(settings)
        mark = len(self.said.lines)
        self.process.send_signal(signal.SIGHUP)
        return self.said.wait(r"\breloaded\b|\breload refused\b", mark)

    def terminate(self):
        self.told = True
        self.process.send_signal(signal.SIGTERM)

    def wait_for_exit(self):
        try:
            return self.process.wait(PATIENCE * 2)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait()
            raise AssertionError("the edge did not end:\n" + self.said.text) from None

    def stop(self, expect=0):
        """SIGTERM, and the proof that it ended well."""
        if self.process.poll() is None and not self.told:
            self.terminate()
        code = self.wait_for_exit()
        self.said.thread.join(PATIENCE)
        if self.log:
            self.log.thread.join(PATIENCE)
            self.process.stdout.close()
        self.process.stderr.close()
        shutil.rmtree(self.directory, ignore_errors=True)
        if SANITIZER.search(self.said.text):
            raise AssertionError("a sanitizer reports:\n" + self.said.text)
        if code != expect:
            raise AssertionError(f"exit code {code}, not {expect}:\n{self.said.text}")

    # what the kernel says of it

    def memory(self, what="VmRSS"):
        """KiB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(rf"^{what}:\s+(\d+)", file.read(), re.M)[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    # clients

    def connect(self, listener="internet", **options):
        tls = options.pop("tls", listener != "lan")
        return Client(self.ports[listener], tls=tls, ca=certificates() / "ca.pem", **options)

    def ask(self, request, listener="internet", method="GET", **options):
        """One request (bytes) over a connection of its own, and its reply."""
        with self.connect(listener, **options) as client:
            client.send(request)
            return client.reply(method)

    def access_log(self, count):
        """The first `count` lines of the access log, read as JSON."""
        return [json.loads(line) for line in self.log.wait_count(count)]


class Story(unittest.TestCase):
    """A test that starts edges and stand-ins and sees to their end."""

    maxDiff = None

    def start(self, settings=None, **options):
        edge = Edge(settings, **options)
        self.addCleanup(edge.stop)
        return edge

    def standin(self, kind, *arguments, **knobs):
        standin = kind(*arguments, **knobs)
        self.addCleanup(standin.stop)
        return standin

    def credentials(self, text, name="server.cred"):
        """The path of a file that only its owner reads."""
        file = pathlib.Path(tempfile.mkdtemp(dir=scratch())) / name
        file.write_text(text, encoding="utf-8")
        file.chmod(0o600)
        return str(file)

    def front(self, kind, profile="http", knobs=None, **settings):
        """A stand-in and an edge before it."""
        standin = self.standin(kind, **(knobs or {}))
        return standin, self.start(config(standin, profile, **settings))

    def assert_refused(self, reply, status, cause, forwarded="no"):
        """The edge's own answer, which names the cause to whoever looks (RFC 9209)."""
        self.assertEqual(reply.status, status, reply)
        proxy_status = reply.get("Proxy-Status")
        self.assertIsNotNone(proxy_status, f"no Proxy-Status in {reply}")
        self.assertIn(cause, proxy_status)
        self.assertIn(forwarded, re.search(r"forwarded=\"?(\w+)", proxy_status)[1])


def poll(what, condition):
    """Waits for something that only the kernel or a file can tell."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {PATIENCE:g} s")
        time.sleep(0.02)


def free_port():
    """A port of loopback that nobody listens on, and nobody will but who is told of it; another one each time."""
    return hold()
