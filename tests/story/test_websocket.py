"""WebSocket through the edge: only where the route says so, only behind a 101 that proves itself, and then both ways."""

import fcntl
import hashlib
import itertools
import json
import struct
import termios
import unittest

from client import Ended
from harness import Story, config, poll

from message import pattern_sha256
from web import Web
from websocket import WebSocket, accept

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="


def handshake(path=b"/ws", extra=b"", connection=b"keep-alive, Upgrade", upgrade=b"websocket"):
    return (
        b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: " + connection + b"\r\nUpgrade: " + upgrade + b"\r\n"
        b"Sec-WebSocket-Key: " + KEY + b"\r\nSec-WebSocket-Version: 13\r\nOrigin: https://localhost\r\n" + extra + b"\r\n"
    )


def waiting_bytes(sock):
    return struct.unpack("i", fcntl.ioctl(sock, termios.FIONREAD, bytes(4)))[0]


class WebSockets(Story):
    def through(self, knobs=None, listener="internet", route=None, **server):
        """An open tunnel: the server, the edge, the client."""
        server_, edge = self.front(WebSocket, "onec", knobs, route={"websocket": True, **(route or {})}, server=server)
        client = edge.connect(listener)
        self.addCleanup(client.close)
        client.send(handshake())
        reply = client.reply()
        self.assertEqual(reply.status, 101)
        return server_, edge, client

    # the handshake ------------------------------------------------------------------------------------------------------------

    def test_goes_through_with_just_its_own_headers(self):
        server, edge = self.front(WebSocket, "onec", route={"websocket": True})
        with edge.connect() as client:
            client.send(handshake(extra=b"Sec-WebSocket-Protocol: chat\r\nCookie: vrs=1\r\nTE: trailers\r\nKeep-Alive: 5\r\n"))
            reply = client.reply()
            self.assertEqual(reply.status, 101)
            self.assertEqual(reply.all("Connection"), ["Upgrade"])
            self.assertEqual(reply.all("Upgrade"), ["websocket"])
            self.assertEqual(reply.all("Sec-WebSocket-Accept"), [accept(KEY).decode()])
            self.assertEqual(reply.all("Sec-WebSocket-Protocol"), ["chat"])
            self.assertEqual(reply.all("Set-Cookie"), ["ws=1"])
            for name in ("Content-Length", "Transfer-Encoding"):
                self.assertEqual(reply.all(name), [])
            client.send(b"\x81\x85hello")
            self.assertEqual(client.exactly(7), b"\x81\x85hello")
        request = server.requests[-1]
        self.assertEqual(request.all("Connection"), [b"Upgrade"])
        self.assertEqual(request.all("Upgrade"), [b"websocket"])
        self.assertEqual(request.all("Sec-WebSocket-Key"), [KEY])
        self.assertEqual(request.all("Cookie"), [b"vrs=1"])
        self.assertEqual(request.all("TE") + request.all("Keep-Alive"), [])

    def test_without_the_routes_word_it_is_a_plain_request(self):
        server, edge = self.front(Web, "onec")
        self.assertEqual(edge.ask(handshake(b"/head")).status, 200)
        request = server.requests[-1]
        self.assertEqual(request.all("Upgrade") + request.all("Connection"), [])

    def test_h2c_is_never_forwarded(self):
        for route in ({}, {"websocket": True}):
            server, edge = self.front(Web, "onec", route=route)
            with edge.connect() as client:
                client.send(handshake(b"/head", b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n", b"Upgrade, HTTP2-Settings", b"h2c"))
                self.assertEqual(client.reply().status, 200)
                client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")  # still HTTP/1.1
                self.assertEqual(client.reply().status, 200)
            self.assertNotIn(b"h2c", server.requests[0].head.lower())
            self.assertNotIn(b"http2-settings", server.requests[0].head.lower())
            self.assertEqual(server.requests[0].all("Upgrade"), [])

    def test_a_handshake_may_say_that_no_content_comes(self):
        server, edge = self.front(WebSocket, "onec", route={"websocket": True})
        for value in (b"0", b"00"):
            with edge.connect() as client:
                client.send(handshake(extra=b"Content-Length: " + value + b"\r\n"))
                self.assertEqual(client.reply().status, 101)
        with edge.connect() as client:
            client.send(handshake(extra=b"Content-Length: 1\r\n") + b"x")
            self.assert_refused(client.reply(), 400, "bad_request")

    def test_half_a_handshake_is_refused(self):
        server, edge = self.front(WebSocket, "onec", route={"websocket": True})
        for broken in (
            handshake().replace(b"Sec-WebSocket-Key: " + KEY + b"\r\n", b""),
            handshake().replace(b"Sec-WebSocket-Version: 13\r\n", b""),
            handshake().replace(b"GET", b"POST"),
            handshake(extra=b"Sec-WebSocket-Key: " + KEY + b"\r\n"),
            handshake(extra=b"Content-Length: 3\r\n") + b"abc",
        ):
            self.assert_refused(edge.ask(broken), 400, "bad_request")
        self.assertEqual(server.heads, 0)

    def test_a_101_that_proves_nothing_is_502(self):
        server, edge = self.front(WebSocket, "onec", route={"websocket": True})
        good = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept(KEY) + b"\r\n\r\n"
        for answer in (
            good.replace(accept(KEY), accept(b"x")),
            good.replace(b"Sec-WebSocket-Accept", b"Sec-WebSocket-Except"),
            good.replace(b"Upgrade: websocket", b"Upgrade: h2c"),
            good.replace(b"Connection: Upgrade", b"Connection: close"),
            # A body that a reader of framing would see.
            good.replace(b"\r\n\r\n", b"\r\nContent-Length: 7\r\n\r\n"),
            good.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ):
            server.turn(answer=answer + b"\x81\x05frame")
            reply = edge.ask(handshake())
            self.assert_refused(reply, 502, "upgrade_failed", "maybe")
            self.assertNotIn(b"frame", reply.body)

    def test_any_other_answer_is_relayed_and_the_connection_goes_on(self):
        server, edge = self.front(WebSocket, "onec", route={"websocket": True})
        server.turn(answer=b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        with edge.connect() as client:
            for _ in range(2):
                client.send(handshake())
                reply = client.reply()
                self.assertEqual((reply.status, reply.body), (403, b"no"))

    def test_not_a_byte_goes_before_the_101(self):
        server, edge = self.front(WebSocket, "onec", {"hold": True}, route={"websocket": True})
        with edge.connect() as client:
            client.send(handshake() + b"too early")
            server.wait("the handshake", lambda: server.requests)
            server.release()
            self.assertEqual(client.reply().status, 101)
            self.assertEqual(client.exactly(9), b"too early")
        self.assertEqual(server.early, b"")

    # the tunnel ---------------------------------------------------------------------------------------------------------------

    def test_bytes_go_both_ways_and_are_counted(self):
        for listener in ("internet", "lan"):
            with self.subTest(listener=listener):
                server, edge, client = self.through(listener=listener)
                for size in (1, 70_000, 300_000, 5):
                    data = bytes(range(256)) * (size // 256 + 1)
                    client.send(data[:size])
                    self.assertEqual(client.exactly(size), data[:size])
                client.half_close() if listener == "lan" else client.close()
                line = edge.access_log(1)[0]
                self.assertEqual((line["status"], line["bytes_in"], line["bytes_out"]), (101, 370_006, 370_006))
                self.assertEqual(server.ends, ["end"])

    def test_one_sides_end_goes_on_and_the_other_may_still_speak(self):
        server, edge, client = self.through({"mode": "last_word"}, "lan")
        client.send(b"x" * 1000)
        client.half_close()
        self.assertEqual(client.exactly(10), b"1000 bytes")
        self.assertEqual(client.end(), "closed")
        self.assertNotIn("cause", {key for key, value in edge.access_log(1)[0].items() if value})

    def test_the_servers_end_reaches_the_caller(self):
        server, edge, client = self.through({"mode": "push", "bytes": 3_000_000})
        digest = hashlib.sha256(client.exactly(3_000_000)).hexdigest()
        self.assertEqual(digest, pattern_sha256(3_000_000))

    def test_a_break_is_seen_on_the_other_side(self):
        server, edge, client = self.through({"mode": "break"})
        server.release()
        with self.assertRaises(Ended) as ended:
            client.exactly(1)
        self.assertIn(ended.exception.how, ("reset", "cut"))

        server, edge, client = self.through(listener="lan")
        client.reset()
        server.wait("the break", lambda: server.ends)
        self.assertEqual(server.ends, ["break"])
        self.assertEqual(edge.access_log(1)[0]["cause"], "client_gone")

    def test_a_caller_that_breaks_behind_the_servers_end_ends_it(self):
        for listener, unread, says in itertools.product(("lan", "internet"), (0, 3000), (b"", b"x" * 100)):
            with self.subTest(listener=listener, unread=unread, says=says):
                knobs = {"mode": "end_first", "bytes": unread}
                server, edge = self.front(WebSocket, "onec", knobs, route={"websocket": True}, workers=1)
                with edge.connect(listener) as client:
                    client.send(handshake())
                    self.assertEqual(client.reply().status, 101)
                    if unread:
                        poll("what it does not read", lambda client=client: waiting_bytes(client.sock) + len(client.buffer) >= unread)
                    else:
                        self.assertIn(client.more(), ("closed", "cut"))
                    if says:
                        client.send(says)
                    client.reset()
                    server.wait("the end", lambda server=server: server.ends)
                self.assertEqual(edge.access_log(1)[0]["status"], 101)
                self.assertEqual(edge.ask(b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n", "lan").status, 426)
                edge.stop()

    def test_a_server_that_takes_nothing_stops_the_caller(self):
        server, edge, client = self.through({"mode": "deaf"}, "lan")
        client.sock.settimeout(1.0)
        sent = 0
        try:
            while sent < 256 << 20:
                sent += client.sock.send(b"x" * 65536)
        except TimeoutError:
            pass
        self.assertLess(sent, 64 << 20, "somebody holds all that")
        client.sock.settimeout(30)
        server.release()
        server.wait("all of it", lambda: server.tunnelled == sent)

    def test_silence_ends_it(self):
        server, edge, client = self.through(timeouts={"tunnel": "200ms"})
        self.assertEqual(client.end(), "closed")
        server.wait("the end", lambda: server.ends)
        self.assertEqual(edge.access_log(1)[0]["status"], 101)

    def test_where_one_side_has_ended_the_other_must_not_stall(self):
        server, edge, client = self.through({"mode": "deaf"}, "lan", timeouts={"tunnel": "1h", "stall": "200ms"})
        client.half_close()
        self.assertEqual(client.end(), "closed")
        self.assertEqual(server.ends, [], "it is the edge that ended it")
        server.release()
        server.wait("the end", lambda: server.ends)

    def test_a_drain_ends_a_quiet_one_and_does_not_wait_for_its_time(self):
        server, edge, client = self.through()
        edge.terminate()
        self.assertEqual(client.end(), "closed")
        self.assertEqual(edge.wait_for_exit(), 0)

    def test_a_reload_leaves_it_alone(self):
        server, edge, client = self.through()
        edge.reload()
        client.send(b"still here")
        self.assertEqual(client.exactly(10), b"still here")

    def test_a_reload_that_publishes_it_no_longer_ends_it(self):
        server, edge, client = self.through(listener="lan")
        settings = json.loads(edge.file.read_text())
        del settings["routes"][0]["websocket"]
        edge.reload(settings)
        self.assertIn(client.end(), ("closed", "cut", "reset"))


if __name__ == "__main__":
    unittest.main()
