"""What the program and systemd say to each other: sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3)."""

import re
import socket
import sys
import tempfile
import time
import unittest

from client import Client
from harness import PATIENCE, Edge, Story, config, scratch

from web import Web

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

# Becomes the program, with the descriptors named in argv[1] from 3 on, as systemd hands them over.
LAUNCHER = """
import fcntl, os, sys
given = [int(word) for word in sys.argv[1].split(",")]
moved = [fcntl.fcntl(each, fcntl.F_DUPFD, 100) for each in given]
for target, each in enumerate(moved, 3):
    os.dup2(each, target)
os.environ["LISTEN_FDS"] = str(len(given))
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""


class Manager:
    """The socket that a service manager listens on, and what was said to it."""

    def __init__(self):
        self.path = tempfile.mkdtemp(dir=scratch()) + "/notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(PATIENCE)
        self.socket.bind(self.path)
        self.messages = []

    def wait(self, line, after=0):
        """Reads on until a message holds the line; how many there were before the one behind it."""
        while True:
            for index, message in enumerate(self.messages[after:], after):
                if line in message.split("\n"):
                    return index + 1
            self.messages.append(self.socket.recv(65536).decode())

    def close(self):
        self.socket.close()


class Notify(Story):
    def manager(self):
        manager = Manager()
        self.addCleanup(manager.close)
        return manager

    def test_ready_reloading_stopping(self):
        server = self.standin(Web)
        manager = self.manager()
        settings = config(server)
        edge = self.start(settings, environment={"NOTIFY_SOCKET": manager.path})
        at = manager.wait("READY=1")
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        edge.reload(settings)
        at = manager.wait("RELOADING=1", at)
        # Type=notify-reload of later systemd tells the answer to its own signal from an older message by this time.
        begun = int(re.search(r"^MONOTONIC_USEC=(\d+)$", manager.messages[at - 1], re.M)[1])
        self.assertGreaterEqual(begun, before)
        at = manager.wait("READY=1", at)
        self.assertEqual(edge.ask(ASK).status, 200)
        edge.terminate()
        manager.wait("STOPPING=1", at)

    def test_a_refused_reload_ends_the_reload(self):
        """Else systemd would wait for its end for ever."""
        server = self.standin(Web)
        manager = self.manager()
        edge = self.start(config(server), environment={"NOTIFY_SOCKET": manager.path})
        at = manager.wait("READY=1")
        edge.reload("listen: [}")
        at = manager.wait("RELOADING=1", at)
        manager.wait("READY=1", at)
        self.assertEqual(edge.ask(ASK).status, 200)

    def test_watchdog(self):
        server = self.standin(Web)
        manager = self.manager()
        self.start(config(server), environment={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "200000"})
        at = manager.wait("READY=1")
        for _ in range(3):
            at = manager.wait("WATCHDOG=1", at)

    def test_not_ready_when_the_settings_are_wrong(self):
        manager = self.manager()
        edge = Edge("listen: [}", wait=False, environment={"NOTIFY_SOCKET": manager.path})
        edge.wait_for_exit()
        edge.stop(expect=2)
        manager.socket.setblocking(False)
        self.assertRaises(BlockingIOError, manager.socket.recv, 1)


class Activation(Story):
    def listener(self, address="127.0.0.1"):
        made = socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
        self.addCleanup(made.close)
        return made

    def activated(self, settings, *sockets):
        numbers = [each.fileno() for each in sockets]
        launcher = [sys.executable, "-c", LAUNCHER, ",".join(map(str, numbers))]
        return self.start(settings, launcher=launcher, pass_fds=numbers)

    def plain(self, name, address):
        return {"name": name, "address": address, "tls": "off"}

    def port(self, sock):
        return sock.getsockname()[1]

    def test_each_listener_gets_the_socket_with_its_address(self):
        server = self.standin(Web)
        one, two = self.listener(), self.listener()
        listen = [self.plain("first", f"127.0.0.1:{self.port(one)}"), self.plain("second", f"127.0.0.1:{self.port(two)}")]
        edge = self.activated(config(server, listen=listen), two, one)
        for port in (self.port(one), self.port(two)):
            for _ in range(8):
                with Client(port, tls=False) as client:
                    client.send(ASK)
                    self.assertEqual(client.reply().status, 200)
        ports = {line["listener"] for line in edge.access_log(16)}
        self.assertEqual(ports, {"first", "second"})

    def test_both_families_at_once(self):
        if not socket.has_dualstack_ipv6():
            self.skipTest("no IPv6 here")
        server = self.standin(Web)
        made = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        self.addCleanup(made.close)
        edge = self.activated(config(server, listen=[self.plain("lan", f"[::]:{self.port(made)}")]), made)
        for host in ("127.0.0.1", "::1"):
            with Client(self.port(made), tls=False, host=host) as client:
                client.send(ASK)
                self.assertEqual(client.reply().status, 200)
        self.assertEqual({line["client"] for line in edge.access_log(2)}, {"127.0.0.1", "::1"})

    def test_an_address_that_was_not_handed_over_is_opened(self):
        server = self.standin(Web)
        made = self.listener()
        listen = [self.plain("given", f"127.0.0.1:{self.port(made)}"), self.plain("lan", "127.0.0.1:0")]
        edge = self.activated(config(server, listen=listen), made)
        self.assertEqual(edge.ask(ASK, "lan").status, 200)

    def test_a_socket_that_no_listener_has_is_named(self):
        """Callers would wait there for ever, and nobody would know why."""
        server = self.standin(Web)
        made, spare = self.listener(), self.listener()
        edge = self.activated(config(server, listen=[self.plain("given", f"127.0.0.1:{self.port(made)}")]), made, spare)
        edge.said.wait(rf"warning .*127\.0\.0\.1:{self.port(spare)}.*no listener")
        self.assertNotRegex(edge.said.text, rf"127\.0\.0\.1:{self.port(made)}.*no listener")

    def test_callers_wait_while_the_service_restarts(self):
        server = self.standin(Web)
        made = self.listener()
        settings = config(server, listen=[self.plain("lan", f"127.0.0.1:{self.port(made)}")])
        first = self.activated(settings, made)
        with Client(self.port(made), tls=False) as client:
            client.send(ASK)
            self.assertEqual(client.reply().status, 200)
        first.terminate()
        first.wait_for_exit()
        with Client(self.port(made), tls=False) as client:
            client.send(ASK)
            self.activated(settings, made)
            self.assertEqual(client.reply().status, 200)

    def test_a_reload_keeps_the_socket(self):
        server = self.standin(Web)
        made = self.listener()
        settings = config(server, listen=[self.plain("lan", f"127.0.0.1:{self.port(made)}")])
        edge = self.activated(settings, made)
        with Client(self.port(made), tls=False) as client:
            client.send(ASK)
            client.reply()
            edge.reload(settings)
            client.send(ASK)
            self.assertEqual(client.reply().status, 200)
        with Client(self.port(made), tls=False) as client:
            client.send(ASK)
            self.assertEqual(client.reply().status, 200)


if __name__ == "__main__":
    unittest.main()
