"""Connections and messages: keep-alive, pipelining, bodies in every framing, Expect, deadlines of the caller's side."""

import hashlib
import os
import unittest

from client import Ended
from harness import Story, config

from message import pattern_sha256
from mserver import MServer
from web import Web

H = b"Host: localhost\r\n"


def get(path=b"/", extra=b""):
    return b"GET " + path + b" HTTP/1.1\r\n" + H + extra + b"\r\n"


def chunked(body, size):
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


class Connections(Story):
    def test_many_requests_on_one_connection_use_one_upstream_connection(self):
        server, edge = self.front(Web)
        with edge.connect() as client:
            for _ in range(50):
                client.send(get())
                self.assertEqual(client.reply().body, b"hello")
        self.assertEqual(server.connections, 1)

    def test_pipelined_requests_are_answered_in_order(self):
        _, edge = self.front(Web)
        with edge.connect() as client:
            client.send(b"".join(get(b"/bytes/%d" % size) for size in (70000, 1, 3, 200000, 2)))
            for size in (70000, 1, 3, 200000, 2):
                self.assertEqual(len(client.reply().body), size)

    def test_pipelined_behind_a_body(self):
        _, edge = self.front(Web)
        with edge.connect() as client:
            post = b"POST /echo HTTP/1.1\r\n" + H + b"Content-Length: 5\r\n\r\nhello"
            client.send(post + get() + post)
            self.assertEqual([client.reply().body for _ in range(3)], [b"hello"] * 3)

    def test_a_request_byte_by_byte(self):
        server, edge = self.front(Web)
        with edge.connect("lan") as client:
            for byte in b"POST /echo HTTP/1.1\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"hello world", 4):
                client.send(bytes([byte]))
            self.assertEqual(client.reply().body, b"hello world")
        self.assertEqual(len(server.requests), 1)

    def test_a_half_closed_client_gets_its_reply(self):
        _, edge = self.front(Web)
        with edge.connect("lan") as client:
            client.send(get())
            client.half_close()
            self.assertEqual(client.reply().body, b"hello")
            self.assertEqual(client.end(), "closed")

    def test_an_idle_connection_closes_silently(self):
        server = self.standin(Web)
        edge = self.start(config(server, timeouts={"idle": "200ms", "head": "200ms"}))
        with edge.connect() as client:
            self.assertEqual(client.end(), "closed")
            self.assertEqual(client.received, 0)
        with edge.connect() as client:
            client.send(get())
            client.reply()
            self.assertEqual(client.end(), "closed")

    def test_a_bounded_number_of_requests_on_one_connection(self):
        server = self.standin(Web)
        edge = self.start(config(server, limits={"requests_per_connection": 3}))
        with edge.connect() as client:
            client.send(get() * 3)
            replies = [client.reply() for _ in range(3)]
            self.assertEqual([reply.get("Connection") for reply in replies], [None, None, "close"])
            self.assertEqual(client.end(), "closed")

    def test_head(self):
        _, edge = self.front(Web)
        with edge.connect() as client:
            client.send(b"HEAD /bytes/1000 HTTP/1.1\r\n" + H + b"\r\n" + get())
            self.assertEqual(client.reply("HEAD").get("Content-Length"), "1000")
            self.assertEqual(client.reply().body, b"hello")


class Bodies(Story):
    def test_sizes_around_every_buffer(self):
        server, edge = self.front(Web)
        with edge.connect() as client:
            for size in (0, 1, 1023, 16383, 16384, 16385, 65535, 65536, 65537, 262143, 262144, 262145, 1 << 20):
                body = os.urandom(size)
                for framing in (b"Content-Length: %d\r\n\r\n" % size + body, b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body, 5000)):
                    client.send(b"POST /sink HTTP/1.1\r\n" + H + framing)
                    self.assertEqual(client.reply().body.decode(), f"{size} {hashlib.sha256(body).hexdigest()}")
                client.send(get(b"/bytes/%d" % size) if size else get())
                reply = client.reply()
                if size:
                    self.assertEqual(hashlib.sha256(reply.body).hexdigest(), pattern_sha256(size))

    def test_a_chunked_body_reaches_mserver_with_its_length(self):
        server, edge = self.front(MServer, "mserver")
        body = b'<dat:dataPack id="1">' + os.urandom(700_000)
        head = b"POST /xml HTTP/1.1\r\n" + H + b"STW-Authorization: Basic QDo=\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.assertEqual(edge.ask(head + chunked(body, 4096)).status, 200)
        self.assertEqual(server.requests[0].get("Content-Length"), b"%d" % len(body))
        self.assertEqual(server.requests[0].all("Transfer-Encoding"), [])
        self.assertEqual(server.requests[0].body, body)

    def test_a_chunked_reply(self):
        _, edge = self.front(Web, knobs={"fault": "chunked"})
        reply = edge.ask(get(b"/bytes/300000"))
        self.assertTrue(reply.chunked)
        self.assertEqual(hashlib.sha256(reply.body).hexdigest(), pattern_sha256(300000))

    def test_a_reply_that_ends_with_its_connection(self):
        _, edge = self.front(Web, knobs={"fault": "until_close"})
        with edge.connect() as client:
            for _ in range(2):
                client.send(get(b"/bytes/300000"))
                reply = client.reply()
                self.assertTrue(reply.chunked, "the caller's connection need not end for it")
                self.assertEqual(len(reply.body), 300000)

    def test_a_body_beyond_the_limit_is_refused_whatever_its_framing(self):
        server = self.standin(Web)
        edge = self.start(config(server, route={"body_limit": 1000}))
        for framing in (b"Content-Length: 5000\r\n\r\n" + bytes(5000), b"Transfer-Encoding: chunked\r\n\r\n" + chunked(bytes(5000), 100)):
            self.assertEqual(edge.ask(b"POST /sink HTTP/1.1\r\n" + H + framing).status, 413)
        self.assertEqual(server.requests, [])

    def test_a_refusal_survives_the_body_that_still_comes(self):
        """The reply must not be lost to a reset because bytes were left unread."""
        server = self.standin(Web)
        edge = self.start(config(server, route={"body_limit": 1000}))
        for _ in range(20):
            with edge.connect("lan") as client:
                client.send(b"POST /sink HTTP/1.1\r\n" + H + b"Content-Length: 300000\r\n\r\n")
                client.send(bytes(300000))
                self.assertEqual(client.reply().status, 413)

    def test_a_caller_may_send_a_long_body_to_its_end_before_it_reads_the_refusal(self):
        server = self.standin(Web)
        edge = self.start(config(server, route={"body_limit": 1000}, timeouts={"linger": "20s"}))
        with edge.connect("lan") as client:
            client.send(b"POST /sink HTTP/1.1\r\n" + H + b"Content-Length: 25165824\r\n\r\n")
            for _ in range(24):
                client.send(bytes(1 << 20))
            self.assertEqual(client.reply().status, 413)

    def test_behind_the_refusal_of_a_small_body_the_connection_goes_on(self):
        server = self.standin(Web)
        edge = self.start(config(server, route={"path": "/app", "body_limit": 1000}))
        with edge.connect() as client:
            for path, body, status in ((b"/other", b"Content-Length: 5\r\n\r\nhello", 404),
                                       (b"/other", b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"hello", 2), 404),
                                       (b"/app", b"Content-Length: 2000\r\n\r\n" + bytes(2000), 413)):
                with self.subTest(path=path, body=body[:20]):
                    client.send(b"POST " + path + b" HTTP/1.1\r\n" + H + body)
                    reply = client.reply()
                    self.assertEqual((reply.status, reply.get("Connection")), (status, None))
            client.send(get(b"/app/"))
            self.assertEqual(client.reply().status, 200)


class Expect(Story):
    def test_100_comes_when_the_body_is_wanted(self):
        server, edge = self.front(Web)
        with edge.connect() as client:
            client.send(b"POST /echo HTTP/1.1\r\n" + H + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
            self.assertEqual(client.head().status, 100)
            client.send(b"hello")
            self.assertEqual(client.reply().body, b"hello")
        self.assertIsNone(server.requests[0].get("Expect"))

    def test_no_100_for_a_refusal(self):
        server = self.standin(Web)
        edge = self.start(config(server, route={"path": "/app", "body_limit": 4}))
        for path, status in ((b"/other", 404), (b"/app", 413)):
            with edge.connect() as client:
                client.send(b"POST " + path + b" HTTP/1.1\r\n" + H + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
                reply = client.reply()
                self.assertEqual((reply.status, reply.informational), (status, []))

    def test_no_100_when_the_server_is_off(self):
        server = Web()
        url = server.url
        server.stop()
        edge = self.start(config(url))
        with edge.connect() as client:
            client.send(b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
            reply = client.reply()
            self.assertEqual(reply.status, 502)

    def test_http_1_0_gets_no_100(self):
        _, edge = self.front(Web)
        with edge.connect() as client:
            client.send(b"POST /echo HTTP/1.0\r\n" + H + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello")
            reply = client.reply()
            self.assertEqual((reply.informational, reply.body), ([], b"hello"))


class SlowCallers(Story):
    def setUp(self):
        self.server = self.standin(Web)
        timeouts = {"head": "300ms", "idle": "20s"}
        rate = {"bytes_per_second": 500, "over": "500ms"}
        self.edge = self.start(config(self.server, timeouts=timeouts, body_rate=rate))

    def test_a_head_that_never_ends(self):
        with self.edge.connect() as client:
            client.send(b"GET / HTTP/1.1\r\nHost: loc")
            self.assert_refused(client.reply(), 408, "client_head_timeout")
            self.assertEqual(client.end(), "closed")

    def test_a_head_that_drips(self):
        with self.edge.connect() as client:
            client.send(b"GET / HTTP/1.1\r\n")
            client.sock.settimeout(0.05)
            with self.assertRaises((Ended, AssertionError, OSError)):
                for number in range(10_000):
                    client.send(b"X-%d: x\r\n" % number)
                    try:
                        if client.more():
                            raise Ended("closed")
                        raise AssertionError("answered")
                    except TimeoutError:
                        pass

    def test_a_body_that_stops(self):
        with self.edge.connect() as client:
            client.send(b"POST /sink HTTP/1.1\r\n" + H + b"Content-Length: 1000\r\n\r\nhello")
            self.assert_refused(client.reply(), 408, "client_body_timeout", "maybe|no")

    def assert_refused(self, reply, status, cause, forwarded="no"):
        self.assertEqual(reply.status, status)
        self.assertIn(cause, reply.get("Proxy-Status"))
        self.assertRegex(reply.get("Proxy-Status"), f"forwarded=({forwarded})")

    def test_a_body_for_mserver_that_stops_never_reaches_it(self):
        server = self.standin(MServer)
        rate = {"bytes_per_second": 500, "over": "500ms"}
        edge = self.start(config(server, "mserver", body_rate=rate))
        with edge.connect() as client:
            client.send(b"POST /xml HTTP/1.1\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            self.assert_refused(client.reply(), 408, "client_body_timeout")
        self.assertEqual(server.heads, 0)

    def test_a_handshake_that_stops(self):
        server = self.standin(Web)
        edge = self.start(config(server, timeouts={"handshake": "300ms"}))
        with edge.connect(tls=False) as client:
            client.send(b"\x16\x03\x01\x02\x00\x01")
            self.assertIn(client.end(), ("closed", "reset"))

    def test_a_reader_that_stops_is_cut_and_the_server_is_free_again(self):
        with self.edge.connect("lan", receive_buffer=4096) as client:
            client.send(get(b"/bytes/%d" % (64 << 20)))
            self.server.wait_for_requests(1)
            self.server.wait("end of the upload that nobody reads", lambda: self.server.in_flight == 0)
            client.sock.settimeout(30)
            with self.assertRaises(Ended) as raised:
                client.reply(keep=False)
            self.assertIn(raised.exception.how, ("closed", "reset", "cut"))


class HangUps(Story):
    def test_a_caller_who_hangs_up_ends_the_exchange(self):
        server, edge = self.front(Web, knobs={"hold": True})
        client = edge.connect()
        client.send(get())
        server.wait_for_requests(1)
        client.reset()
        line = edge.access_log(1)[0]
        self.assertIn("client_gone", str(line))
        server.release()
        server.wait_for_no_connection()
        self.assertEqual(edge.ask(get()).status, 200)

    def test_a_caller_who_hangs_up_inside_its_body(self):
        server, edge = self.front(MServer, "mserver")
        client = edge.connect()
        client.send(b"POST /xml HTTP/1.1\r\n" + H + b"Content-Length: 100000\r\n\r\n" + bytes(1000))
        client.reset()
        self.assertIn("client_gone", str(edge.access_log(1)[0]))
        self.assertEqual(len(server.requests), 0)

    def test_a_caller_who_hangs_up_inside_its_reply(self):
        server, edge = self.front(Web)
        client = edge.connect(receive_buffer=4096)
        client.send(get(b"/bytes/%d" % (256 << 20)))
        server.wait_for_requests(1)
        client.until(b"\r\n\r\n")
        client.reset()
        server.wait_for_no_connection()
        self.assertEqual(edge.ask(get()).status, 200)


class Surplus(Story):
    def test_a_connection_with_unasked_bytes_is_never_used_again(self):
        """Response smuggling: what a server says beyond its reply must not answer the next request."""
        server, edge = self.front(Web, knobs={"fault": "surplus", "times": 1})
        with edge.connect() as client:
            client.send(get())
            self.assertEqual(client.reply().body, b"hello")
            client.send(get())
            self.assertEqual(client.reply().body, b"hello")
        self.assertEqual(server.connections, 2)

    def test_unsolicited_bytes_on_an_idle_connection(self):
        server, edge = self.front(Web, knobs={"fault": "unsolicited", "times": 1})
        with edge.connect() as client:
            client.send(get())
            self.assertEqual(client.reply().body, b"hello")
            server.release()
            server.wait_for_no_connection()
            client.send(get())
            self.assertEqual(client.reply().body, b"hello")


if __name__ == "__main__":
    unittest.main()
