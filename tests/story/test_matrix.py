"""Who gets in where, with what: every proof before every door, with every kind of question, held against a model of the documents.

The model below is not the program's: it says for one caller, door and question what docs/config.md promises. One edge and one server
for all; connections are kept.
"""

import dataclasses
import queue
import secrets
import threading

from authority import Authority
from client import context
from harness import PATIENCE, Story, certificates, config, pair
from mserver import MServer
from test_identity import basic, digest, users
from texts import text

LOGIN = b"STW-Authorization: Basic QDo="
ORDER = text("stock-request.xml").replace(b"listStockRequest", b"listStoreRequest")
QUESTIONS = {"allowed": text("stock-request.xml"), "forbidden": ORDER, "bodyless": None}
NEUTRAL, SHOP, AWAY = "192.0.2.1", "203.0.113.5", "198.51.100.9"

# name -> (ways, door to it besides being named on the route)
CLIENTS = {
    "till": {"certificate": True},
    "eshop": {"key": True},
    "novak": {"user": True},
    "shop": {"from": SHOP},
    "pair": {"certificate": True, "key": True, "all": True},
    "twin": {"key": True, "user": True, "all": True},
    "off": {"key": True, "disabled": True},
    "late": {"key": True, "until": "2020-01-01"},
    "early": {"key": True, "since": "2999-01-01"},
    "away": {"key": True, "from": AWAY},
    "narrow": {"key": True, "operations": ["order"]},
    "guest": {"key": True, "elsewhere": True},
}
# host -> what its route says
DOORS = {
    "open.ledger.test": {"access": "anonymous", "listeners": ["internet"]},
    "any.ledger.test": {"clients": [name for name in CLIENTS if name != "guest"]},
    "cert.ledger.test": {"clients": ["till", "pair", "eshop"], "require": ["certificate"]},
    "both.ledger.test": {"clients": "any", "require": ["certificate", "api_key"]},
    "bound.ledger.test": {"clients": ["till", "eshop", "novak"], "listeners": ["second"]},
    "tills.ledger.test": {"clients": ["till", "shop"]},
}
LISTENERS = {"internet": [], "second": ["api_key"]}


@dataclasses.dataclass(frozen=True)
class Caller:
    certificate: str = ""  # a client's, or "stranger"
    key: str = ""  # a client's, or "wrong"
    user: str = ""  # Basic: a client's account, or "client:key" for a key as the password
    wrong: bool = False  # its password
    address: str = NEUTRAL


def callers():
    shown = [Caller(), Caller(key="wrong"), Caller(user="novak"), Caller(user="novak", wrong=True), Caller(user="eshop:key"), Caller(user="nobody", wrong=True),
             Caller(key="twin", user="twin"), Caller(key="eshop", user="novak"), Caller(key="eshop", user="eshop:key"), Caller(user="twin")]
    shown += [Caller(key=name) for name, client in CLIENTS.items() if client.get("key")]
    for certificate in ("", "till", "pair", "stranger"):
        for address in (NEUTRAL, SHOP, AWAY) if certificate in ("", "till") else (NEUTRAL,):
            for caller in shown:
                yield dataclasses.replace(caller, certificate=certificate, address=address)


def ways(client):
    return {way for way in ("certificate", "key", "user") if client.get(way)}


def expected(caller, host, listener, question):
    """(status, cause); cause "" where the server answers."""
    door = DOORS[host]
    if listener not in door.get("listeners", LISTENERS):
        return 404, "no_route"
    who = None
    if door.get("access") != "anonymous":
        named = CLIENTS if door["clients"] == "any" else door["clients"]
        by_login = any(ways(CLIENTS[name]) & {"key", "user"} for name in named)
        proven = {}  # client -> ways
        if caller.certificate in CLIENTS:
            proven.setdefault(caller.certificate, set()).add("certificate")
        if caller.key == "wrong":
            return 401, "login_failed"
        if caller.key:
            proven.setdefault(caller.key, set()).add("key")
        if caller.user and by_login:
            if caller.wrong:
                return 401, "login_failed"
            name, _, way = caller.user.partition(":")
            proven.setdefault(name, set()).add(way or "user")
        if len(proven) > 1:
            return 401, "login_failed"
        if not proven and caller.address == SHOP:
            proven = {"shop": set()}
        if not proven:
            if caller.certificate:
                return 403, "forbidden"
            return (401, "login_required") if by_login else (403, "certificate_required")
        (name, shown), = proven.items()
        who = CLIENTS[name]
        if name not in named:
            return 403, "forbidden"
        if who.get("disabled") or who.get("until") or who.get("since"):
            return 403, "client_disabled"
        if who.get("from", caller.address) != caller.address:
            return 403, "address_denied"
        # `require: api_key` and `password` are what they say; `prove: all` is every way that the client has.
        needed = {{"api_key": "key"}.get(way, way) for way in LISTENERS[listener] + door.get("require", [])} | (ways(who) if who.get("all") else set())
        if "certificate" in needed - shown:
            return 403, "certificate_required"
        if needed - shown:
            return 401, "login_required"
    # The route allows documents, and the client with operations of its own neither these nor exports.
    if question == "forbidden" or who and who.get("operations"):
        return 403, "operation_denied"
    return 200, ""


class Matrix(Story):
    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()
        cls.shown = {name: cls.authority.issue(name) for name in ("till", "pair", "stranger")}
        cls.contexts = {name: context(certificates() / "ca.pem", certificate=pair) for name, pair in {**cls.shown, "": None}.items()}
        cls.keys = {name: secrets.token_urlsafe(32) for name, client in CLIENTS.items() if client.get("key")}

    def settings(self, standin, **more):
        clients = {}
        for name, client in CLIENTS.items():
            said = {"certificate": {"san": f"{name}.branch.test"}} if client.get("certificate") else {}
            said |= {"api_key_sha256": digest(self.keys[name])} if client.get("key") else {}
            said |= {"user": name} if client.get("user") else {}
            said |= {"prove": "all"} if client.get("all") else {}
            said |= {"disabled": True} if client.get("disabled") else {}
            said |= {"from": [client["from"]]} if client.get("from") else {}
            said |= {"valid_until": client["until"]} if client.get("until") else {}
            said |= {"valid_from": client["since"]} if client.get("since") else {}
            said |= {"operations": client["operations"]} if client.get("operations") else {}
            clients[name] = said
        listen = [{"name": name, "address": "127.0.0.1:0", "certificates": [pair("server-ecdsa")], "client_ca": str(self.authority.file)} | ({"require": require} if require else {})
                  for name, require in LISTENERS.items()]
        made = config(standin, "mserver", listen=listen, clients=clients, users=users(novak="right", twin="right"), lockout=False, trusted_proxies=["127.0.0.1"], **more)
        made["routes"] = [{"host": host, "server": "upstream", "operations": ["listStock*", "order", "documents"], **door} for host, door in DOORS.items()]
        return made

    def request(self, caller, host, question):
        """Head and body."""
        fields = [b"Host: " + host.encode(), b"X-Forwarded-For: " + caller.address.encode(), LOGIN]
        if caller.key:
            fields.append(b"X-Edge-Key: " + self.keys.get(caller.key, "wrong").encode())
        if caller.user:
            name, _, way = caller.user.partition(":")
            fields.append(basic(name, "wrong" if caller.wrong else self.keys[name] if way else "right"))
        body = QUESTIONS[question]
        if body is None:
            return b"\r\n".join([b"GET /documents/obrazky/zidle.jpg HTTP/1.1", *fields, b"", b""]), b""
        return b"\r\n".join([b"POST /xml HTTP/1.1", *fields, b"Content-Type: text/xml", b"Expect: 100-continue", b"Content-Length: %d" % len(body), b"", b""]), body

    def ask(self, client, caller, host, question):
        """The reply, and whether the body was asked for."""
        head, body = self.request(caller, host, question)
        client.send(head)
        if not body:
            return client.reply(), False
        first = client.head()
        if first.status == 100:
            client.send(body)
            return client.reply(), True
        first.body = client.exactly(int(first.get("Content-Length")), first)
        return first, False

    def test_all_of_it(self):
        server = self.standin(MServer)
        edge = self.start(self.settings(server, server={"concurrency": 4}))
        served = count = 0
        open_ones = {}
        seen = set()
        for number, caller in enumerate(callers()):
            for place, (host, listener) in enumerate((host, listener) for host in DOORS for listener in LISTENERS):
                # Each caller asks each question somewhere, and each door hears all of them.
                question = list(QUESTIONS)[(number + place) % len(QUESTIONS)]
                want = expected(caller, host, listener, question)
                line = (listener, caller.certificate)
                client = open_ones.get(line) or edge.connect(listener, context=self.contexts[caller.certificate])
                open_ones[line] = client
                reply, asked = self.ask(client, caller, host, question)
                if reply.get("Connection") == "close":
                    open_ones.pop(line).close()
                said = (caller, host, listener, question)
                self.assertEqual(reply.status, want[0], (said, want, reply))
                if want[1]:
                    self.assertIn(f'details="{want[1]}"', reply.get("Proxy-Status"), said)
                    self.assertIn("forwarded=no", reply.get("Proxy-Status"), said)
                # The body is asked for where the head alone refuses nothing.
                self.assertEqual(asked, question != "bodyless" and want[1] in ("", "operation_denied"), said)
                served += want[0] == 200
                count += 1
                seen.add((want[1], question))
        for client in open_ones.values():
            client.close()
        self.assertEqual(server.heads, served, "who is refused never reaches the server")
        self.assertEqual(len(edge.access_log(count)), count)
        causes = {"no_route", "login_failed", "login_required", "certificate_required", "forbidden", "client_disabled", "address_denied", ""}
        self.assertLessEqual({(cause, "bodyless") for cause in causes}, seen)
        self.assertIn(("operation_denied", "allowed"), seen)

    def refusals(self):
        """One caller for each cause that the head decides."""
        found = {}
        for caller in callers():
            for host in DOORS:
                cause = expected(caller, host, "internet", "allowed")[1]
                if cause != "operation_denied":
                    found.setdefault(cause, (caller, host))
        return found

    def test_who_is_refused_by_the_head_takes_no_turn(self):
        server = self.standin(MServer)
        edge = self.start(self.settings(server, server={"concurrency": 1, "queue": {"depth": 1}}))
        server.turn(hold=True)
        found = self.refusals()
        caller, host = found.pop("")
        head, body = self.request(caller, host, "allowed")
        whole = head.replace(b"Expect: 100-continue\r\n", b"") + body
        replies = queue.Queue()
        askers = [threading.Thread(target=lambda: replies.put(edge.ask(whole, context=self.contexts[caller.certificate]))) for _ in range(3)]
        askers[0].start()
        server.wait_for_requests(1)
        for asker in askers[1:]:
            asker.start()
        self.assert_refused(replies.get(timeout=PATIENCE), 503, "queue_full")
        for cause, (refused, where) in found.items():
            with edge.connect(context=self.contexts[refused.certificate]) as client:
                reply, asked = self.ask(client, refused, where, "allowed")
                self.assertIn(f'details="{cause}"', reply.get("Proxy-Status"), "not that the line is full")
                self.assertFalse(asked)
        server.release()
        for asker in askers:
            asker.join()
        self.assertEqual([replies.get_nowait().status for _ in range(2)], [200, 200])

    def test_who_is_refused_by_the_head_costs_no_disk(self):
        server = self.standin(MServer)
        settings = self.settings(server, spool={"memory": 4096, "memory_total": 4096})
        edge = self.start(settings)
        # From here on nothing can be kept there.
        gone = edge.directory / "spool"
        gone.mkdir()
        edge.reload({**settings, "spool": {**settings["spool"], "directory": str(gone)}})
        gone.rmdir()
        found = self.refusals()
        for cause, (caller, host) in found.items():
            with edge.connect(context=self.contexts[caller.certificate]) as client:
                head, body = self.request(caller, host, "allowed")
                client.send(head.replace(b"Expect: 100-continue\r\nContent-Length: %d" % len(body), b"Content-Length: %d" % (len(body) + 9999)) + body + b" " * 9999)
                reply = client.reply()
                self.assertIn(f'details="{cause or "spool_failed"}"', reply.get("Proxy-Status"), cause)
        self.assertEqual(server.heads, 0)
