"""The administrator's own door."""

import re

from harness import Story, config, poll
from mserver import MServer
from web import Web

ASK = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
ADMIN = {"admin": {"address": "127.0.0.1:0"}}


def series(text):
    """name{labels} -> value."""
    return {name: float(value) for name, value in re.findall(r"^([a-z_]+(?:\{[^}]*\})?) (\S+)$", text, re.M)}


class Admin(Story):
    def metrics(self, edge):
        reply = edge.ask(ASK % b"/metrics", "admin", tls=False)
        self.assertEqual(reply.status, 200)
        self.assertIn("version=0.0.4", reply.get("Content-Type"))
        return series(reply.body.decode())

    def test_counts_requests_failures_and_bytes_by_route(self):
        server, edge = self.front(Web, route={"name": "shop"}, **ADMIN)
        for _ in range(3):
            self.assertEqual(edge.ask(ASK % b"/").body, b"hello")
        server.turn(fault="close")
        self.assertEqual(edge.ask(ASK % b"/").status, 502)
        # A request is counted when its reply is out, and its caller may be quicker than that.
        poll("the count of the last request", lambda: self.metrics(edge).get('ledgergate_requests_total{route="shop",status="5xx"}'))
        seen = self.metrics(edge)
        self.assertEqual(seen['ledgergate_requests_total{route="shop",status="2xx"}'], 3)
        self.assertEqual(seen['ledgergate_requests_total{route="shop",status="5xx"}'], 1)
        self.assertEqual(seen['ledgergate_failures_total{route="shop",side="upstream",cause="upstream_closed"}'], 1)
        self.assertGreaterEqual(seen['ledgergate_bytes_total{route="shop",direction="out"}'], 15)
        self.assertEqual(seen['ledgergate_request_seconds_count{route="shop"}'], 4)

    def test_tells_who_holds_and_who_waits_for_a_turn(self):
        server, edge = self.front(MServer, "mserver", **ADMIN)
        server.turn(hold=True)
        post = b"POST /xml HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx"
        with edge.connect() as first, edge.connect() as second:
            first.send(post)
            server.wait_for_heads(1)
            second.send(post)
            while self.metrics(edge)['ledgergate_turns_waiting{server="upstream"}'] != 1:
                pass
            self.assertEqual(self.metrics(edge)['ledgergate_turns_taken{server="upstream"}'], 1)
            server.release()
            first.reply()
            second.reply()

    def test_counts_go_on_across_a_reload(self):
        server = self.standin(Web)
        settings = config(server, route={"name": "shop"}, **ADMIN)
        edge = self.start(settings)
        edge.ask(ASK % b"/")
        edge.reload(settings)
        edge.ask(ASK % b"/")
        poll("the second count", lambda: self.metrics(edge).get('ledgergate_requests_total{route="shop",status="2xx"}') == 2)

    def test_is_well_and_has_nothing_else(self):
        server, edge = self.front(Web, **ADMIN)
        reply = edge.ask(ASK % b"/healthz", "admin", tls=False)
        self.assertEqual((reply.status, reply.body), (200, b"ok\n"))
        self.assertEqual(edge.ask(ASK % b"/", "admin", tls=False).status, 404, "no route is served here")
        self.assertEqual(edge.ask(b"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", "admin", tls=False).status, 405)
        self.assertEqual(server.heads, 0)
        self.assertEqual(edge.ask(ASK % b"/metrics").body, b"hello", "a route's own /metrics is the server's")


class Pages(Story):
    """Whoever reaches the door is the administrator, and so would be any page that the administrator's browser shows: under a name
    that its own DNS points here it could read what the door says (DNS rebinding)."""

    PATHS = (b"/metrics", b"/healthz", b"/bans", b"/", b"/nothing")
    PROGRAM = b"X-Ledgergate-Admin: 1\r\n"

    def say(self, edge, path, host, fields=b"", line=b"HTTP/1.1"):
        named = b"Host: " + host + b"\r\n" if host is not None else b""
        return edge.ask(b"GET " + path + b" " + line + b"\r\n" + named + fields + b"\r\n", "admin", tls=False)

    def test_a_page_reads_nothing_here(self):
        _, edge = self.front(Web, **ADMIN)
        strange = [b"rebound.example", b"rebound.example:80", b"127.0.0.1.rebound.example", b"localhost.rebound.example", b"xlocalhost",
                   b"http://rebound.example", b"127.1", b"2130706433", b"0x7f.1", b"edge.lan"]
        pages = [b"Origin: http://rebound.example\r\n", b"Origin: null\r\n", b"oRIGIN: http://localhost\r\n", b"Sec-Fetch-Site: cross-site\r\n",
                 b"Sec-Fetch-Site: same-site\r\n", b"sec-fetch-site: strange\r\n"]
        for path in self.PATHS:
            for host in strange:
                with self.subTest(path=path, host=host):
                    reply = self.say(edge, path, host, self.PROGRAM)
                    self.assert_refused(reply, 403, "forbidden")
                    self.assertNotIn(b"ledgergate_", reply.body)
            for page in pages:
                with self.subTest(path=path, page=page):
                    self.assert_refused(self.say(edge, path, b"localhost", self.PROGRAM + page), 403, "forbidden")

    def test_programs_come_by_address_by_localhost_and_without_a_name(self):
        _, edge = self.front(Web, **ADMIN)
        port = str(edge.ports["admin"]).encode()
        for host in (b"localhost", b"LOCALHOST:" + port, b"localhost.", b"127.0.0.1", b"127.0.0.1:" + port, b"[::1]", b"[::1]:9443", b"192.168.0.5:80",
                     b"http://localhost:9443"):
            for path, kind in ((b"/metrics", b"ledgergate_"), (b"/healthz", b"ok\n")):
                with self.subTest(host=host, path=path):
                    reply = self.say(edge, path, host)
                    self.assertEqual(reply.status, 200)
                    self.assertIn(kind, reply.body)
        # A browser always names a host; what checks the health of many by HTTP/1.0 does not.
        self.assertEqual(self.say(edge, b"/healthz", None, line=b"HTTP/1.0").status, 200)
        # An address typed into a browser is the administrator's wish; other pages of the door may be reached from one of its own.
        for site in (b"none", b"same-origin"):
            self.assertEqual(self.say(edge, b"/metrics", b"127.0.0.1:" + port, b"Sec-Fetch-Site: " + site + b"\r\n").status, 200)

    def test_the_door_has_the_names_that_the_settings_give_it(self):
        _, edge = self.front(Web, admin={"address": "127.0.0.1:0", "names": ["edge.lan", "Metrics"]})
        for host, status in ((b"edge.lan", 200), (b"EDGE.lan:9443", 200), (b"metrics", 200), (b"edge.lan.example", 403), (b"x.edge.lan", 403), (b"localhost", 200)):
            for path in (b"/metrics", b"/healthz", b"/bans"):
                with self.subTest(host=host, path=path):
                    self.assertEqual(self.say(edge, path, host, self.PROGRAM).status, status)
        self.assert_refused(self.say(edge, b"/bans", b"edge.lan"), 403, "forbidden")
        self.assert_refused(self.say(edge, b"/metrics", b"edge.lan", b"Origin: http://edge.lan\r\n"), 403, "forbidden")
