"""A request that has come, and has not left: what a reload says of its route, its server, its unit, its password and its proxy counts."""

import datetime
import gzip
import json
import re
import socket
import ssl
import threading

from client import Ended
from harness import SOURCE, Story, certificates, config, pair, poll
from apicomprem import ApiComPrem
from mserver import MServer
from test_identity import basic, digest, users
from texts import text
from web import Web

BODY = text("stock-request.xml")
ICO = re.search(rb'ico="(\d+)"', BODY)[1].decode()
HEAD = b"POST /xml HTTP/1.1\r\nHost: localhost\r\nSTW-Authorization: Basic QDo=\r\nContent-Length: %d\r\n" % len(BODY)
GET = b"GET /head HTTP/1.1\r\nHost: localhost\r\n\r\n"
KEY = "k" * 43
LAN = [{"name": "lan", "address": "127.0.0.1:0", "tls": "off"}]


class Waiting(Story):
    def settings(self, servers, routes, **more):
        return {"listen": LAN, "servers": {name: {"profile": "mserver", "url": server.url} for name, server in servers.items()}, "routes": routes, "workers": 1, **more}

    def waiting(self, edge, extra=b"", head=HEAD):
        """A caller whose head has been let in, and whose body is to come."""
        client = edge.connect("lan")
        self.addCleanup(client.close)
        client.send(head + extra + b"Expect: 100-continue\r\n\r\n")
        client.until(b"100 Continue\r\n\r\n")
        return client

    def reload(self, edge, settings):
        self.assertRegex(edge.reload(settings), r"\breloaded\b", edge.said.text)

    def send_body(self, client, body=BODY):
        client.send(body)
        return client.reply("POST")


class Servers(Waiting):
    def setUp(self):
        self.a, self.b = self.standin(MServer), self.standin(MServer)
        self.both = {"a": self.a, "b": self.b}

    def assert_asked_again(self, client):
        self.assert_refused(self.send_body(client), 503, "no_capacity")
        self.assertEqual((self.a.requests, self.b.requests), ([], []))

    def test_a_route_that_leads_elsewhere(self):
        edge = self.start(self.settings(self.both, [{"server": "a", "access": "anonymous"}]))
        client = self.waiting(edge)
        self.reload(edge, self.settings(self.both, [{"server": "b", "access": "anonymous"}]))
        self.assert_asked_again(client)

    def test_a_server_that_is_gone(self):
        edge = self.start(self.settings(self.both, [{"server": "a", "access": "anonymous"}]))
        client = self.waiting(edge)
        self.reload(edge, self.settings({"b": self.b}, [{"server": "b", "access": "anonymous"}]))
        self.assert_asked_again(client)

    def test_a_server_that_has_another_name(self):
        edge = self.start(self.settings(self.both, [{"server": "a", "access": "anonymous"}]))
        client = self.waiting(edge)
        self.reload(edge, self.settings({"pohoda": self.a}, [{"server": "pohoda", "access": "anonymous"}]))
        self.assertEqual(self.send_body(client).status, 200)

    def units(self, **units):
        return self.settings(self.both, [{"server": "a", "access": "anonymous", "units": {name.strip("_"): server for name, server in units.items()}}])

    def test_a_unit_that_has_moved(self):
        edge = self.start(self.units(**{ICO: "a"}))
        client = self.waiting(edge)
        self.reload(edge, self.units(**{ICO: "b"}))
        self.assert_asked_again(client)

    def test_a_unit_that_is_listed_no_longer(self):
        edge = self.start(self.units(**{ICO: "a"}))
        client = self.waiting(edge)
        self.reload(edge, self.units(**{"99999999": "a"}))
        reply = self.send_body(client)
        self.assertIn('details="unit_unknown"', reply.get("Proxy-Status"))
        self.assertEqual((self.a.requests, self.b.requests), ([], []))

    def test_a_unit_that_stays(self):
        edge = self.start(self.units(**{ICO: "a"}))
        client = self.waiting(edge)
        self.reload(edge, self.units(**{ICO: "a", "99999999": "b"}))
        self.assertEqual(self.send_body(client).status, 200)
        self.assertEqual(len(self.a.requests), 1)


class NoUnit(Waiting):
    """What an mserver is asked by its path names no unit, and goes to the route's server whatever `units` say."""

    def begin(self):
        self.a, self.b = self.standin(MServer), self.standin(MServer)
        self.made = self.settings({"a": self.a, "b": self.b}, [{"server": "a", "access": "anonymous", "units": {ICO: "a", "99999999": "b"}}], admin={"address": "127.0.0.1:0"})
        return self.start(self.made)

    def test_a_document_that_is_waited_for(self):
        edge = self.begin()
        self.a.turn(hold=True)
        with edge.connect("lan") as busy, edge.connect("lan") as client:
            busy.send(HEAD + b"\r\n" + BODY)
            self.a.wait_for_requests(1)
            client.send(b"GET /documents/faktura.pdf HTTP/1.1\r\nHost: localhost\r\nSTW-Authorization: Basic QDo=\r\n\r\n")
            poll("the second in line", lambda: " 1\n" in waiting_turns(edge))
            self.reload(edge, self.made)
            self.a.release()
            self.assertEqual(busy.reply("POST").status, 200)
            self.assertNotIn("unit_unknown", client.reply().get("Proxy-Status") or "")
        self.assertEqual([request.path for request in self.a.requests if request.path != b"/status"][1:], [b"/documents/faktura.pdf"])

    def test_a_bare_status_that_is_waited_for(self):
        edge = self.begin()
        self.a.turn(hold_status=True)
        with edge.connect("lan") as client:
            client.send(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.a.wait_for_status(1)
            self.reload(edge, self.made)
            self.a.release_status()
            self.assertEqual(client.reply().status, 200)


def waiting_turns(edge):
    text = edge.ask(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", "admin", tls=False).body.decode()
    return "".join(line + "\n" for line in text.splitlines() if line.startswith("ledgergate_turns_waiting{") and '"a"' in line)


class Callers(Waiting):
    def test_a_password_that_nobody_had_looked_at(self):
        server = self.standin(MServer)
        file = users(novakova="right")

        def settings(**route):
            return self.settings({"pohoda": server}, [{"server": "pohoda", **route}], clients={"desk": {"user": "novakova"}}, users=file)

        edge = self.start(settings(access="anonymous"))
        for password in ("wrong", "right"):
            client = self.waiting(edge, basic("novakova", password) + b"\r\n")
            self.reload(edge, settings(clients=["desk"]))
            self.assertEqual(self.send_body(client).status, 401)
            self.reload(edge, settings(access="anonymous"))
        self.assertEqual(server.requests, [])

    def test_a_client_switched_off_while_its_server_is_connected_to(self):
        server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server_side.load_cert_chain(pair("server-ecdsa")["chain"], pair("server-ecdsa")["key"])
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"https://localhost:{listener.getsockname()[1]}"

            def settings(**client):
                made = config(url, "onec", server={"tls": {"ca": str(certificates() / "ca.pem")}}, clients={"till": {"api_key_sha256": digest(KEY), **client}}, listen=LAN)
                made["routes"] = [{"server": "upstream", "clients": ["till"]}]
                return made

            edge = self.start(settings())
            with edge.connect("lan") as client:
                client.send(b"POST /x HTTP/1.1\r\nHost: localhost\r\nX-Edge-Key: " + KEY.encode() + b"\r\nContent-Length: 3\r\n\r\nabc")
                accepted = listener.accept()[0]
                self.reload(edge, settings(disabled=True))
                with server_side.wrap_socket(accepted, server_side=True) as at_server:
                    self.assert_refused(client.reply("POST"), 403, "client_disabled")
                    self.assertEqual(at_server.recv(65536), b"", "nothing of the request")

    def test_another_route_of_the_same_name_behind_a_listener_that_is_gone(self):
        server = self.standin(MServer)
        doors = [{"name": name, "address": "127.0.0.1:0", "tls": "off"} for name in ("lan", "outside")]
        locked = {"name": "books", "server": "pohoda", "listeners": ["outside"], "clients": ["till"]}
        before = self.settings({"pohoda": server}, [locked], clients={"till": {"api_key_sha256": digest(KEY)}}, listen=doors)
        edge = self.start({**before, "routes": [locked, {"name": "inside", "server": "pohoda", "listeners": ["lan"], "access": "anonymous"}]})
        client = edge.connect("outside", tls=False)
        self.addCleanup(client.close)
        client.send(HEAD + b"X-Edge-Key: " + KEY.encode() + b"\r\nExpect: 100-continue\r\n\r\n")
        client.until(b"100 Continue\r\n\r\n")
        after = {**before, "listen": doors[:1], "clients": {"till": {"api_key_sha256": digest(KEY), "disabled": True}}}
        self.reload(edge, {**after, "routes": [{"name": "books", "server": "pohoda", "listeners": ["lan"], "access": "anonymous"}]})
        try:
            self.assertNotEqual(self.send_body(client).status, 200)
        except (Ended, OSError):
            pass
        self.assertEqual(server.requests, [])


class Sending(Waiting):
    """A body that its server takes slowly does not run to its end where a reload would not let its caller in any more."""

    LENGTH = 48 << 20  # more than the kernel takes for a server that reads nothing

    def send_all(self, client):
        try:
            client.send(b"POST /x HTTP/1.1\r\nHost: localhost\r\nX-Edge-Key: " + KEY.encode() + b"\r\nContent-Length: %d\r\n\r\n" % self.LENGTH)
            for _ in range(self.LENGTH >> 20):
                client.send(bytes(1 << 20))
        except OSError:
            pass  # it was refused meanwhile

    def taken(self, server):
        taken = 0
        try:
            while more := server.recv(1 << 16):
                taken += len(more)
        except OSError:
            pass  # reset
        return taken

    def story(self, spool):
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"

            def settings(**client):
                made = config(url, server={"spool": spool, "body_limit": "64MiB"}, clients={"till": {"api_key_sha256": digest(KEY), **client}}, listen=LAN, workers=1)
                made["routes"] = [{"server": "upstream", "clients": ["till"]}]
                return made

            edge = self.start(settings())
            with edge.connect("lan") as client:
                sending = threading.Thread(target=self.send_all, args=(client,))
                sending.start()
                server = listener.accept()[0]
                with server:
                    server.settimeout(60)
                    self.assertIn(b"POST /x", server.recv(7))
                    self.reload(edge, settings(disabled=True))
                    self.assertLess(self.taken(server), self.LENGTH)
                sending.join()
            edge.log.wait("client_disabled")

    def test_one_that_lies_in_the_spool(self):
        self.story("request")

    def test_one_that_comes_faster_than_it_goes(self):
        self.story("off")


class Proxies(Waiting):
    def branch(self, server, listen=None, trust=True):
        made = config(server, "http", workers=1, listen=[{**LAN[0], **(listen or {})}], server={"spool": "both"}, clients={"branch": {"from": ["203.0.113.0/24"]}},
                      **({"trusted_proxies": ["127.0.0.1"]} if trust else {}))
        made["routes"] = [{"server": "upstream", "clients": ["branch"]}]
        return made

    def test_what_a_front_proxy_said_that_is_trusted_no_longer(self):
        server = self.standin(Web)
        edge = self.start(self.branch(server))
        client = self.waiting(edge, head=b"POST /echo HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 203.0.113.5\r\nContent-Length: 3\r\n")
        self.reload(edge, self.branch(server, trust=False))
        self.assertIn(self.send_body(client, b"abc").status, (403, 503))
        self.assertEqual(server.requests, [])

    def test_an_open_connection_behind_a_proxy_header_that_counts_no_longer(self):
        server = self.standin(Web)
        for listen, trust in (({"proxy_protocol": True}, False), ({}, False), ({}, True)):
            edge = self.start(self.branch(server, {"proxy_protocol": True}))
            with edge.connect("lan") as client:
                client.send(b"PROXY TCP4 203.0.113.5 127.0.0.1 1 2\r\n" + GET)
                self.assertEqual(client.reply().status, 200)
                seen = len(server.requests)
                self.reload(edge, self.branch(server, listen, trust))
                try:
                    client.send(GET)
                    self.assertNotEqual(client.reply().status, 200)
                except (Ended, OSError):
                    pass
                self.assertEqual(len(server.requests), seen)

    def test_an_open_connection_behind_a_proxy_header_that_counts_still(self):
        server = self.standin(Web)
        edge = self.start(self.branch(server, {"proxy_protocol": True}))
        with edge.connect("lan") as client:
            client.send(b"PROXY TCP4 203.0.113.5 127.0.0.1 1 2\r\n" + GET)
            self.assertEqual(client.reply().status, 200)
            self.reload(edge, self.branch(server, {"proxy_protocol": True}))
            client.send(GET)
            self.assertEqual(client.reply().status, 200)
        poll("the end of the connection", lambda: server.open <= 1)


BRINGS = b"X-Client-Version: 1.2\r\nX-Till: 7\r\n"
UNIT = "c8175fe2-5aba-460e-a492-5da487105394"


class Rules(Waiting):
    """What the newest settings say of the request itself: while its body is on its way, and while it waits in line."""

    def made(self, route=None, server=None, client=None, **top):
        made = self.settings({"pohoda": self.server}, [{"server": "pohoda", "clients": ["till"], **(route or {})}], admin={"address": "127.0.0.1:0"},
                             clients={"till": {"api_key_sha256": digest(KEY), **(client or {})}}, **top)
        made["servers"]["pohoda"] |= server or {}
        return made

    def head(self, extra=b"", path=b"/xml", login=b"STW-Authorization: Basic VXNlcjpw\r\n", length=len(BODY)):
        return b"POST " + path + b" HTTP/1.1\r\nHost: localhost\r\n" + login + b"X-Edge-Key: " + KEY.encode() + b"\r\n" + extra + b"Content-Length: %d\r\n" % length

    def metric(self, edge, name):
        text = edge.ask(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", "admin", tls=False).body.decode()
        return float(re.search(rf"^{name}\{{[^}}]*\}} (\S+)$", text, re.M)[1])

    def start_before_one(self, before):
        self.server = self.standin(MServer)
        self.server.users |= {b"User": (b"p", True), b"one": (b"a", True), b"other": (b"b", True)}
        return self.start(self.made(**before))

    def by_its_body(self, before, after, head, body):
        """Judged when the settings come, or when its body is there."""
        edge = self.start_before_one(before)
        client = self.waiting(edge, head=head)
        self.reload(edge, self.made(**after))
        try:
            client.send(body)
        except OSError:
            pass
        return client.reply("POST")

    def in_line(self, before, after, head, body):
        edge = self.start_before_one(before)
        self.server.turn(hold=True)
        first, client = edge.connect("lan"), edge.connect("lan")
        self.addCleanup(first.close)
        self.addCleanup(client.close)
        first.send(head + b"\r\n" + body)
        self.server.wait_for_requests(1)
        client.send(head + b"\r\n" + body)
        poll("the second in line", lambda: self.metric(edge, "ledgergate_turns_waiting") == 1)
        self.reload(edge, self.made(**after))
        self.server.release()
        self.assertIn(first.reply("POST").status, (200, 401), "it was at the server already")
        return client.reply("POST")

    def both(self, after, cause, before=None, extra=b"", body=BODY, **head):
        """`cause` of the refusal; None: it goes on. At the server there is what the newest settings let in, and nothing else."""
        head = self.head(extra, length=len(body), **head)
        for way, others in ((self.by_its_body, 0), (self.in_line, 1)):
            with self.subTest(way=way.__name__, after=after):
                reply = way(before or {}, after, head, body)
                seen = [r for r in self.server.requests if r.path != b"/status"][others:]
                if cause is None:
                    self.assertEqual((reply.status, len(seen)), (200, 1), reply)
                    continue
                self.assertIn(cause, reply.get("Proxy-Status"))
                self.assertNotEqual(reply.status, 200)
                self.assertIn("forwarded=no", reply.get("Proxy-Status").replace('"', ""))
                self.assertEqual(seen, [])
                if cause == "no_capacity":
                    self.assertEqual(reply.status, 503)
                    self.assertGreaterEqual(int(reply.get("Retry-After")), 1)

    def test_credentials_that_must_be_brought_now(self):
        self.both({"route": {"require_credentials": True}}, "credentials_missing", login=b"")
        self.both({"route": {"require_credentials": True}}, None)

    def test_a_body_that_is_too_large_now(self):
        for after in ({"route": {"body_limit": "64B"}}, {"server": {"body_limit": "64B"}}):
            self.both(after, "body_too_large")
        self.both({"route": {"body_limit": "1MiB"}}, None)

    def test_other_credentials_for_the_server(self):
        one, other = self.credentials("one:a"), self.credentials("other:b")
        for whose in ("server", "route", "client"):
            given = lambda file, whose=whose: {whose: {"credentials": {"pohoda": file} if whose == "client" else file}}
            self.both(given(one), "no_capacity")
            self.both({}, "no_capacity", given(one))
            self.both(given(other), "no_capacity", given(one))
            self.both(given(one), None, given(one))

    def test_other_fields_for_the_server(self):
        passes = {"route": {"request_headers": {"pass": ["X-Client-Version"]}}}
        self.both({}, "no_capacity", passes, extra=BRINGS)
        self.both(passes, "no_capacity", {}, extra=BRINGS)
        self.both({}, None, passes)
        removes = {"route": {"request_headers": {"remove": ["X-Till"]}}}
        self.both(removes, "no_capacity", extra=BRINGS)
        self.both(removes, None)
        self.both({"route": {"request_headers": {"set": {"X-Branch": "Brno"}}}}, "no_capacity")
        self.both({"route": {"host_header": "client"}}, "no_capacity")

    def test_another_path_at_the_server(self):
        before = {"route": {"path": "/books/xml", "rewrite_prefix": "/xml"}}
        self.both({"route": {"path": "/books/xml", "rewrite_prefix": "/documents/xml"}}, "method_not_allowed", before, path=b"/books/xml")
        self.both({"route": {"path": "/books/xml", "rewrite_prefix": "/XML"}}, "no_capacity", before, path=b"/books/xml")
        self.both({"route": {"path": "/books", "strip_prefix": True}}, None, before, path=b"/books/xml")

    def test_a_body_that_is_to_be_decoded_now(self):
        packed = gzip.compress(BODY)
        coded = b"Content-Encoding: gzip\r\n"
        self.both({"route": {"decompress_requests": True}}, "no_capacity", extra=coded, body=packed)
        self.both({}, "no_capacity", {"route": {"decompress_requests": True}}, extra=coded, body=packed)
        self.both({"route": {"decompress_requests": True}}, None)
        other = {"reply_headers": {"set": {"X-A": "b"}}}
        self.both({"route": {"decompress_requests": True, **other}}, None, {"route": {"decompress_requests": True}}, extra=coded, body=packed)
        self.both({"route": other}, None, extra=coded, body=packed)

    def test_a_server_that_is_closed_now(self):
        days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
        closed = [days[(datetime.datetime.now().weekday() + 3) % 7] + " 00:00-24:00"]
        self.both({"server": {"hours": closed}}, "server_closed")

    def test_what_changes_nothing_for_it(self):
        self.both({"route": {"reply_headers": {"set": {"X-A": "b"}}, "class": "bulk", "language": "cs", "mask_server_name": False, "limits": {"concurrent": 9}, "compress": True, "map_location": False},
                   "server": {"timeouts": {"reply": "5min"}, "queue": {"wait": "5min"}, "hold": "1h", "keep_idle": 1}, "client": {"class": "high", "limits": {"concurrent": 9}}}, None)

    def test_a_bare_status_that_is_waited_for(self):
        for after in ({"client": {"disabled": True}}, {"route": {"path": "/documents"}}):
            with self.subTest(after=after):
                self.server = self.standin(MServer, hold_status=True)
                edge = self.start(self.made())
                with edge.connect("lan") as client, edge.connect("lan") as other:
                    for each in (client, other):
                        each.send(b"GET /status HTTP/1.1\r\nHost: localhost\r\nX-Edge-Key: " + KEY.encode() + b"\r\n\r\n")
                    self.server.wait_for_status(1)
                    self.reload(edge, self.made(**after))
                    self.assertIn(client.reply().status, (403, 404))
                    self.server.release_status()
                    self.assertIn(other.reply().status, (403, 404))

    def test_a_unit_that_can_not_be_read(self):
        server = self.standin(ApiComPrem)

        def made(**own):
            made = self.settings({}, [{"server": "premier", "access": "anonymous"}])
            made["servers"] = {"premier": {"profile": "apicomprem", "url": server.url, "health": "off", **own}}
            return made

        body = b'{"command":{"inComm":"INFO","inParam":{"parameters":{}}}}'
        edge = self.start(made())
        client = self.waiting(edge, head=b"POST /api/comm HTTP/1.1\r\nHost: localhost\r\nID-UJ: {0xc8175fe2}\r\nContent-Length: %d\r\n" % len(body))
        self.reload(edge, made(units=[UNIT]))
        self.assertIn("unit_unknown", self.send_body(client, body).get("Proxy-Status"))
        self.assertEqual(server.requests, [])

    def test_each_key_of_the_schema_is_decided_on(self):
        schema = json.loads((SOURCE / "config" / "ledgergate.schema.json").read_text())
        told = {}
        for line in (SOURCE / "docs" / "reload.md").read_text().splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if len(cells) == 3 and cells[1].startswith("`"):
                self.assertRegex(cells[2], "^(judged|again|goes on)")
                told.setdefault(cells[0].strip("`"), []).extend(re.findall(r"`(\w+)`", cells[1]))
        sections = {"routes[]": "route", "clients{}": "client", "servers{}": "server", "listen[]": "listener"}
        known = {name: schema["$defs"][section]["properties"] for name, section in sections.items()}
        known["the file"] = set(schema["properties"]) - {"listen", "servers", "clients", "routes"}
        for name, keys in known.items():
            self.assertEqual(sorted(told[name]), sorted(keys), name)
