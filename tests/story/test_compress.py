"""Replies compressed for the internet side: who gets one, how it is framed, and that nothing broken ever looks whole."""

import gzip
import random
import shutil
import subprocess
import threading
import unittest
import zlib

from client import Ended
from harness import PATIENCE, Story, certificates, config

from message import Reply
from mserver import MServer, stock_reply
from raw import Raw
from standin import StandIn
from texts import text

H = b"Host: localhost\r\n"
GZIP = b"Accept-Encoding: gzip\r\n"
AUTH = b"STW-Authorization: Basic QDo=\r\n"


def rows(count, seed=5):
    """XML as an export has it: about 70 bytes a row, and a tenth of that compressed."""
    dice = random.Random(seed)
    return b"".join(
        b'<lStk:stock code="%06d" count="%d" price="%d.%02d"/>\r\n' % (dice.randrange(10**6), dice.randrange(100), dice.randrange(10**4), dice.randrange(100))
        for _ in range(count)
    )


SMALL = rows(300)  # held whole by the edge
LARGE = rows(20_000)  # beyond what is held


def get(path=b"/", extra=GZIP, version=b"1.1", method=b"GET"):
    return method + b" " + path + b" HTTP/" + version + b"\r\n" + H + extra + b"\r\n"


def inflated(body, coding="gzip"):
    """The decoded bytes, and whether the coded data is whole with nothing behind it."""
    machine = zlib.decompressobj(31 if coding == "gzip" else 15)
    out = machine.decompress(body) + machine.flush()
    return out, machine.eof and not machine.unused_data


class Pages(StandIn):
    """Answers each path with what `pages` holds for it: (fields, body), or a Reply."""

    name = "pages"

    def __init__(self, *arguments, **knobs):
        xml = [("Content-Type", "text/xml")]
        self.pages = {
            b"/small": (xml + [("ETag", '"v1"'), ("Accept-Ranges", "bytes"), ("Content-MD5", "x")], SMALL),
            b"/large": (xml + [("ETag", '"v2"')], LARGE),
            b"/short": (xml, SMALL[:500]),
            b"/noise": (xml, random.Random(1).randbytes(20_000)),
            b"/image": ([("Content-Type", "image/jpeg")], SMALL),
            b"/coded": (xml + [("Content-Encoding", "gzip")], gzip.compress(SMALL)),
            b"/as-it-is": (xml + [("Cache-Control", "no-transform")], SMALL),
        }
        super().__init__(*arguments, **knobs)

    def reply(self, request):
        if request.path == b"/part":
            return Reply(206, "Partial Content", [("Content-Type", "text/xml"), ("Content-Range", f"bytes 0-4999/{len(SMALL)}")], SMALL[:5000])
        if request.get("If-None-Match"):
            return Reply(304, "Not Modified", [("ETag", '"v1"')], no_length=True)
        fields, body = self.pages[request.path]
        return Reply(200, "OK", list(fields), body)


class Steps(StandIn):
    """Sends pieces one by one, each when the test says so; then cuts the connection, or sees that it ends well."""

    name = "steps"

    def __init__(self, *arguments, **knobs):
        self.pieces = []
        self.step = threading.Semaphore(0)
        super().__init__(*arguments, **knobs)

    def exchange(self, connection, request):
        connection.reader.body(request)
        for piece in self.pieces:
            if not self.step.acquire(timeout=PATIENCE):
                return False
            connection.send(piece)
        connection.finish()
        return False


class Compressing(Story):
    def front_pages(self, compress=True, kind=Pages, profile="http", knobs=None, **server):
        self.server = self.standin(kind, **(knobs or {}))
        self.edge = self.start(config(self.server, profile, route={"compress": compress}, server=server))
        return self.edge

    def assert_coded(self, reply, plain, coding="gzip"):
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.all("Content-Encoding"), [coding])
        self.assertEqual(reply.all("Vary"), ["Accept-Encoding"])
        self.assertLess(len(reply.body), len(plain))
        out, whole = inflated(reply.body, coding)
        self.assertTrue(whole)
        self.assertTrue(out == plain, "the decoded body is another one")

    def assert_plain(self, reply, plain, vary=True):
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.all("Content-Encoding"), [])
        self.assertEqual(reply.all("Vary"), ["Accept-Encoding"] if vary else [])
        self.assertTrue(reply.body == plain, "the body is another one")


class WhoGetsOne(Compressing):
    def test_a_small_reply_is_compressed_whole_and_keeps_a_length(self):
        edge = self.front_pages()
        reply = edge.ask(get(b"/small"))
        self.assert_coded(reply, SMALL)
        self.assertFalse(reply.chunked)
        self.assertEqual(reply.all("Content-Length"), [str(len(reply.body))])
        self.assertEqual(reply.all("ETag"), ['W/"v1"'])
        self.assertEqual(reply.all("Accept-Ranges") + reply.all("Content-MD5"), [])

    def test_deflate_means_zlibs_format(self):
        edge = self.front_pages()
        self.assert_coded(edge.ask(get(b"/small", b"Accept-Encoding: deflate\r\n")), SMALL, "deflate")
        self.assert_coded(edge.ask(get(b"/large", b"Accept-Encoding: deflate\r\n")), LARGE, "deflate")

    def test_who_does_not_ask_gets_the_servers_bytes_and_vary(self):
        edge = self.front_pages()
        for extra in (b"", b"Accept-Encoding: gzip;q=0\r\n", b"Accept-Encoding: br\r\n", b"Accept-Encoding: identity\r\n"):
            reply = edge.ask(get(b"/small", extra))
            self.assert_plain(reply, SMALL)
            self.assertEqual(reply.all("ETag"), ['"v1"'])
            self.assertEqual(reply.all("Accept-Ranges"), ["bytes"])
            self.assertEqual(reply.all("Content-Length"), [str(len(SMALL))])

    def test_a_large_reply_is_chunked_for_whom_knows_chunks(self):
        edge = self.front_pages()
        reply = edge.ask(get(b"/large"))
        self.assert_coded(reply, LARGE)
        self.assertTrue(reply.chunked)
        self.assertEqual(reply.all("ETag"), ['W/"v2"'])

    def test_a_large_reply_keeps_its_length_for_whom_may_not(self):
        edge = self.front_pages()
        for request in (get(b"/large", GZIP + b"Connection: close\r\n"), get(b"/large", version=b"1.0"), get(b"/large", GZIP + b"Connection: keep-alive\r\n", b"1.0")):
            reply = edge.ask(request)
            self.assert_plain(reply, LARGE)
            self.assertEqual(reply.all("Content-Length"), [str(len(LARGE))])

    def test_a_small_reply_suits_every_reader(self):
        edge = self.front_pages()
        for request in (get(b"/small", GZIP + b"Connection: close\r\n"), get(b"/small", version=b"1.0"), get(b"/small", GZIP + b"Connection: keep-alive\r\n", b"1.0")):
            reply = edge.ask(request)
            self.assert_coded(reply, SMALL)
            self.assertEqual(reply.all("Content-Length"), [str(len(reply.body))])

    def test_what_is_not_to_be_touched_is_not(self):
        edge = self.front_pages()
        for path in (b"/image", b"/short", b"/as-it-is"):
            self.assert_plain(edge.ask(get(path)), self.server.pages[path][1], vary=False)
        part = edge.ask(get(b"/part"))
        self.assertEqual((part.status, part.body, part.get("Content-Encoding")), (206, SMALL[:5000], None))
        coded = edge.ask(get(b"/coded"))
        self.assertEqual(coded.all("Content-Encoding"), ["gzip"])
        self.assertEqual(coded.body, self.server.pages[b"/coded"][1])

    def test_what_does_not_shrink_goes_as_it_is(self):
        edge = self.front_pages()
        self.assert_plain(edge.ask(get(b"/noise")), self.server.pages[b"/noise"][1])

    def test_nothing_happens_on_a_route_that_does_not_say_so(self):
        edge = self.front_pages(compress=False)
        self.assert_plain(edge.ask(get(b"/small")), SMALL, vary=False)

    def test_the_routes_own_types_level_and_least_size(self):
        edge = self.front_pages(compress={"level": 9, "types": ["image/jpeg"], "min": "1B"})
        self.assert_coded(edge.ask(get(b"/image")), SMALL)
        self.assert_plain(edge.ask(get(b"/small")), SMALL, vary=False)
        edge = self.front_pages(compress={"min": "100B"})
        self.assert_coded(edge.ask(get(b"/short")), SMALL[:500])

    def test_one_connection_carries_both_kinds(self):
        edge = self.front_pages()
        with edge.connect() as client:
            for _ in range(3):
                for path, plain in ((b"/large", LARGE), (b"/small", SMALL)):
                    client.send(get(path))
                    self.assert_coded(client.reply(), plain)
                    client.send(get(path, b""))
                    self.assert_plain(client.reply(), plain)
        self.assertEqual(self.server.connections, 1)

    def test_head_says_what_get_says(self):
        edge = self.front_pages()
        for path in (b"/small", b"/large", b"/short", b"/image", b"/coded"):
            for extra in (GZIP, b"", GZIP + b"Connection: close\r\n"):
                said = edge.ask(get(path, extra))
                head = edge.ask(get(path, extra, method=b"HEAD"), method="HEAD")
                for name in ("Content-Type", "Content-Encoding", "Vary", "ETag", "Accept-Ranges", "Content-MD5"):
                    self.assertEqual(head.all(name), said.all(name), f"{path} {extra} {name}")
                # Only compressing tells the length of what was compressed (RFC 9110 section 9.3.2 lets it out).
                self.assertEqual(head.all("Content-Length"), [] if said.get("Content-Encoding") and path != b"/coded" else said.all("Content-Length"))

    def test_not_modified_has_the_weak_tag(self):
        edge = self.front_pages()
        reply = edge.ask(get(b"/small", GZIP + b'If-None-Match: W/"v1"\r\n'))
        self.assertEqual((reply.status, reply.all("ETag"), reply.all("Vary")), (304, ['W/"v1"'], ["Accept-Encoding"]))
        self.assertEqual(reply.all("Content-Encoding"), [])
        self.assertEqual(self.server.requests[-1].get("If-None-Match"), b'W/"v1"')

    def test_curl_reads_it(self):
        if not shutil.which("curl"):
            self.skipTest("curl is not installed")
        edge = self.front_pages()
        for version in ("--http1.1", "--http1.0"):
            for path, plain in (("small", SMALL), ("large", LARGE)):
                command = ["curl", "-sS", "--noproxy", "*", "--cacert", certificates() / "ca.pem", version, "--compressed"]
                done = subprocess.run(command + [f"https://localhost:{edge.ports['internet']}/{path}"], stdout=subprocess.PIPE, timeout=PATIENCE, check=True)
                self.assertTrue(done.stdout == plain, f"{version} {path}")


class Streams(Compressing):
    CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"

    @staticmethod
    def chunk(data):
        return b"%x\r\n%s\r\n" % (len(data), data)

    def test_a_slow_reply_is_not_held_back(self):
        edge = self.front_pages(kind=Steps)
        lines = [b"row %d\n" % number for number in range(20)]
        self.server.pieces = [self.CHUNKED] + [self.chunk(line) for line in lines] + [b"0\r\n\r\n"]
        with edge.connect() as client:
            client.send(get())
            self.server.step.release()
            self.assertEqual(client.head().all("Content-Encoding"), ["gzip"])
            machine = zlib.decompressobj(31)
            for line in lines:
                self.server.step.release()
                seen = b""
                while seen != line:
                    size = int(client.until(b"\r\n"), 16)
                    seen += machine.decompress(client.exactly(size))
                    client.exactly(2)
                    self.assertTrue(line.startswith(seen))
            self.assertFalse(machine.eof)
            self.server.step.release()
            rest = b""
            while size := int(client.until(b"\r\n"), 16):
                rest += client.exactly(size)
                client.exactly(2)
            self.assertEqual(machine.decompress(rest), b"")
            self.assertTrue(machine.eof)

    def test_a_reply_that_ends_with_its_connection(self):
        edge = self.front_pages(kind=Steps)
        self.server.pieces = [b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n", LARGE]
        for request, coded in ((get(), True), (get(extra=GZIP + b"Connection: close\r\n"), False), (get(version=b"1.0"), False)):
            self.server.step.release(2)
            reply = edge.ask(request)
            (self.assert_coded if coded else self.assert_plain)(reply, LARGE)

    def test_a_truncated_reply_is_never_well_formed(self):
        half = LARGE[: len(LARGE) // 2]
        with_length = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(LARGE)
        edge = self.front_pages(kind=Steps)
        for head, body in ((with_length, half), (self.CHUNKED, self.chunk(half)), (self.CHUNKED, self.chunk(LARGE))):
            for listener in ("internet", "lan"):
                self.server.pieces = [head, body, b""]
                with edge.connect(listener) as client:
                    client.send(get())
                    self.server.step.release(2)
                    reply = client.head()
                    self.assertEqual(reply.all("Content-Encoding"), ["gzip"])
                    while not client.buffer:
                        self.assertEqual(client.more(), "")
                    self.server.step.release()
                    with self.assertRaises(Ended) as ended:
                        client._chunks(reply, True)
                self.assertIn(ended.exception.how, ("cut", "reset"))
                out, whole = inflated(reply.body + ended.exception.rest)
                self.assertFalse(whole)
                self.assertTrue(out and LARGE.startswith(out))
        self.assertEqual({line["cause"] for line in edge.access_log(6)}, {"reply_truncated"})

    def test_a_small_reply_that_breaks_is_a_clean_502(self):
        edge = self.front_pages(kind=Steps)
        self.server.pieces = [b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(SMALL), SMALL[:5000]]
        self.server.step.release(2)
        reply = edge.ask(get())
        self.assert_refused(reply, 502, "reply_truncated", "maybe")
        self.assertEqual(reply.all("Content-Encoding"), [])

    def test_a_caller_who_leaves_in_the_middle_harms_nobody(self):
        edge = self.front_pages()
        for _ in range(20):
            with edge.connect() as client:
                client.send(get(b"/large"))
                client.head()
                client.reset()
        self.assert_coded(edge.ask(get(b"/large")), LARGE)


class OneSlot(Compressing):
    def front_mserver(self, compress=True, knobs=None):
        self.front_pages(compress, MServer, "mserver", knobs)
        self.server.files["large.xml"] = ("text/xml", LARGE)
        self.server.files["small.xml"] = ("text/xml", SMALL)
        return self.edge

    @staticmethod
    def document(name, extra=GZIP, version=b"1.1"):
        return get(b"/documents/" + name, AUTH + extra, version)

    def test_the_vendors_exchange_comes_compressed_with_a_length(self):
        edge = self.front_mserver()
        body = text("stock-request.xml")
        ask = b"POST /xml HTTP/1.1\r\n" + H + AUTH + b"Accept-Encoding: gzip, deflate\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        reply = edge.ask(ask)
        self.assert_coded(reply, stock_reply())
        self.assertFalse(reply.chunked)
        # The server was asked for it too, and did not.
        self.assertEqual(self.server.requests[-1].get("Accept-Encoding"), b"gzip, deflate")

    def test_what_the_server_compressed_is_not_compressed_again(self):
        edge = self.front_mserver(knobs={"compress": True})
        body = text("stock-request.xml")
        ask = b"POST /xml HTTP/1.1\r\n" + H + AUTH + GZIP + b"Content-Length: %d\r\n\r\n" % len(body) + body
        reply = edge.ask(ask)
        self.assertEqual(reply.all("Content-Encoding"), ["gzip"])
        self.assertEqual(gzip.decompress(reply.body), stock_reply())

    def test_whatever_framing_the_server_chose(self):
        for fault in ("chunked", "until_close", None):
            edge = self.front_mserver(knobs={"fault": fault} if fault else None)
            reply = edge.ask(self.document(b"small.xml", version=b"1.0"))
            self.assert_coded(reply, SMALL)
            self.assertEqual(reply.all("Content-Length"), [str(len(reply.body))])

    def test_a_large_reply_is_compressed_off_the_spool(self):
        edge = self.front_mserver()
        reply = edge.ask(self.document(b"large.xml"))
        self.assert_coded(reply, LARGE)
        self.assertTrue(reply.chunked)
        self.assert_plain(edge.ask(self.document(b"large.xml", version=b"1.0")), LARGE)

    def test_a_slow_reader_of_a_compressed_reply_holds_no_place(self):
        edge = self.front_mserver()
        huge = random.Random(3).randbytes(3 << 20).hex().encode()
        self.server.files["huge.xml"] = ("text/xml", huge)
        with edge.connect("lan", receive_buffer=4096) as slow, edge.connect("lan") as quick:
            slow.send(self.document(b"huge.xml"))
            self.assertEqual(slow.head().all("Content-Encoding"), ["gzip"])
            quick.send(self.document(b"small.xml"))
            self.assert_coded(quick.reply(), SMALL)
            machine = zlib.decompressobj(31)
            out = []
            while size := int(slow.until(b"\r\n"), 16):
                out.append(machine.decompress(slow.exactly(size)))
                slow.exactly(2)
            self.assertTrue(machine.eof)
            self.assertTrue(b"".join(out) == huge)
        self.assertEqual(self.server.counters()["overlapping_connections"], 0)

    def test_a_large_reply_that_breaks_is_never_well_formed(self):
        edge = self.front_mserver(knobs={"fault": "half_body"})
        with edge.connect("lan") as client:
            client.send(self.document(b"large.xml"))
            with self.assertRaises(Ended) as ended:
                client.reply()
        if ended.exception.partial:
            self.assertFalse(inflated(ended.exception.partial.body)[1])

    def test_status_has_its_name_replaced_and_then_is_compressed(self):
        edge = self.front_mserver(compress={"min": "1B"})
        reply = edge.ask(get(b"/status"))
        plain = edge.ask(get(b"/status", b""))
        self.assert_coded(reply, plain.body)
        self.assertIn(b"localhost", plain.body)

    def test_a_reply_counted_in_characters_is_compressed_with_its_length_in_bytes(self):
        raw = self.standin(Raw)
        raw.close_after_answer = True
        edge = self.start(config(raw, "apicomprem", server={"length": "characters"}, route={"compress": True}))
        ask = b'{"command":{"inComm":"INFO"}}'
        post = b"POST /api/comm HTTP/1.1\r\n" + H + b"ID-UJ: c8175fe2-5aba-460e-a492-5da487105394\r\n" + GZIP + b"Content-Length: %d\r\n\r\n" % len(ask) + ask
        for count, chunked in ((100, False), (20_000, True)):
            plain = '{"Result":"OK","Data":[' + ",".join(f'"Žluťoučký kůň {number}"' for number in range(count)) + "]}"
            raw.turn(answer=b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(plain), plain.encode()))
            reply = edge.ask(post)
            self.assert_coded(reply, plain.encode())
            self.assertEqual(reply.chunked, chunked)


if __name__ == "__main__":
    unittest.main()
