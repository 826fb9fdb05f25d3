"""Small promises, each held by a count or a fact of the kernel: descriptors, ticket keys, session lifetime, whose name stands in the
audit, what is synced, and that nobody feeds the watchdog for a worker that hangs."""

import os
import pathlib
import re
import shutil
import ssl
import subprocess
import tempfile
import unittest

from client import Client
from harness import Story, certificates, config, poll, program, sanitized, scratch
from other_world import World
from test_systemd import Manager
from threads import Stopped, workers_of

from web import Web

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Descriptors(Story):
    def test_the_soft_bound_is_raised_to_the_hard_one(self):
        server = self.standin(Web)
        edge = self.start(config(server), launcher=["prlimit", "--nofile=300:2000"])
        limits = pathlib.Path(f"/proc/{edge.process.pid}/limits").read_text()
        self.assertRegex(limits, r"Max open files +2000 +2000 ")


class Sessions(World):
    def resume(self, edge, session):
        with edge.connect(session=session, context=self.context) as client:
            client.send(ASK)
            self.assertEqual(client.reply().status, 200)
            return client.sock.session_reused, client.sock.session

    def setUp(self):
        super().setUp()
        self.context = ssl.create_default_context(cafile=certificates() / "ca.pem")
        self.context.check_hostname = False

    def test_a_ticket_says_how_long_it_is_good(self):
        server = self.standin(Web)
        edge = self.start(config(server))
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.context.minimum_version = self.context.maximum_version = version
            _, session = self.resume(edge, None)
            self.assertEqual(session.ticket_lifetime_hint, 8 * 3600, version)

    def test_ticket_keys_are_rotated(self):
        """Every four hours, and three are kept: twelve hours on no ticket of now is opened. By the tick that feeds the watchdog."""
        server, manager = self.standin(Web), Manager()
        self.addCleanup(manager.close)
        edge = self.begin(config(server), NOTIFY_SOCKET=manager.path, WATCHDOG_USEC="200000")
        _, session = self.resume(edge, None)
        self.assertTrue(self.resume(edge, session)[0])
        for hours in (5, 10, 15):
            self.turn(steady=hours * 3600)
            at = len(manager.messages)
            for _ in range(3):  # a tick that began behind the turn
                at = manager.wait("WATCHDOG=1", at)
        self.assertFalse(self.resume(edge, session)[0])
        _, session = self.resume(edge, None)
        self.assertTrue(self.resume(edge, session)[0])


class Watchdog(Story):
    def test_it_is_not_fed_for_a_worker_that_hangs(self):
        server = self.standin(Web)
        for which in range(2):
            manager = Manager()
            edge = self.start(config(server), environment={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "200000"})
            if which:  # the first one hangs from the start, before any sign of life was asked for
                at = manager.wait("WATCHDOG=1", manager.wait("READY=1"))
                manager.wait("WATCHDOG=1", at)
            status = pathlib.Path(f"/proc/{edge.process.pid}/task/{edge.process.pid}/status")

            def rounds():
                return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status.read_text(), re.M)[1])

            with Stopped(workers_of(edge.process.pid)[which]):
                begun = rounds()
                poll("forty rounds of the main thread's loop", lambda: rounds() >= begun + 40)
                manager.socket.setblocking(False)
                fed = 0
                try:
                    while True:
                        fed += "WATCHDOG=1" in manager.socket.recv(65536).decode()
                except BlockingIOError:
                    pass
                self.assertLessEqual(fed, 3)
                manager.socket.settimeout(30)
            manager.wait("WATCHDOG=1", len(manager.messages))  # it has come round again
            edge.stop()
            manager.close()


class Audit(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(dir=scratch(), prefix="promises-"))

    def do(self, *arguments, before=(), environment=None):
        done = subprocess.run(
            [*before, program(), *map(str, arguments)], capture_output=True, text=True, check=False, env=os.environ | (environment or {})
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_sudo_names_who_typed_it(self):
        self.do("cert", "init-ca", "--dir", self.place / "ca", environment={"SUDO_USER": "novak"})
        self.do("client", "add", "--dir", self.place / "clients.d", "eshop", environment={"SUDO_USER": "novak"})
        who = "novak(0)" if os.getuid() == 0 else f"({os.getuid()})"
        for folder in ("ca", "clients.d"):
            line = (self.place / folder / "audit.log").read_text().splitlines()[-1]
            self.assertTrue(line.endswith(who), line)
            self.assertEqual("novak" in line, os.getuid() == 0)  # who is not root can write anything there

    def test_what_is_replaced_is_synced_before_and_its_directory_behind(self):
        """fsync of the new file, rename, fsync of the directory; and of each line of audit.log."""
        if sanitized():
            self.skipTest("sanitizers and strace keep each other from working")
        if not shutil.which("strace"):
            self.skipTest("strace is not installed")
        self.do("cert", "init-ca", "--dir", self.place / "ca")
        self.do("client", "add", "--dir", self.place / "clients.d", "eshop")
        renames = 0
        for deed in (
            ("cert", "init-ca", "--dir", self.place / "new"),
            ("cert", "issue", "--dir", self.place / "ca", "till", "--p12"),
            ("cert", "revoke", "--dir", self.place / "ca", "till"),
            ("client", "add", "--dir", self.place / "clients.d", "kasa"),
            ("client", "rotate", "--dir", self.place / "clients.d", "eshop"),
            ("client", "disable", "--dir", self.place / "clients.d", "eshop"),
        ):
            trace = self.place / "trace"
            self.do(*deed, before=("strace", "-f", "-qq", "-y", "-o", trace, "-e", "trace=fsync,renameat,renameat2,rename,write"))
            calls = [line.split(" ", 1)[1].strip() for line in trace.read_text().splitlines()]
            for at, call in enumerate(calls):
                if call.startswith("rename"):
                    renames += 1
                    folder, name = re.match(r"rename\w*\(\d+<(.*?)>, \"(.*?)\"", call).groups()
                    self.assertTrue(any(re.match(rf"fsync\(\d+<{re.escape(folder)}/{re.escape(name)}>\) += 0", one) for one in calls[:at]), (deed, call))
                    self.assertRegex(calls[at + 1], rf"fsync\(\d+<{re.escape(folder)}>\) += 0", deed)
                if call.startswith("write") and "audit.log>" in call:
                    self.assertRegex(calls[at + 1], r"fsync\(\d+<.*/audit\.log>\) += 0", deed)
            self.assertTrue(any("audit.log>" in call for call in calls), deed)
        self.assertGreaterEqual(renames, 12)


if __name__ == "__main__":
    unittest.main()
