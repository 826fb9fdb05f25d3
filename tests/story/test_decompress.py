"""Request bodies that come compressed, for a server that can't decode them: decoded at the edge, within bounds, or refused."""

import gzip
import random
import unittest
import zlib

from harness import Story, config

from mserver import MServer, stock_reply
from texts import text
from web import Web

H = b"Host: localhost\r\n"
XML = text("stock-request.xml")


def raw_deflate(data):
    machine = zlib.compressobj(wbits=-15)
    return machine.compress(data) + machine.flush()


def post(body, coding=b"gzip", extra=b"", path=b"/echo"):
    said = b"Content-Encoding: " + coding + b"\r\n" if coding else b""
    return b"POST " + path + b" HTTP/1.1\r\n" + H + said + extra + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(body, size, coding=b"gzip"):
    head = b"POST /echo HTTP/1.1\r\n" + H + b"Content-Encoding: " + coding + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


class Decompressing(Story):
    def front_web(self, decompress=True, kind=Web, profile="http", **route):
        self.server = self.standin(kind)
        return self.start(config(self.server, profile, route={"decompress_requests": decompress, **route}))

    def assert_arrived(self, body):
        request = self.server.requests[-1]
        self.assertEqual(request.body_length, len(body))
        if request.body:
            self.assertTrue(request.body == body)
        self.assertEqual(request.all("Content-Encoding"), [])
        self.assertEqual(request.all("Transfer-Encoding"), [])
        self.assertEqual(request.all("Content-Length"), [b"%d" % len(body)])

    def test_the_server_gets_the_plain_body_with_its_length(self):
        edge = self.front_web()
        for coding, coded in (
            (b"gzip", gzip.compress(XML)),
            (b"X-Gzip", gzip.compress(XML)),
            (b"deflate", zlib.compress(XML)),
            (b"deflate", raw_deflate(XML)),  # what old .NET means by it
            (b"identity, gzip", gzip.compress(XML)),
        ):
            reply = edge.ask(post(coded, coding))
            self.assertEqual((reply.status, reply.body), (200, XML), coding)
            self.assert_arrived(XML)

    def test_in_chunks_of_any_size(self):
        edge = self.front_web()
        for size in (1, 7, 100_000):
            self.assertEqual(edge.ask(chunked(gzip.compress(XML), size)).body, XML)
            self.assert_arrived(XML)

    def test_a_large_body_goes_through_the_spools_file(self):
        edge = self.front_web()
        large = random.Random(2).randbytes(2 << 20).hex().encode()
        reply = edge.ask(chunked(gzip.compress(large, 1), 50_000).replace(b"/echo", b"/sink", 1))
        self.assertTrue(reply.body.startswith(b"%d " % len(large)))
        self.assertEqual(self.server.requests[-1].all("Content-Length"), [b"%d" % len(large)])

    def test_what_described_the_coded_bytes_is_dropped(self):
        edge = self.front_web()
        edge.ask(post(gzip.compress(XML), extra=b"Content-MD5: x\r\nDigest: a=b\r\nContent-Digest: a=:b:\r\nRepr-Digest: a=:b:\r\nX-Kept: yes\r\n"))
        request = self.server.requests[-1]
        for name in ("Content-MD5", "Digest", "Content-Digest", "Repr-Digest"):
            self.assertEqual(request.all(name), [], name)
        self.assertEqual(request.get("X-Kept"), b"yes")

    def test_a_plain_or_empty_body_is_left_alone(self):
        edge = self.front_web()
        self.assertEqual(edge.ask(post(XML, b"")).body, XML)
        self.assertEqual(edge.ask(post(XML, b"identity")).body, XML)
        self.assertEqual(edge.ask(post(b"")).status, 200)
        self.assert_arrived(b"")

    def test_an_unknown_coding_is_refused_before_the_body_is_sent(self):
        edge = self.front_web()
        for coding in (b"br", b"zstd", b"gzip, gzip", b"gzip\r\nContent-Encoding: deflate"):
            reply = edge.ask(b"POST /echo HTTP/1.1\r\n" + H + b"Expect: 100-continue\r\nContent-Encoding: " + coding + b"\r\nContent-Length: 100\r\n\r\n")
            self.assert_refused(reply, 415, "unsupported_coding")
            self.assertEqual(reply.all("Accept-Encoding"), ["gzip, deflate"])
            self.assertEqual(reply.informational, [])
        self.assertEqual(self.server.requests, [])

    def test_damaged_bodies_never_reach_the_server(self):
        edge = self.front_web()
        good = gzip.compress(XML)
        for coding, bad in (
            (b"gzip", good[:-1]),  # the trailer is cut
            (b"gzip", good[: len(good) // 2]),
            (b"gzip", good + b"x"),
            (b"gzip", good + good),
            (b"gzip", good[:-8] + bytes([good[-8] ^ 1]) + good[-7:]),  # another checksum
            (b"gzip", XML),
            (b"gzip", zlib.compress(XML)),
            (b"deflate", good),
            (b"deflate", zlib.compress(XML)[:-1]),
        ):
            self.assert_refused(edge.ask(post(bad, coding)), 400, "body_unreadable")
            self.assert_refused(edge.ask(chunked(bad, 100, coding)), 400, "body_unreadable")
        self.assertEqual(self.server.requests, [])

    def test_the_limit_holds_for_what_comes_out(self):
        edge = self.front_web(body_limit="10KiB")
        fits, too_large = b"x" * (10 << 10), b"x" * (10 << 10 | 1)
        self.assertEqual(edge.ask(post(gzip.compress(fits))).body, fits)
        self.assert_refused(edge.ask(post(gzip.compress(too_large))), 413, "body_too_large")
        self.assertEqual(len(self.server.requests), 1)

    def test_a_bomb_is_refused_whatever_the_limit(self):
        edge = self.front_web()
        self.assert_refused(edge.ask(post(gzip.compress(bytes(64 << 20)))), 413, "body_too_large")
        self.assertEqual(self.server.requests, [])

    def test_a_route_that_does_not_say_so_passes_the_bytes_on(self):
        edge = self.front_web(decompress=False)
        coded = gzip.compress(XML)
        self.assertEqual(edge.ask(post(coded)).body, coded)
        self.assertEqual(self.server.requests[-1].get("Content-Encoding"), b"gzip")
        self.assertEqual(edge.ask(post(coded, b"br")).status, 200)

    def test_before_a_one_slot_server(self):
        edge = self.front_web(kind=MServer, profile="mserver")
        reply = edge.ask(post(gzip.compress(XML), extra=b"STW-Authorization: Basic QDo=\r\n", path=b"/xml"))
        self.assertEqual((reply.status, reply.body), (200, stock_reply()))
        self.assert_arrived(XML)

    def test_rules_read_what_the_server_will_read(self):
        edge = self.front_web(kind=MServer, profile="mserver", operations=["listStock*"])
        other = XML.replace(b"listStockRequest", b"listOrderRequest")
        ask = {"extra": b"STW-Authorization: Basic QDo=\r\n", "path": b"/xml"}
        self.assertEqual(edge.ask(post(gzip.compress(XML), **ask)).status, 200)
        self.assert_refused(edge.ask(post(gzip.compress(other), **ask)), 403, "operation_denied")
        self.assertEqual([request.body for request in self.server.requests if request.path == b"/xml"], [XML])

    def test_the_log_counts_what_came(self):
        edge = self.front_web()
        coded = gzip.compress(XML)
        edge.ask(post(coded))
        self.assertEqual(edge.access_log(1)[0]["bytes_in"], len(coded))


if __name__ == "__main__":
    unittest.main()
