"""A server that does one thing at a time: turns, fairness, spooling, and a place that is not given on before the server is done."""

import select
import threading
import unittest

from client import Ended
from harness import PATIENCE, Story, config

from apicomprem import ApiComPrem
from mserver import MServer

H = b"Host: localhost\r\n"
AUTH = b"STW-Authorization: Basic QDo=\r\n"


def document(path=b"faktura.pdf", extra=b""):
    return b"GET /documents/" + path + b" HTTP/1.1\r\n" + H + AUTH + extra + b"\r\n"


def xml(body=b"<x/>", extra=b""):
    return b"POST /xml HTTP/1.1\r\n" + H + AUTH + extra + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Turns(Story):
    def front_mserver(self, knobs=None, **server):
        self.server = self.standin(MServer, **(knobs or {}))
        self.edge = self.start(config(self.server, "mserver", server=server))
        return self.server, self.edge

    def assert_never_two(self):
        self.assertEqual(self.server.counters()["overlapping_connections"], 0)
        self.assertEqual(self.server.counters()["overlapping_exchanges"], 0)

    def in_background(self, work):
        thread = threading.Thread(target=work)
        thread.start()
        self.addCleanup(thread.join, 60)
        return thread

    def test_never_two_at_once_over_workers_hang_ups_and_reloads(self):
        server, edge = self.front_mserver()
        stop = threading.Event()

        def flood(number):
            while not stop.is_set():
                with edge.connect("lan") as client:
                    for turn in range(5):
                        client.send(xml() if (number + turn) % 2 else document())
                        if turn == 3 and number % 3 == 0:
                            break  # hangs up
                        self.assertEqual(client.reply().status, 200)

        threads = [self.in_background(lambda n=n: flood(n)) for n in range(6)]
        for _ in range(3):
            asked = len(server.requests)
            server.wait("twenty more requests", lambda asked=asked: len(server.requests) >= asked + 20)
            edge.reload()
        stop.set()
        for thread in threads:
            thread.join(60)
        self.assert_never_two()

    def test_who_asks_seldom_is_served_next(self):
        server, edge = self.front_mserver(knobs={"delay": 0.02})
        stop = threading.Event()

        def flood():
            with edge.connect("lan") as client:
                while not stop.is_set():
                    client.send(document())
                    client.reply()

        threads = [self.in_background(flood) for _ in range(6)]
        server.wait_for_requests(30)
        self.addCleanup(stop.set)  # the last in is the first out: before the joins
        passed_by = []
        with edge.connect("lan") as till:
            for number in range(8):
                mark = b"till-%d" % number
                before = len(server.requests)
                till.send(document(extra=b"STW-Instance: " + mark + b"\r\n"))
                till.reply()
                served = next(i for i, r in enumerate(server.requests) if r.get("STW-Instance") in (mark, mark.decode()))
                passed_by.append(served - before)
                server.wait_for_requests(served + 12)
        stop.set()
        for thread in threads:
            thread.join(60)
        # All come from one address, and each flooder has its request waiting: still the till waits for what runs, and for no more
        # than one that was granted in the same moment. Its first time it is one of seven who have just begun.
        self.assertLessEqual(max(passed_by[1:]), 2, passed_by)
        self.assert_never_two()

    def test_a_slow_body_holds_no_place(self):
        _, edge = self.front_mserver()
        with edge.connect("lan") as slow, edge.connect("lan") as quick:
            slow.send(b"POST /xml HTTP/1.1\r\n" + H + AUTH + b"Content-Length: 10\r\n\r\n<x>")
            quick.send(xml())
            self.assertEqual(quick.reply().status, 200)
            slow.send(b"</x>   ")
            self.assertEqual(slow.reply().status, 200)

    def test_a_slow_reader_holds_no_place(self):
        server, edge = self.front_mserver()
        server.files["big.bin"] = ("application/octet-stream", bytes(40 << 20))
        with edge.connect("lan") as slow, edge.connect("lan") as quick:
            slow.send(document(b"big.bin"))
            head = slow.head()
            quick.send(document())
            self.assertEqual(quick.reply().status, 200)
            self.assertEqual(int(head.get("Content-Length")), 40 << 20)
            slow.exactly((40 << 20) - len(slow.buffer), keep=False)
        self.assert_never_two()

    def test_a_small_reply_that_breaks_is_a_clean_502(self):
        _, edge = self.front_mserver(knobs={"fault": "half_body"})
        reply = edge.ask(document(), "lan")
        self.assert_refused(reply, 502, "reply_truncated", "maybe")

    def test_too_many_waiting(self):
        server, edge = self.front_mserver(knobs={"hold": True}, queue={"depth": 1})
        with edge.connect("lan") as first, edge.connect("lan") as second, edge.connect("lan") as third:
            first.send(document())
            server.wait_for_requests(1)
            # Two for one place in line; which worker sees which of them first is open.
            second.send(document())
            third.send(document())
            refused = select.select([second.sock, third.sock], [], [], PATIENCE)[0][0]
            full, waiting = (second, third) if refused is second.sock else (third, second)
            edge_full = full.reply()
            self.assert_refused(edge_full, 503, "queue_full")
            self.assertGreaterEqual(int(edge_full.get("Retry-After")), 1)
            server.release()
            self.assertEqual(first.reply().status, 200)
            self.assertEqual(waiting.reply().status, 200)

    def test_a_turn_that_does_not_come(self):
        server, edge = self.front_mserver(knobs={"hold": True}, queue={"wait": "200ms"})
        with edge.connect("lan") as first:
            first.send(document())
            server.wait_for_requests(1)
            self.assert_refused(edge.ask(xml(), "lan"), 503, "queue_timeout")
            server.release()
            self.assertEqual(first.reply().status, 200)
        self.assertEqual(len(server.requests), 1)

    def test_who_hangs_up_in_line_never_reaches_the_server(self):
        server, edge = self.front_mserver(knobs={"hold": True})
        with edge.connect("lan") as first:
            first.send(document())
            server.wait_for_requests(1)
            with edge.connect("lan") as impatient:
                impatient.send(xml())
            left = edge.access_log(1)[0]
            self.assertEqual((left["cause"], left["forwarded"]), ("client_gone", "no"))
            server.release()
            self.assertEqual(first.reply().status, 200)
            self.assertEqual(edge.ask(document(), "lan").status, 200)
        self.assertEqual([r.method for r in server.requests], ["GET", "GET"])

    def test_a_place_is_kept_behind_a_timeout_until_the_server_is_done(self):
        server, edge = self.front_mserver(knobs={"hold": True}, timeouts={"reply": "300ms"})
        self.assert_refused(edge.ask(xml(), "lan"), 504, "reply_timeout", "maybe")
        with edge.connect("lan") as next_one:
            next_one.send(document())
            self.assertNotIn(b"/documents/faktura.pdf", self.paths(server))
            server.release()
            self.assertEqual(next_one.reply().status, 200)
        said = edge.said.wait(r"server upstream: a place was held for \d+ ms.*: it answered in the end request=")
        self.assertEqual(said.split("request=")[1], edge.access_log(1)[0]["id"])
        self.assertEqual(server.counters()["overlapping_exchanges"], 0)

    @staticmethod
    def paths(server):
        return [request.path for request in server.requests]

    def test_a_place_is_kept_behind_an_early_close_until_the_server_is_seen_idle_twice(self):
        script = ["working", "idle", {"state": "idle", "processing": 1}, "idle", {"body": "status: idle; processing: 0"}]
        server, edge = self.front_mserver(knobs={"fault": "close", "times": 1, "script": script})
        self.assert_refused(edge.ask(xml(), "lan"), 502, "upstream_closed", "maybe")
        self.assertEqual(edge.ask(document(), "lan").status, 200)
        self.assertEqual(self.paths(server), [b"/status"] * 5 + [b"/documents/faktura.pdf"])
        edge.said.wait(r"server upstream: a place was held for \d{4,} ms.*: it was seen idle twice")

    def test_a_place_is_kept_behind_half_a_reply(self):
        server, edge = self.front_mserver(knobs={"fault": "half_body", "times": 1, "script": ["idle", {"status": 500}, "idle"]})
        self.assert_refused(edge.ask(document(), "lan"), 502, "reply_truncated", "maybe")
        self.assertEqual(edge.ask(document(), "lan").status, 200)
        self.assertEqual(self.paths(server), [b"/documents/faktura.pdf"] + [b"/status"] * 4 + [b"/documents/faktura.pdf"])
        self.assertEqual(server.counters()["overlapping_exchanges"], 0)

    def test_a_server_that_never_answers_and_is_idle_gives_the_place_back(self):
        server, edge = self.front_mserver(knobs={"fault": "hang", "times": 1}, timeouts={"reply": "200ms"})
        self.assert_refused(edge.ask(xml(), "lan"), 504, "reply_timeout", "maybe")
        self.assertEqual(edge.ask(document(), "lan").status, 200)
        edge.said.wait(r"a place was held for \d{4,} ms.*: it was seen idle twice")

    def test_a_server_that_is_gone_gives_the_place_back(self):
        # A tenth of `hold`, and three refusals at least.
        server, edge = self.front_mserver(knobs={"fault": "hang", "times": 1}, hold="20s", health="off")
        with edge.connect("lan") as client:
            client.send(xml())
            server.wait_for_requests(1)
            server.stop()
            self.assert_refused(client.reply(), 502, "upstream_closed", "maybe")
        self.assert_refused(edge.ask(document(), "lan"), 502, "connect_refused")
        edge.said.wait(r"a place was held for \d{4,} ms.*: it is gone")

    def refuses_for_a_while(self, fault, cause, status, **server_settings):
        """The server lives, and refuses connections: what Windows does while the backlog is full. Long enough for three questions."""
        server, edge = self.front_mserver(knobs={"fault": fault, "times": 1}, queue={"wait": "5s"}, health="off", hold="10min", **server_settings)
        with edge.connect("lan") as client:
            client.send(xml())
            server.wait_for_requests(1)
            server.stop_listening()
            self.assert_refused(client.reply(), status, cause, "maybe")
        self.assert_refused(edge.ask(document(), "lan"), 503, "queue_timeout")
        self.assertNotIn("a place was held", edge.said.text)

    def test_a_server_that_refuses_while_it_keeps_the_connection_keeps_the_place(self):
        self.refuses_for_a_while("hang", "reply_timeout", 504, timeouts={"reply": "1s"})

    def test_a_server_that_refuses_for_a_while_behind_an_early_close_keeps_the_place(self):
        self.refuses_for_a_while("half_body", "reply_truncated", 502)

    def test_a_place_is_held_no_longer_than_hold(self):
        server, edge = self.front_mserver(knobs={"fault": "close", "times": 1, "state": "working"}, hold="300ms")
        self.assert_refused(edge.ask(xml(), "lan"), 502, "upstream_closed", "maybe")
        self.assertEqual(edge.ask(document(), "lan").status, 200)
        self.assertIn("error", edge.said.wait(r"a place was held for \d+ ms.*: `hold` is over"))

    def test_a_drain_ends_with_a_place_that_is_held(self):
        server = self.standin(MServer, fault="close", state="working")
        edge = self.start(config(server, "mserver", timeouts={"drain": "200ms"}))
        self.assert_refused(edge.ask(xml(), "lan"), 502, "upstream_closed", "maybe")
        edge.stop()
        edge.said.wait(r"a place was held for \d+ ms.*: the edge ends")
        self.assertNotIn("does not end", edge.said.text)

    def test_a_reply_that_stands_still_when_the_drain_is_over(self):
        server = self.standin(MServer, fault="stall")
        edge = self.start(config(server, "mserver", timeouts={"drain": "200ms"}))
        with edge.connect("lan") as client:
            client.send(document())
            server.wait_for_requests(1)
            edge.stop()
        self.assertNotIn("does not end", edge.said.text)

    def test_a_body_that_breaks_off_on_its_way_keeps_the_place_until_the_server_is_idle(self):
        server = self.standin(MServer)
        edge = self.start(config(server, "mserver", route={"spool": "off"}))
        with edge.connect("lan") as client:
            client.send(b"POST /xml HTTP/1.1\r\n" + H + AUTH + b"Content-Length: 10\r\n\r\n<x>")
            server.wait_for_heads(1)
            client.reset()
        self.assertEqual(edge.ask(document(), "lan").status, 200)
        self.assertEqual(self.paths(server), [b"/status", b"/status", b"/documents/faktura.pdf"])

    def test_an_apicomprem_that_closes_early_is_not_asked(self):
        server = self.standin(ApiComPrem, fault="close", times=1)
        edge = self.start(config(server, "apicomprem"))
        info = b'{"command":{"inComm":"INFO","inParam":{"parameters":{}}}}'
        head = b"POST /api/comm HTTP/1.1\r\n" + H + b"ID-UJ: c8175fe2-5aba-460e-a492-5da487105394\r\n"
        ask = head + b"Content-Length: %d\r\n\r\n" % len(info) + info
        self.assert_refused(edge.ask(ask, "lan"), 502, "upstream_closed", "maybe")
        self.assertEqual(edge.ask(ask, "lan").status, 200)
        self.assertEqual((server.heads, server.counters()["overlapping_connections"]), (2, 0))


if __name__ == "__main__":
    unittest.main()
