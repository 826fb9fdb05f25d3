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
        self.assertEqual(edge.ask(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "admin", tls=False).status, 405)
        self.assertEqual(server.heads, 0)
        self.assertEqual(edge.ask(ASK % b"/metrics").body, b"hello", "a route's own /metrics is the server's")
