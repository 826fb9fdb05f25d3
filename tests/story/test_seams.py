"""The seams: at each stage of a request, what a reload, a drain, a hang-up, a time-out and a slow peer do to it, beside other workers.

One table. A stage is where a caller has come to when something happens; an event is what happens. Whatever the two are: a server of one
place never sees two at once, the next caller is served (or the edge ends with 0), nothing is left open, and each request has its line in
the log. What the caller itself sees stands in EXPECTED. Failed calls and allocations at each stage are test_faults.py's.
"""

import os
import re
import secrets
import socket
import ssl

from client import PATIENCE, Ended, context
from harness import Story, certificates, config, pair, poll
from mserver import MServer
from test_admin import ASK as ADMIN_ASK
from test_admin import series
from test_identity import digest

HEAD = b"Host: localhost\r\nSTW-Authorization: Basic QDo=\r\nX-Edge-Key: "
BIG = 24 << 20

# What the caller sees: a status, "ended" (its connection ends, without an answer), "any end" (an answer that refuses, or an end), or
# "cut" (a reply that began and is seen as broken). "either": it has begun, and may be finished or ended.
STAGES = ("idle", "handshake", "head", "body", "queue", "reply", "relay", "held")
EXPECTED = {
    # Nothing has changed for this caller.
    "reload": {"idle": 200, "handshake": 200, "head": 200, "body": 200, "queue": 200, "reply": 200, "relay": 200},
    # Its client is switched off: nothing more is forwarded; what the server has is finished.
    "disable": {"idle": 403, "handshake": 403, "head": 403, "body": 403, "queue": 403, "reply": 200, "relay": 200},
    # Its listener is gone: nobody comes in by it any more; what has begun is judged by the newest settings, and finished.
    "close": {"idle": "ended", "handshake": "either", "head": "either", "body": "either", "queue": "either", "reply": 200, "relay": 200},
    # Its listener is gone, and its client is switched off.
    "close and disable": {"idle": "ended", "handshake": "any end", "head": "any end", "body": "any end", "queue": "any end", "reply": 200, "relay": 200},
    # The server has another name now, but is the same one.
    "rename": {"idle": 200, "handshake": 200, "head": 200, "body": 200, "queue": 200, "reply": 200, "relay": 200},
    "drain": {"idle": "either", "handshake": 200, "head": 200, "body": 200, "queue": 200, "reply": 200, "relay": 200},
    "hang up": {stage: "gone" for stage in STAGES},
    "time out": {"idle": "ended", "handshake": "ended", "head": 408, "body": 408, "queue": 503, "reply": 504, "relay": "cut"},
}
# Short ones, for the stage that is to run out of time; the others have theirs by default. They bind everybody: not so short that a
# busy machine could keep a caller who does what is expected.
TIMES = {
    "idle": {"timeouts": {"idle": "2s"}},
    "handshake": {"timeouts": {"handshake": "2s"}},
    "head": {"timeouts": {"head": "1s"}},
    "body": {"body_rate": {"over": "1s"}},
    "queue": {"server": {"queue": {"wait": "1s"}}},
    "reply": {"server": {"timeouts": {"reply": "2s"}}},
    "relay": {"body_rate": {"over": "1s"}},
}


class Handshake:
    """A caller in the middle of its first flight."""

    def __init__(self, port):
        self.arriving, self.leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context(certificates() / "ca.pem").wrap_bio(self.arriving, self.leaving, server_hostname="localhost")
        self.raw = socket.create_connection(("127.0.0.1", port), PATIENCE)
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            self.flight = self.leaving.read()
        self.raw.sendall(self.flight[:40])

    def go_on(self, request):
        """The status of the reply, or "ended"."""
        self.raw.sendall(self.flight[40:])
        reply, asked = b"", False
        while True:
            try:
                if not asked:
                    self.tls.do_handshake()
                    self.tls.write(request)
                    asked = True
                    self.raw.sendall(self.leaving.read())
                reply += self.tls.read()
                if b"\r\n" in reply:
                    return int(reply.split(b" ")[1])
            except ssl.SSLWantReadError:
                self.raw.sendall(self.leaving.read())
                data = self.raw.recv(65536)
                if not data:
                    return "ended"
                self.arriving.write(data)
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return "ended"

    def close(self):
        self.raw.close()


class Seams(Story):
    def begin(self, stage, event):
        self.key, self.other = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.server = self.standin(MServer)
        self.server.files["big.bin"] = ("application/octet-stream", bytes(BIG))
        times = TIMES[stage] if event == "time out" else {}
        self.settings = config(
            self.server, "mserver", route={"access": None, "clients": ["till", "other"]}, server=times.get("server"), admin={"address": "127.0.0.1:0"},
            clients={"till": {"api_key_sha256": digest(self.key)}, "other": {"api_key_sha256": digest(self.other)}},
            listen=[{"name": name, "address": "127.0.0.1:0", "certificates": [pair("server-ecdsa")]} for name in ("internet", "second")],
            **{key: value for key, value in times.items() if key != "server"})
        del self.settings["routes"][0]["access"]
        self.edge = self.start(self.settings)
        self.asked = 0
        self.others = []
        self.others_are_served(event)
        # What the edge opens for itself soon after its start, it has opened.
        poll("the look at its memory", lambda: any(link.endswith("/statm") for link in self.open_files()))
        self.descriptors = self.edge.descriptors()

    def open_files(self):
        directory = f"/proc/{self.edge.process.pid}/fd"
        for name in os.listdir(directory):
            try:
                yield os.readlink(f"{directory}/{name}")
            except FileNotFoundError:
                pass  # closed meanwhile

    def request(self, key, path=b"/documents/faktura.pdf"):
        self.asked += 1
        return b"GET " + path + b" HTTP/1.1\r\n" + HEAD + key.encode() + b"\r\n\r\n"

    def post(self):
        self.asked += 1
        return b"POST /xml HTTP/1.1\r\n" + HEAD + self.key.encode() + b"\r\nContent-Length: 10\r\n\r\n<x>"

    def ask_other(self):
        """Somebody else, by the other listener, over a connection of its own."""
        return self.edge.ask(self.request(self.other), "second").status

    def others_are_served(self, event):
        """At once; where times are short, that may take a second try on a busy machine."""
        if event != "time out":
            return self.assertEqual(self.ask_other(), 200)

        def served():
            try:
                return self.ask_other() == 200
            except (Ended, OSError):
                return False

        poll("somebody else who is served", served)

    def metric(self, name):
        reply = self.edge.ask(ADMIN_ASK % b"/metrics", "admin", tls=False)
        return sum(value for series_name, value in series(reply.body.decode()).items() if series_name.startswith(name))

    # --- stages: where the caller is when it happens -------------------------------------------------------------------------------

    def at_idle(self):
        client = self.edge.connect()
        client.send(self.request(self.key))
        self.assertEqual(client.reply().status, 200)
        return client, lambda: (client.send(self.request(self.key)), self.outcome(client))[1]

    def at_handshake(self):
        client = Handshake(self.edge.ports["internet"])
        return client, lambda: client.go_on(self.request(self.key))

    def at_head(self):
        client, request = self.edge.connect(), self.request(self.key)
        client.send(request[:40])
        return client, lambda: (client.send(request[40:]), self.outcome(client))[1]

    def at_body(self):
        client = self.edge.connect()
        client.send(self.post())
        return client, lambda: (client.send(b"</x>   "), self.outcome(client))[1]

    def at_queue(self):
        first, client = self.edge.connect("second"), self.edge.connect()
        self.addCleanup(first.close)
        self.others = [first]
        self.server.turn(hold=True)
        before = len(self.server.requests)
        first.send(self.request(self.other))
        self.server.wait_for_requests(before + 1)
        client.send(self.request(self.key))
        poll("its place in the queue", lambda: self.metric("ledgergate_turns_waiting") == 1)

        def go_on():
            self.server.release()
            self.assertEqual(first.reply().status, 200)
            return self.outcome(client)

        return client, go_on

    def at_reply(self):
        client = self.edge.connect()
        self.server.turn(hold=True)
        before = len(self.server.requests)
        client.send(self.request(self.key))
        self.server.wait_for_requests(before + 1)
        return client, lambda: (self.server.release(), self.outcome(client))[1]

    def at_relay(self):
        client = self.edge.connect(receive_buffer=4096)
        client.send(self.request(self.key, b"/documents/big.bin"))
        head = client.head()
        self.assertEqual(head.status, 200)

        def go_on():
            left = int(head.get("Content-Length")) - len(client.buffer)
            client.exactly(left, head, keep=False)
            return 200

        return client, go_on

    def at_held(self):
        client, _ = self.at_reply()
        client.reset()
        return client, lambda: (self.server.release(), "gone")[1]

    def outcome(self, client):
        try:
            return client.reply().status
        except Ended:
            return "ended"

    # --- events --------------------------------------------------------------------------------------------------------------------

    def with_changes(self, event):
        settings = {**self.settings, "clients": {name: dict(client) for name, client in self.settings["clients"].items()}}
        if "disable" in event:
            settings["clients"]["till"]["disabled"] = True
        if "close" in event:
            settings["listen"] = settings["listen"][1:]
        if event == "rename":
            settings["servers"] = {"renamed": settings["servers"]["upstream"]}
            settings["routes"] = [{**settings["routes"][0], "server": "renamed"}]
        return settings

    def happen(self, event, client):
        if event == "drain":
            self.edge.terminate()
            self.edge.said.wait("drain")
        elif event == "hang up":
            client.close()
        elif event != "time out":
            self.assertRegex(self.edge.reload(self.with_changes(event)), r"\breloaded\b")

    # --- what holds whatever happens -----------------------------------------------------------------------------------------------

    def all_is_well(self, event, client):
        for each in (client, *self.others):
            each.close()
        if event == "drain":
            self.assertEqual(self.edge.wait_for_exit(), 0)
        else:
            self.others_are_served(event)
            # A place that was held comes back, and nothing is left of the caller; one connection may be kept to ask /status.
            poll("the end of its connections", lambda: self.edge.descriptors() <= self.descriptors + 1)
        self.assertEqual(self.server.counters()["overlapping_exchanges"], 0, "two at a server of one place")

    def one(self, stage, event):
        self.begin(stage, event)
        client, go_on = getattr(self, f"at_{stage}")()
        self.addCleanup(client.close)
        self.happen(event, client)
        expected = "gone" if stage == "held" else EXPECTED[event][stage]
        if expected == "gone":
            self.server.release()
        else:
            self.assertIn(self.seen(stage, event, client, go_on), self.accepted(expected), f"{event} at {stage}")
        self.server.release()
        self.all_is_well(event, client)

    def seen(self, stage, event, client, go_on):
        if event != "time out":
            try:
                return go_on()
            except Ended:
                return "cut"
            except OSError:
                return "ended"
        if stage == "handshake":
            return "ended" if not self.rest(client.raw) else "something"
        if stage == "relay":
            try:
                self.edge.log.wait('"cause":"client_(too_slow|write_timeout|gone)|"side":"client"')
                return go_on()
            except Ended:
                return "cut"
        return self.outcome(client)

    @staticmethod
    def rest(raw):
        """What still comes, without a TLS alert."""
        said = b""
        try:
            while data := raw.recv(65536):
                said += data
        except ConnectionResetError:
            pass
        return re.sub(rb"^\x15\x03.\x00\x02..", b"", said, flags=re.S)

    @staticmethod
    def accepted(expected):
        ends = ("ended", "cut", 403, 404, 421, 503)
        return {"any end": ends, "either": (200, *ends)}.get(expected, (expected,))


def add(stage, event):
    def test(self):
        self.one(stage, event)

    name = f"test_{event}_at_{stage}".replace(" ", "_")
    test.__name__ = name
    setattr(Seams, name, test)


for each_event, of_stages in EXPECTED.items():
    for each_stage in STAGES:
        if each_stage in of_stages or (each_stage == "held" and each_event not in ("hang up", "time out")):
            add(each_stage, each_event)
