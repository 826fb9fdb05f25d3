"""A listener that is full: who comes next may be anybody's till, so a stranger who does nothing, or nothing for long, makes room; nobody
who is known does."""

import secrets
import unittest

from client import Ended
from harness import Story, config, poll
from test_identity import digest

from web import Web

H = b"Host: localhost\r\n"
GET = b"GET /head HTTP/1.1\r\n" + H + b"\r\n"
NEWCOMERS = 64  # so many of the newest strangers are left alone (proxy/state/shedding.h)


class Full(Story):
    def begin(self, most, **knobs):
        self.key = secrets.token_urlsafe(32)
        self.server = self.standin(Web, **knobs)
        listen = [{"name": "lan", "address": "127.0.0.1:0", "tls": "off", "max_connections": most}]
        made = config(self.server, listen=listen, workers=1, clients={"till": {"api_key_sha256": digest(self.key)}}, admin={"address": "127.0.0.1:0"})
        made["routes"].append({"path": "/books", "server": "upstream", "clients": ["till"]})
        self.edge = self.start(made)

    def till(self):
        return b"GET /books/head HTTP/1.1\r\n" + H + b"X-Edge-Key: " + self.key.encode() + b"\r\n\r\n"

    def caller(self, request=None):
        client = self.edge.connect("lan")
        self.addCleanup(client.close)
        if request is not None:
            client.send(request)
        return client

    def served(self, request):
        client = self.caller(request)
        self.assertIn(client.reply().status, (200, 404))
        return client

    def assert_not_served(self, request):
        with self.assertRaises((Ended, OSError)):
            client = self.caller(request)
            client.reply()

    def goes_on(self, client, request):
        client.send(request)
        self.assertIn(client.reply().status, (200, 404))

    def shed(self):
        text = self.edge.ask(b"GET /metrics HTTP/1.1\r\n" + H + b"\r\n", "admin", tls=False).body.decode()
        return [line for line in text.splitlines() if line.startswith('ledgergate_connections_shed_total{caller="stranger"}')][0].split()[-1]

    def test_a_stranger_who_idles_makes_room_the_longest_first(self):
        self.begin(3)
        one, two, three = (self.served(GET) for _ in range(3))
        self.goes_on(one, GET)
        self.goes_on(three, GET)
        till = self.served(self.till())
        self.assertEqual(two.more(), "closed")
        self.assertEqual(self.shed(), "1")
        self.goes_on(till, self.till())
        self.goes_on(one, GET)
        self.served(GET)
        self.assertEqual(three.more(), "closed")
        self.goes_on(till, self.till())

    def test_who_is_known_stays(self):
        self.begin(3)
        known = [self.served(self.till()) for _ in range(2)]
        stranger = self.served(GET)
        self.served(GET)
        self.assertEqual(stranger.more(), "closed")
        for client in known:
            self.goes_on(client, self.till())

    def test_where_all_are_known_nobody_comes_in(self):
        self.begin(2)
        known = [self.served(self.till()) for _ in range(2)]
        for request in (GET, self.till()):
            self.assert_not_served(request)
        for client in known:
            self.goes_on(client, self.till())

    def test_the_newest_are_left_alone(self):
        self.begin(NEWCOMERS)
        slow = [self.caller(GET[:20]) for _ in range(NEWCOMERS)]
        self.assert_not_served(self.till())
        for client in slow:
            self.goes_on(client, GET[20:])

    def test_who_is_slow_with_a_head_makes_room_the_oldest_first(self):
        self.begin(NEWCOMERS + 4)
        slow = [self.caller(GET[:20]) for _ in range(NEWCOMERS + 4)]
        tills = [self.served(self.till()) for _ in range(3)]
        for client in slow[:3]:
            self.assertIn(client.end(), ("closed", "reset"))
        for client in slow[3:]:
            self.goes_on(client, GET[20:])
        for client in tills:
            self.goes_on(client, self.till())

    def test_who_is_in_a_request_makes_room_behind_those(self):
        self.begin(NEWCOMERS + 4, hold=True)
        asking = [self.caller(GET) for _ in range(NEWCOMERS + 3)]
        self.server.wait_for_requests(len(asking))
        slow = self.caller(GET[:20])
        poll("all of them", lambda: self.connections() == NEWCOMERS + 4)
        tills = [self.caller(self.till()) for _ in range(2)]
        self.server.wait_for_requests(len(asking) + 2)
        for client in asking[:2]:
            try:
                self.assertIn(client.reply().status, (500, 503))
            except Ended:
                pass
        self.server.release()
        for client in (*asking[2:], *tills):
            self.assertIn(client.reply().status, (200, 404))
        self.goes_on(slow, GET[20:])
        ended = [line for line in self.edge.access_log(len(asking) + 2) if line["status"] in (500, 503)]
        self.assertEqual([(line["side"], line["cause"], line["forwarded"]) for line in ended], [("edge", "internal", "maybe")] * 2)

    def connections(self):
        text = self.edge.ask(b"GET /metrics HTTP/1.1\r\n" + H + b"\r\n", "admin", tls=False).body.decode()
        return float([line for line in text.splitlines() if line.startswith('ledgergate_connections{listener="lan"}')][0].split()[-1])


if __name__ == "__main__":
    unittest.main()
