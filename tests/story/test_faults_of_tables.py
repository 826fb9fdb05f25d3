"""Memory is out in one moment, at each one in turn, while the edge notes something that others will ask for later: logins and bans,
limits, what the admin door tells, a reply that counts characters, and new settings. What could not be noted is not there; nothing is
half noted; what others asked for is answered as if nothing had been."""

import errno
import hashlib
import json
import secrets
import select
import threading
import unittest

from client import Ended
from harness import Story, config, poll, sanitized, scratch
from raw import Raw
from standin import PATIENCE, StandIn
from test_faults import NAMED, Control, library
from test_identity import basic, users
from web import Web

FAR = 1 << 40
HOST = b"Host: localhost\r\n"
CZECH = '{"Result":"OK","Data":[{"NAZEV":"%s"}]}' % ("Žluťoučký kůň 😀 " * 3000)
HONEST = (401, 403, 404, 408, 413, 429, 500, 502, 503, 504, 507)


def get(path, *fields):
    return b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


@unittest.skipIf(sanitized() == "thread", "one request at a time tells TSan nothing")
class Sweep(Story):
    def begin(self, settings):
        if not library().exists():
            self.fail(f"{library()} was not built")
        file = scratch() / f"control-{self.id()}"
        self.control = Control(file)
        self.edge = self.start(
            settings,
            environment={
                "LD_PRELOAD": str(library()),
                "LEDGERGATE_FAULTS": str(file),
                "ASAN_OPTIONS": "verify_asan_link_order=0:alloc_dealloc_mismatch=0:allocator_may_return_null=1",
            },
        )

        # A thread that begins must not meet a failure: ASan ends the process there. Each worker has answered behind these.
        for _ in range(10 * settings["workers"]):
            self.assertIsNotNone(self.ask(get(b"/nowhere")))

    def count(self, act):
        """How often memory is asked for meanwhile."""
        self.control.arm("memory", FAR, errno.ENOMEM)
        act()
        left = self.control.left()
        self.control.disarm()
        return FAR - left

    def ask(self, request, listener="lan"):
        """The reply, or nothing when the connection broke."""
        try:
            return self.edge.ask(request, listener, tls=False)
        except (Ended, OSError):
            return None

    def sweep(self, act, check, points):
        """`act` with each of these calls failing, and `check` behind it. How many failed."""
        failed = 0
        for after in points:
            self.control.arm("memory", after, errno.ENOMEM)
            done = act()
            hit = self.control.disarm()
            failed += hit
            what = f"memory number {after}"
            self.assertIsNone(self.edge.process.poll(), f"the edge ended at {what}:\n{self.edge.said.text[-4000:]}")
            try:
                check(done, hit)
            except AssertionError as error:
                raise AssertionError(f"after {what}: {error}\n{self.edge.said.text[-3000:]}") from error
        return failed


class Tables(Sweep):
    """One worker: what is asked for behind a failure finds what that has left."""

    def setUp(self):
        self.web = self.standin(Web)
        self.raw = self.standin(Raw)
        self.raw.close_after_answer = True
        self.raw.turn(answer=f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(CZECH)}\r\n\r\n".encode() + CZECH.encode())
        self.key = secrets.token_urlsafe(32)
        settings = config(
            self.web if NAMED else f"http://127.0.0.1:{self.web.port}",
            route={"clients": ["shop"], "path": "/", "limits": {"requests": "100000/s", "concurrent": 100}},
            clients={
                "shop": {"api_key_sha256": hashlib.sha256(self.key.encode()).hexdigest(), "limits": {"requests": "100000/s"}},
                "till": {"user": "till"},
            },
            users=users(till="tajne"),
            lockout={"failures": 2, "ban": "1h", "longest": "1h"},
            address_limits={"requests": "100000/s", "concurrent": 100, "handshakes": "100000/s"},
            trusted_proxies=["127.0.0.1"],
            admin={"address": "127.0.0.1:0"},
            workers=1,
        )
        del settings["routes"][0]["access"]
        settings["servers"]["premier"] = {"profile": "apicomprem", "url": self.raw.url, "length": "characters"}
        settings["servers"]["pohoda"] = {"profile": "mserver", "url": f"http://127.0.0.1:{self.web.port}", "health": "off"}
        settings["routes"].append({"path": "/documents/", "server": "pohoda", "clients": ["till"]})
        settings["routes"].append({"path": "/api/comm", "server": "premier", "access": "anonymous", "operations": ["select", "read", "write"]})
        self.begin(settings)
        self.guesses = 0

    def from_new(self):
        """Of an address that nobody has seen."""
        self.guesses += 1
        return b"X-Forwarded-For: 203.0.%d.%d" % (self.guesses // 250 + 1, self.guesses % 250 + 1)

    def all_well(self):
        for request in (get(b"/", b"X-Edge-Key: " + self.key.encode()), COUNTED):
            reply = self.ask(request)
            self.assertIsNotNone(reply)
            self.assertEqual(reply.status, 200, reply)
        metrics = self.ask(get(b"/metrics"), "admin")
        self.assertEqual(metrics.status, 200)
        self.assertIn(b'ledgergate_requests_total{route="', metrics.body)
        bans = self.ask(get(b"/bans", b"X-Ledgergate-Admin: 1"), "admin")
        self.assertEqual(bans.status, 200)
        return json.loads(bans.body)

    def test_failed_logins_and_bans(self):
        def act():
            where = self.from_new()
            return [self.ask(get(b"/", where, b"X-Edge-Key: wrong")) for _ in range(3)], where

        def check(done, hit):
            replies, where = done
            for reply in replies:
                self.assertTrue(reply is None or reply.status in HONEST, reply)
            # Two failures more at most, and the address is banned; and the ban is told.
            for _ in range(3):
                last = self.ask(get(b"/", where, b"X-Edge-Key: wrong"))
            self.assertEqual(last.status, 429)
            address = where.split(b": ")[1].decode()
            self.assertIn(address, [ban["address"] for ban in self.all_well() if "address" in ban])

        check(act(), False)
        total = self.count(act)
        step = max(1, total // (60 if sanitized() else 200))
        self.assertGreater(self.sweep(act, check, range(0, total, step)), 10)

    def test_logins(self):
        right = basic("till", "tajne")

        def act():
            where = self.from_new()
            wrong = basic(f"nobody-{self.guesses}", "Tajne")  # one account that many fail at is slowed down
            return self.ask(get(b"/documents/a.xml", where, right)), self.ask(get(b"/documents/a.xml", where, wrong)), where, wrong

        def check(done, hit):
            good, bad, where, wrong = done
            self.assertTrue(good is None or good.status == 200 or good.status in HONEST, good)
            self.assertTrue(bad is None or bad.status in HONEST, bad)
            self.assertIn(self.ask(get(b"/documents/a.xml", where, wrong)).status, (401, 429))
            self.assertEqual(self.ask(get(b"/documents/a.xml", self.from_new(), right)).status, 200)
            self.all_well()

        check(act(), False)
        total = self.count(act)
        step = max(1, total // (60 if sanitized() else 200))
        self.assertGreater(self.sweep(act, check, range(0, total, step)), 10)

    def test_the_admin_door(self):
        def act():
            return self.ask(get(b"/metrics"), "admin"), self.ask(get(b"/bans", b"X-Ledgergate-Admin: 1"), "admin")

        def check(done, hit):
            for reply in done:
                self.assertTrue(reply is None or reply.status == 200 or reply.status in HONEST, reply)
            if done[1] is not None and done[1].status == 200:
                json.loads(done[1].body)
            self.all_well()

        where = self.from_new()
        for _ in range(3):
            self.ask(get(b"/", where, b"X-Edge-Key: wrong"))
        total = self.count(act)
        step = max(1, total // (60 if sanitized() else 200))
        self.assertGreater(self.sweep(act, check, range(0, total, step)), 10)

    def test_a_reply_that_counts_characters(self):
        def act():
            return self.ask(COUNTED)

        def check(reply, hit):
            if reply is not None and reply.status == 200:
                self.assertEqual(reply.body, CZECH.encode())
            elif reply is not None:
                self.assertIn(reply.status, HONEST)
            self.all_well()

        self.all_well()
        total = self.count(act)
        step = max(1, total // (60 if sanitized() else 200))
        self.assertGreater(self.sweep(act, check, range(0, total, step)), 5)


class Stubborn(StandIn):
    """Works on its request until it is let go, whatever becomes of the connection: half a reply, and silence."""

    name = "stubborn"

    def __init__(self):
        super().__init__()
        self.may_end = threading.Event()

    def serve(self, connection):
        if connection.reader.head() is None:
            return
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf of it")
        with self.changed:
            self.heads += 1
            self.changed.notify_all()
        self.may_end.wait(PATIENCE)


class OneSlot(Sweep):
    """Servers that do one thing at a time are at work, and memory is out behind the head of a reply: nobody else comes there. Callers
    stay, so that no later one finds the memory that an earlier one is done with."""

    COUNT = 120

    def setUp(self):
        self.servers = [self.standin(Stubborn) for _ in range(self.COUNT)]
        settings = config(self.servers[0], route={"path": "/first"}, server={"health": "off"}, address_limits={"requests": "100000/s"}, workers=1)
        for number, server in enumerate(self.servers):
            settings["servers"][f"server-{number}"] = {"profile": "http", "url": server.url, "concurrency": 1, "health": "off", "queue": {"wait": "5min"}}
            settings["routes"].append({"path": f"/{number}", "server": f"server-{number}", "access": "anonymous"})
        self.begin(settings)

    def connect(self):
        client = self.edge.connect("lan")
        self.addCleanup(client.close)
        return client

    def test_the_place_stays_taken(self):
        failed = came = 0
        for after in range(self.COUNT // 2):
            usual, server = self.servers[2 * after : 2 * after + 2]
            # One that takes up what a failure has left for the next.
            self.connect().send(get(b"/%d" % (2 * after)))
            usual.wait_for_heads(1)
            client, request = self.connect(), get(b"/%d" % (2 * after + 1))
            self.control.arm("memory", 3 * after, errno.ENOMEM)  # up to where the head has come, in any build
            client.send(request)
            poll("a reply's head, or a failure", lambda: server.heads > 0 or select.select([client.sock], [], [], 0)[0])
            # What the edge does with the half that has come; and then somebody else wants to go there.
            select.select([client.sock], [], [], 0.1)
            failed += self.control.disarm()
            came += server.heads
            other = self.connect()
            other.send(request)
            select.select([other.sock], [], [], 0.1)
            self.assertIsNone(self.edge.process.poll(), self.edge.said.text[-4000:])
            self.assertLessEqual(server.max_open, 1, f"memory number {after}: two at once\n{self.edge.said.text[-2000:]}")
        self.assertGreater(failed, 20)
        self.assertGreater(came, 5)
        for server in self.servers:
            server.may_end.set()


COUNTED = b"POST /api/comm HTTP/1.1\r\n" + HOST + b"ID-UJ: c8175fe2-5aba-460e-a492-5da487105394\r\nContent-Length: 42\r\n\r\n" + b'{"select":"select top 10 * from partnery"}'


class Reloads(Sweep):
    """New settings are in force everywhere, or nowhere; and the log says which."""

    def setUp(self):
        self.web = self.standin(Web)
        url = f"http://127.0.0.1:{self.web.port}"
        self.settings = {}
        for name in "ab":
            made = config(url, route={"path": f"/{name}"}, server={"health": "off", "concurrency": 1}, workers=3, address_limits={"requests": "100000/s"}, admin={"address": "127.0.0.1:0"})
            made["servers"][f"only-{name}"] = {"profile": "http", "url": f"http://127.0.0.1:{9 if name == 'a' else 10}", "concurrency": 1, "health": "off"}
            made["routes"].append({"path": f"/only-{name}/of-these-settings", "server": f"only-{name}", "access": "anonymous"})
            made["clients"] = {f"client-{name}-with-a-long-name": {"api_key_sha256": hashlib.sha256(name.encode()).hexdigest()}}
            made["routes"].append({"path": f"/closed-{name}", "server": "upstream", "clients": [f"client-{name}-with-a-long-name"]})
            self.settings[name] = made
        self.begin(self.settings["a"])
        self.now = "a"

    def other(self):
        return "b" if self.now == "a" else "a"

    def reload(self):
        return self.edge.reload(self.settings[self.other()])

    def check(self, line, hit):
        if "refused" not in line:
            self.now = self.other()
        for _ in range(10):  # over all workers
            for name in "ab":
                reply = self.ask(get(b"/" + name.encode()))
                self.assertEqual(reply.status, 200 if name == self.now else 404, f"{line}: /{name} while the settings are {self.now}")
        metrics = self.ask(get(b"/metrics"), "admin")
        self.assertEqual(metrics.status, 200)

    def test_all_workers_or_none(self):
        self.check(self.reload(), False)
        alone = self.count(self.reload)
        self.now = self.other()
        # The last of them are those behind the point at which everything was read.
        few = max(1, alone // (20 if sanitized() else 100))
        points = sorted({*range(0, alone, few), *range(max(0, alone - 120), alone + 30, 3 if sanitized() else 1)})
        self.assertGreater(self.sweep(self.reload, self.check, points), 20)
        said = self.edge.said.text
        self.assertIn("reload refused", said)
        self.edge.reload(self.settings[self.other()])

    def test_a_drain_needs_no_memory(self):
        for after in range(0, 40, 3 if sanitized() else 1):
            self.control.arm("memory", after, errno.ENOMEM)
            self.edge.terminate()
            self.assertEqual(self.edge.wait_for_exit(), 0, self.edge.said.text)
            self.control.disarm()
            self.begin(self.settings["a"])


if __name__ == "__main__":
    unittest.main()
