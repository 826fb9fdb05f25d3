"""Beyond its memory budget the edge makes room: strangers who hold most go first, and who is known and small is served throughout."""

import hashlib
import re
import secrets
import socket
import unittest

from authority import Authority
from client import Ended
from harness import Story, config, pair, poll, sanitized
from web import Web

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
HUGE = b"GET /bytes/1000000000 HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"b" * 30_000  # and no end
ROUNDS = 400  # more than enough on any machine


class Keyed(Story):
    """Two clients by key, one by certificate, on routes of their own; `/` is open to all."""

    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()
        cls.branch = cls.authority.issue("till")

    def setUp(self):
        self.keys = {name: secrets.token_urlsafe(32) for name in ("till", "shop")}
        self.crowd = []

    def start(self, settings=None, **options):
        edge = super().start(settings, **options)
        self.addCleanup(self.leave)  # before the edge is told to end, which waits for requests
        return edge

    def settings(self, memory, **top):
        settings = config(
            self.standin(Web),
            listen=[
                {"name": "internet", "address": "127.0.0.1:0", "certificates": [pair("server-ecdsa")], "client_ca": str(self.authority.file)},
                {"name": "lan", "address": "127.0.0.1:0", "tls": "off"},
            ],
            clients={
                **{name: {"api_key_sha256": hashlib.sha256(key.encode()).hexdigest()} for name, key in self.keys.items()},
                "branch": {"certificate": {"san": "till.branch.test"}},
            },
            limits={"memory": memory} if memory else {},
            admin={"address": "127.0.0.1:0"},
            **{"address_limits": "off", **top},
        )
        settings["routes"].append({"path": "/known", "server": "upstream", "clients": "any", "strip_prefix": True})
        return settings

    def key(self, name):
        return b"X-Edge-Key: " + self.keys[name].encode() + b"\r\n"

    def ask_as(self, name):
        return b"GET /known HTTP/1.1\r\nHost: localhost\r\n%s\r\n" % self.key(name)

    def huge_as(self, name):
        return HUGE.replace(b"GET /", b"GET /known/") % self.key(name)

    def call(self, edge, data):
        """One who takes nothing of what is sent to it."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(30)
        sock.connect(("127.0.0.1", edge.ports["lan"]))
        self.crowd.append(sock)
        try:
            sock.sendall(data)
        except OSError:
            pass  # ended already: that is one of the right ways
        return sock

    def leave(self):
        for sock in self.crowd:
            sock.close()
        self.crowd.clear()

    def ended(self, sock):
        """Whether the edge has ended it: what it had sent before lies in front of that."""
        sock.setblocking(False)
        try:
            while True:
                if not sock.recv(65536):
                    return True
        except BlockingIOError:
            return False
        except OSError:
            return True

    def metrics(self, edge):
        return edge.ask(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", "admin", tls=False).body.decode()

    def shed(self, edge):
        """Strangers and clients that were ended so far."""
        text = self.metrics(edge)
        return tuple(int(re.search(rf'ledgergate_connections_shed_total{{caller="{who}"}} (\d+)', text)[1]) for who in ("stranger", "client"))


@unittest.skipIf(sanitized(), "a sanitizer's build needs more memory than it tells of")
class Budget(Keyed):
    def press(self, edge):
        """A few more strangers of every kind; those that were ended are replaced by newer ones."""
        self.crowd = [sock for sock in self.crowd if len(self.crowd) < 600 or not self.ended(sock)]
        for data in (HUGE % b"", HEAD, b"") * 5:
            self.call(edge, data)

    def test_tills_are_served_while_strangers_fill_it_again_and_again(self):
        edge = self.start(self.settings("24MiB"))
        with edge.connect("lan") as kept, edge.connect(certificate=self.branch) as branch:
            for _ in range(ROUNDS):
                self.press(edge)
                for client, ask in ((kept, self.ask_as("till")), (branch, b"GET /known HTTP/1.1\r\nHost: localhost\r\n\r\n")):
                    client.send(ask)
                    self.assertEqual(client.reply().status, 200)
                self.assertEqual(edge.ask(self.ask_as("till"), "lan").status, 200, "as a newcomer")
                self.assertEqual(edge.ask(b"GET /known HTTP/1.1\r\nHost: localhost\r\n\r\n", certificate=self.branch).status, 200)
                if self.shed(edge)[0] > 500:
                    break
        strangers, clients = self.shed(edge)
        self.assertGreater(strangers, 500, "the budget was enough for all")
        self.assertEqual(clients, 0)
        self.assertLess(edge.memory("VmHWM"), 48 << 10, "KiB")
        self.leave()
        edge.said.wait("within limits.memory again")
        poll("an answer for a stranger", lambda: edge.ask(ASK, "lan").status == 200)
        edge.said.wait(r"\d+ connections of strangers and 0 of clients were ended")

    def test_the_large_go_and_the_small_stay(self):
        settings = self.settings(None)
        edge = self.start(settings)
        empty = edge.memory()  # KiB
        small = [self.call(edge, b"") for _ in range(200)]
        large = [self.call(edge, HEAD) for _ in range(300)]
        poll("all heads to be there", lambda: edge.memory() > empty + (8 << 10))
        edge.reload({**settings, "limits": {"memory": f"{empty + (6 << 10)}KiB"}})
        poll("room to be made", lambda: self.shed(edge)[0] > 0)
        poll("room again", lambda: edge.said.find("within limits.memory again") is not None)
        gone = [self.ended(sock) for sock in large]
        self.assertGreater(sum(gone), 0)
        self.assertFalse(any(self.ended(sock) for sock in small))
        # Of like size the oldest: those that are left are the newest of each worker.
        self.assertTrue(all(gone[: sum(gone) // 2]))

    def test_behind_the_strangers_the_client_that_holds_most_goes(self):
        settings = self.settings(None)
        edge = self.start(settings)
        with edge.connect("lan") as kept:
            kept.send(self.ask_as("till"))
            self.assertEqual(kept.reply().status, 200)
            strangers = [self.call(edge, b"") for _ in range(20)]
            for _ in range(150):
                self.call(edge, self.huge_as("shop"))
            poll("all readers to be blocked", lambda: edge.memory() > 19 << 10)
            edge.reload({**settings, "limits": {"memory": "18MiB"}})
            poll("clients to be ended", lambda: self.shed(edge)[1] > 0)
            self.assertFalse(any(self.ended(sock) for sock in strangers), "newcomers, and small")
            kept.send(self.ask_as("till"))
            self.assertEqual(kept.reply().status, 200)

    def test_a_reader_who_is_blocked_holds_less_than_96_kib(self):
        for listener in ("lan", "internet"):
            with self.subTest(listener=listener):
                edge = self.start(self.settings(None, workers=1))
                with edge.connect(listener, receive_buffer=4096) as first:
                    first.send(HUGE % b"")
                    first.head()
                count = 100
                before = edge.memory()
                readers = [edge.connect(listener, receive_buffer=4096) for _ in range(count)]
                for each in readers:
                    self.addCleanup(each.close)
                    each.send(HUGE % b"")
                    each.head()
                self.settled(edge)
                self.assertLess((edge.memory() - before) / count, 96, "KiB each")

    def settled(self, edge):
        """Nothing has moved for a while: each has all that it will get."""
        seen = []

        def still():
            seen.append(edge.memory())
            return len(seen) > 20 and len(set(seen[-20:])) == 1

        poll("all readers to be blocked", still)


class Always(Keyed):
    """A budget that the process alone is beyond: nothing makes that good, and still who is known is served."""

    def setUp(self):
        super().setUp()
        if not sanitized():
            self.skipTest("only a sanitizer's build is larger than the least budget by itself")

    def test_who_is_known_is_served_and_strangers_are_told(self):
        edge = self.start(self.settings("16MiB"))
        edge.said.wait(r"beyond limits\.memory \(\d+ MiB of 16 MiB\)")
        with edge.connect("lan") as kept:
            for _ in range(20):
                kept.send(self.ask_as("till"))
                self.assertEqual(kept.reply().status, 200)
                self.assertEqual(edge.ask(self.ask_as("till"), "lan").status, 200)
                self.assertEqual(edge.ask(ASK, certificate=self.branch).status, 200, "also where nobody asks who it is")
        self.assert_refused(edge.ask(ASK, "lan"), 503, "no_capacity")

    def test_who_is_blocked_is_ended_and_the_log_says_why(self):
        settings = self.settings(None)
        edge = self.start(settings)
        stranger = self.call(edge, HUGE % b"")
        poll("the first bytes", lambda: self.received(stranger))
        shop = [self.call(edge, self.huge_as("shop")) for _ in range(12)]
        for each in shop:
            poll("the first bytes", lambda sock=each: self.received(sock))
        edge.reload({**settings, "limits": {"memory": "16MiB"}})
        poll("the stranger's end", lambda: self.ended(stranger))
        poll("the end of some", lambda: any(self.ended(each) for each in shop))
        edge.log.wait("no_capacity")
        self.assertEqual(edge.ask(self.ask_as("till"), "lan").status, 200)
        edge.reload(settings)
        edge.said.wait("within limits.memory again")
        self.assertEqual(edge.ask(ASK, "lan").status, 200)

    @staticmethod
    def received(sock):
        sock.setblocking(False)
        try:
            return bool(sock.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return False

    def test_handshakes_and_idle_connections_end_as_well(self):
        """More of them than newcomers are let alone."""
        edge = self.start(self.settings("16MiB"))
        half = [self.call(edge, b"") for _ in range(100)]
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
        for _ in range(100):
            with socket.create_connection(("127.0.0.1", edge.ports["internet"])) as sock:
                sock.sendall(hello)
                self.crowd.append(sock.dup())
        poll("the end of the oldest", lambda: self.ended(half[0]))
        self.assertEqual(edge.ask(self.ask_as("till"), "lan").status, 200)


class Addresses(Keyed):
    """What is open of one address by default, and who may come in beyond it."""

    MOST = 256

    def fill(self, edge):
        for _ in range(self.MOST):
            self.call(edge, b"")
        poll("all of them", lambda: self.count(edge) >= self.MOST)

    def count(self, edge):
        return int(re.search(r'ledgergate_connections{listener="lan"} (\d+)', self.metrics(edge))[1])

    def test_of_strangers_so_many_are_let_in_and_clients_beside_them(self):
        edge = self.start({**self.settings(None), "address_limits": {}})
        self.fill(edge)
        refused = edge.ask(ASK, "lan")
        self.assert_refused(refused, 429, "rate_limited")
        self.assertEqual(refused.get("Retry-After"), "1")
        with edge.connect("lan") as kept, edge.connect(certificate=self.branch) as branch:
            for _ in range(3):
                kept.send(self.ask_as("till"))
                self.assertEqual(kept.reply().status, 200)
                branch.send(ASK)
                self.assertEqual(branch.reply().status, 200)
        for _ in range(3):
            self.assertEqual(edge.ask(self.ask_as("shop"), "lan").status, 200)
        # A wrong key is one try, and its connection is over.
        with edge.connect("lan") as guesser:
            guesser.send(ASK.replace(b"GET /", b"GET /known").replace(b"\r\n\r\n", b"\r\nX-Edge-Key: wrong\r\n\r\n"))
            self.assertIn(guesser.reply().status, (401, 403))
            with self.assertRaises((Ended, OSError)):
                guesser.send(ASK)
                guesser.reply()

    def test_where_nobody_can_prove_anything_one_too_many_is_turned_away_at_once(self):
        settings = {**self.settings(None), "address_limits": {}, "clients": {}}
        settings["routes"].pop()
        edge = self.start(settings)
        self.fill(edge)
        with self.assertRaises((Ended, OSError)):
            edge.ask(ASK, "lan")
        edge.said.wait("connection refused: .*connections or handshakes")

    def test_tills_beyond_the_bound_stay_and_make_no_place_for_strangers(self):
        edge = self.start({**self.settings(None), "address_limits": {"connections": 2}})
        tills = [edge.connect("lan") for _ in range(6)]
        for till in tills:
            self.addCleanup(till.close)
            till.send(self.ask_as("till"))
            self.assertEqual(till.reply().status, 200)
        self.call(edge, b"")
        self.call(edge, b"")
        poll("all of them", lambda: self.count(edge) == 8)
        self.assert_refused(edge.ask(ASK, "lan"), 429, "rate_limited")
        for till in tills:
            till.send(self.ask_as("till"))
            self.assertEqual(till.reply().status, 200)

    def test_it_can_be_switched_off_and_a_trusted_proxy_is_excepted(self):
        for settings in ({"address_limits": {"connections": "none"}}, {"address_limits": "off"}, {"address_limits": {}, "trusted_proxies": ["127.0.0.1"]}):
            with self.subTest(settings=settings):
                edge = self.start({**self.settings(None), **settings})
                self.fill(edge)
                self.assertEqual(edge.ask(ASK, "lan").status, 200)
                self.leave()

    def test_the_administrator_is_no_stranger(self):
        edge = self.start({**self.settings(None), "address_limits": {"connections": 1}})
        with edge.connect("admin", tls=False), edge.connect("admin", tls=False):
            self.assertEqual(self.count(edge), 0)


if __name__ == "__main__":
    unittest.main()
