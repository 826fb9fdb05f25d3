"""The tables of hostile.py before every kind of server, whose ways through the program differ: bodies that are taken whole first, read,
or lent to a coding; replies that are held, spooled or checked; places of which there is one."""

import dataclasses
import unittest

import hostile
from client import Client, Ended
from harness import Story, config

from liar import GOOD, Liar
from raw import Raw
from texts import text

COMMAND = b'{"command":{"inComm":"VERZEAPI"}}'
SHORT = 3000  # what is sent byte by byte, of some cases
SOME = 16  # every so many-th


@dataclasses.dataclass(frozen=True)
class Kind:
    """How one asks a server of a profile, and how its failures read."""

    method: bytes
    path: bytes
    body: bytes
    begins: bytes  # five bytes that a body may begin with: a reader of bodies must not be the one who refuses it
    failure: bytes  # is in each refusal that a server is the reason of
    lanes: int = 4  # servers of their own, so that cases go side by side
    server: dict = dataclasses.field(default_factory=dict)

    def ask(self, host, mark):
        length = b"Content-Length: %d\r\n" % len(self.body) if self.body else b""
        return b"%s %s%s HTTP/1.1\r\nHost: %s\r\n%s\r\n%s" % (self.method, self.path, mark, host, length, self.body)


KINDS = {
    # Behind a reply in doubt an mServer is seen idle twice, a second apart: many wait for that together.
    "mserver": Kind(b"POST", b"/xml", text("stock-request.xml"), b"<?xml", b'state="error"', lanes=90),
    "apicomprem": Kind(b"POST", b"/api/comm", COMMAND, b"    {", b'"ERR"'),
    "eshop": Kind(b"POST", b"/adresy.php", b"<?xml version='1.0'?><a/>", b"<?xml", b'state="error"', server={"concurrency": 1}),
    "onec": Kind(b"POST", b"/base/ws/bank.1cws", b"<s/>", b"hello", b"Fault"),
    "mobile_smarts": Kind(b"GET", b"/MobileSMARTS/api/v1/Tables", b"", b"hello", b'"error"'),
}
PLAIN = [{"name": "lan", "address": "127.0.0.1:0", "tls": "off"}]


def typed(answer):
    """The same with the media type that POHODA's shops must say (docs/vendors.md, Shops), where there is a line to put it behind."""
    kind = b"Content-Type: text/xml\r\n"
    if hostile.OK in answer:
        return answer.replace(hostile.OK, hostile.OK + kind)
    line, end, rest = answer.partition(b"\r\n")
    return line + end + (kind if end and rest else b"") + rest


@dataclasses.dataclass
class Lane:
    host: bytes
    server: Liar
    client: Client = None

    def send(self, edge, request):
        if self.client is None:
            self.client = edge.connect("lan")
        self.client.send(request)

    def reply(self):
        try:
            return self.client.reply()
        except Ended:
            self.client.close()
            self.client = None
            return None


class Servers(Story):
    def start_lanes(self, profile):
        self.kind = KINDS[profile]
        self.lanes = [Lane(b"lane%d.test" % number, self.standin(Liar)) for number in range(self.kind.lanes)]
        settings = config(self.lanes[0].server, workers=1, listen=PLAIN)
        settings["servers"] = {lane.host.decode(): {"profile": profile, "url": lane.server.url, **self.kind.server} for lane in self.lanes}
        settings["routes"] = [{"path": "/", "host": name, "server": name, "access": "anonymous", "listeners": ["lan"]} for name in settings["servers"]]
        self.edge = self.start(settings)
        self.addCleanup(lambda: [lane.client.close() for lane in self.lanes if lane.client])

    def play(self, profile, cases):
        """Yields (what was answered, how it ended, the reply), and behind that the next caller is served."""
        for start in range(0, len(cases), len(self.lanes)):
            going = list(zip(self.lanes, cases[start:]))
            for number, (lane, (answer, then)) in enumerate(going, start):
                if profile == "eshop":
                    answer = typed(answer)
                piece = 1 if number % SOME == 0 and len(answer) < SHORT else 1 << 20
                lane.server.knobs.update(answer=answer, then=then, piece=piece)
                lane.send(self.edge, self.kind.ask(lane.host, b""))
            replies = [lane.reply() for lane, _ in going]
            for lane, _ in going:
                lane.send(self.edge, self.kind.ask(lane.host, b"?good"))
            for (lane, (answer, then)), reply in zip(going, replies):
                with self.subTest(answer=answer[:200], then=then):
                    after = lane.reply()
                    self.assertEqual(after.body if after else None, b"good")
                    yield reply

    def refused(self, reply):
        self.assertIsNotNone(reply)
        proxy_status = reply.get("Proxy-Status", "")
        self.assertEqual((reply.status, "forwarded=maybe" in proxy_status), (502, True))
        self.assertNotIn("reply_wrong_type", proxy_status, "refused for something else")
        self.assertIn(self.kind.failure, reply.body)

    def hold_all(self, profile):
        self.start_lanes(profile)
        doubted = [(answer, "stay") for _, answers in hostile.replies() for answer in answers]
        for reply in self.play(profile, doubted):
            self.refused(reply)
        broken = [(answer, "stay") for answer in hostile.broken_bodies()]
        broken += [(answer, then) for answer in hostile.cut_replies() for then in ("finish", "reset")]
        for reply in self.play(profile, broken):
            if profile in ("onec", "mobile_smarts"):
                self.assertEqual(reply.status if reply else 502, 502)
            else:
                self.refused(reply)  # small ones are held whole, so that this is always a word and never a cut
        if profile not in ("onec", "mobile_smarts"):
            self.assertEqual(sum(lane.server.overlaps for lane in self.lanes), 0)
        self.assertGreaterEqual(sum(lane.server.connections for lane in self.lanes), len(doubted) + len(broken))

    def test_of_an_mserver(self):
        self.hold_all("mserver")

    def test_of_an_apicomprem(self):
        self.hold_all("apicomprem")

    def test_of_a_shop(self):
        self.hold_all("eshop")

    def test_of_a_1c_base(self):
        self.hold_all("onec")

    def test_of_a_mobile_smarts(self):
        self.hold_all("mobile_smarts")


class Callers(Story):
    def start_doors(self):
        self.server = self.standin(Raw, answer=GOOD)
        settings = config(self.server, workers=1, listen=[{"name": name, "address": "127.0.0.1:0", "tls": "off"} for name in KINDS])
        settings["servers"] = {name: {"profile": name, "url": self.server.url} for name in KINDS}
        settings["routes"] = [{"name": name, "path": "/", "server": name, "access": "anonymous", "listeners": [name]} for name in KINDS]
        settings["routes"][0]["operations"] = ["listStock*"]  # the body is read while it comes
        self.edge = self.start(settings)

    @staticmethod
    def turned(kind, bad):
        """A case of the table as one asks this kind of server: its path before the case's own, its method, a body that goes on well."""
        method, blank, rest = bad.partition(b" ")
        if method not in (b"GET", b"POST") or not blank:
            return bad
        if rest.startswith(b"/"):
            rest = (kind.path if rest.startswith(b"/ ") else kind.path + rest[: rest.find(b" ")]) + rest[rest.find(b" ") :]
        return kind.method + b" " + rest.replace(b"hello", kind.begins)

    def play(self, profile, number, bad):
        kind = KINDS[profile]
        bad = self.turned(kind, bad)
        after = kind.ask(b"localhost", b"?after")
        with self.edge.connect(profile, tls=False) as client:
            bytewise = number % SOME == 0 and len(bad) < SHORT
            message = (kind.ask(b"localhost", b"?before") if bytewise else b"") + bad + after
            try:
                for i in range(0, len(message), 1 if bytewise else len(message)):
                    client.send(message[i : i + 1] if bytewise else message)
            except OSError:
                pass  # refused before all of it was sent
            if bytewise:
                self.assertEqual(client.reply().body, b"good")
            reply = client.reply()
            self.assertIn(reply.status, (400, 414, 417, 431, 501, 505))
            self.assertIn("forwarded=", reply.get("Proxy-Status"))
            if b'5;a="x' not in bad:  # whose data begin with y"
                self.assertNotIn("body_unreadable", reply.get("Proxy-Status"), "refused for what it says, not for its framing")
            self.assertEqual((client.end(), bytes(client.buffer)), ("closed", b""))
        return bytewise

    def test_a_request_in_doubt_reaches_no_server_of_any_kind(self):
        self.start_doors()
        asked = 0
        for profile in KINDS:
            for group, heads in hostile.requests():
                for number, bad in enumerate(heads):
                    with self.subTest(group, profile=profile, bad=bad[:200]):
                        asked += self.play(profile, number, bad)
        self.assertEqual(len(self.server.requests), asked)
        self.assertTrue(all(request.target.endswith(b"?before") for request in self.server.requests))
        self.assertNotIn(b"?after", b"".join(bytes(reader.received) for reader in self.server.readers))


if __name__ == "__main__":
    unittest.main()
