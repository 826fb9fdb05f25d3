"""Every call that can fail is made to fail, one after the other, while requests run: what was asked for then may go wrong, but as an
honest answer or an honest end; the next request works, and nothing is left behind.

tests/faults/fail_calls.c is preloaded for that. What it counts tells that the failure really took place. Not made to fail:
epoll_ctl() and libuv's own pipes, since libuv ends the process there (systemd starts it again), and what is called at start only (a
start that fails says so and exits)."""

import errno
import gzip
import json
import mmap
import os
import pathlib
import ssl
import struct
import tempfile
import unittest
import zlib

from client import Ended
from harness import Story, certificates, config, poll, program, sanitized
from message import PATTERN
from web import Web
from windows import Windows, kerberos

KINDS = ("none memory accept socket connect read write option name open file_read file_write shutdown resolve").split()
BODY = PATTERN[:200_000]
LONG = 400_000
SMALL = b"GET /bytes/1000 HTTP/1.1\r\nHost: localhost\r\n\r\n"
SPOOLED = b"POST /one/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
RELAYED = b"GET /one/bytes/%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % LONG
ASKED = [(SMALL, PATTERN[:1000]), (SPOOLED, BODY), (RELAYED, (2 * PATTERN)[:LONG])]

# Compressed both ways: a reply held whole, a relayed one and a spooled one; bodies decoded into a file, read in their coding, and both.
TAKES = b"Host: localhost\r\nAccept-Encoding: gzip\r\n"
# A compressor that the pool keeps needs no memory for the coding it was made for: so the codings take turns.
DEFLATE = TAKES.replace(b"gzip", b"deflate")
COMMAND = b'{"command":{"inComm":"VERZEAPI","inParam":{"note":"%s"}}}' % (b"a note, " * 12_500)


DECODE = {None: bytes, "gzip": gzip.decompress, "deflate": zlib.decompress}


def packed(path, body):
    coded = gzip.compress(body, mtime=0)
    return b"POST %s HTTP/1.1\r\n%sContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (path, TAKES, len(coded), coded)


PRESSED = [
    (b"GET /pressed/bytes/100000 HTTP/1.1\r\n%s\r\n" % TAKES, PATTERN[:100_000]),
    (b"GET /pressed/bytes/%d HTTP/1.1\r\n%s\r\n" % (LONG, DEFLATE), (2 * PATTERN)[:LONG]),
    (b"GET /one-pressed/bytes/%d HTTP/1.1\r\n%s\r\n" % (LONG, TAKES), (2 * PATTERN)[:LONG]),
    (packed(b"/decoded/echo", BODY), BODY),
    (packed(b"/api/comm", COMMAND), b"hello"),
    (packed(b"/decoded/api/comm", COMMAND), b"hello"),
]


def stride(usual):
    """Which of a few thousand allocations fail: every one with LEDGERGATE_EVERY_FAULT=1, which takes minutes."""
    return 1 if os.environ.get("LEDGERGATE_EVERY_FAULT") == "1" else 13 * usual if sanitized() else usual


# A name has a thread of its own for its lookup, and ASan ends the process where it has no memory for a thread that begins.
NAMED = sanitized() != "address"


def library():
    return pathlib.Path(program()).parent / "tests" / "libfail_calls.so"


class Control:
    """The file that tells the preloaded code what is to fail."""

    def __init__(self, path):
        path.write_bytes(bytes(32))
        with open(path, "r+b") as file:
            self.page = mmap.mmap(file.fileno(), 32)

    def arm(self, kind, after, code):
        struct.pack_into("<4q", self.page, 0, 0, after, code, 0)
        struct.pack_into("<q", self.page, 0, KINDS.index(kind))

    def left(self):
        """How many more calls would succeed."""
        return struct.unpack_from("<q", self.page, 8)[0]

    def disarm(self):
        """Whether a call failed."""
        struct.pack_into("<q", self.page, 0, 0)
        return struct.unpack_from("<q", self.page, 24)[0] > 0


@unittest.skipIf(sanitized() == "thread", "one request at a time tells TSan nothing")
class Faults(Story):
    def setUp(self):
        if not library().exists():
            self.fail(f"{library()} was not built")
        self.web = self.standin(Web)
        self.context = ssl.create_default_context(cafile=certificates() / "ca.pem")

    def begin(self, named=True, **more):
        settings = config(self.web, **{"workers": 1, **more})
        url = f"http://{'localhost' if named else '127.0.0.1'}:{self.web.url.rsplit(':', 1)[1]}"
        settings["servers"]["upstream"]["url"] = url
        settings["servers"]["one"] = {"profile": "http", "url": url, "concurrency": 1, "spool": "both"}
        settings["servers"]["premier"] = {"profile": "apicomprem", "url": url}
        compress = {"types": ["application/octet-stream"]}
        for path, server, keys in (
            ("/one/", "one", {"strip_prefix": True}),
            ("/pressed/", "upstream", {"strip_prefix": True, "compress": compress}),
            ("/one-pressed/", "one", {"strip_prefix": True, "compress": compress}),
            ("/decoded/", "upstream", {"strip_prefix": True, "decompress_requests": True}),
            ("/api/comm", "premier", {}),
            ("/decoded/api/comm", "premier", {"rewrite_prefix": "/api/comm", "decompress_requests": True}),
        ):
            settings["routes"].append({"path": path, "server": server, "access": "anonymous", **keys})
        settings["spool"] = {"memory": "64KiB"}
        file = self.scratch() / f"control-{len(os.listdir(self.scratch()))}"
        control = Control(file)
        options = os.environ.get("ASAN_OPTIONS", "")
        edge = self.start(
            settings,
            environment={
                "LD_PRELOAD": str(library()),
                "LEDGERGATE_FAULTS": str(file),
                # The preloaded code stands before the sanitizer's; its new and its delete are not of one library then.
                "ASAN_OPTIONS": f"{options}:verify_asan_link_order=0:alloc_dealloc_mismatch=0:allocator_may_return_null=1",
            },
        )
        return edge, control

    def scratch(self):
        if not hasattr(self, "directory"):
            made = tempfile.TemporaryDirectory()
            self.addCleanup(made.cleanup)
            self.directory = pathlib.Path(made.name)
        return self.directory

    def ask(self, client, request, body):
        """True: answered in full. False: refused, in full. None: the connection is at its end."""
        try:
            client.send(request)
            reply = client.reply(request.split(b" ", 1)[0].decode())
        except (Ended, OSError):
            return None
        if reply.status == 200:
            self.assertEqual(DECODE[reply.get("Content-Encoding")](reply.body), body, "200 with another body")
            return True
        self.assertIn(reply.status, (408, 413, 500, 502, 503, 504, 507), reply)
        self.assertIn("Proxy-Status", dict(reply.fields), "not the edge's own answer")
        return False

    def run_through(self, edge, asked, listener):
        """Asks for all of it, on one connection as long as that lasts."""
        client = None
        for request, body in asked:
            if client is None:
                try:
                    client = edge.connect(listener, context=self.context) if listener == "internet" else edge.connect(listener)
                except (OSError, ssl.SSLError):
                    continue
            if self.ask(client, request, body) is None:
                client.close()
                client = None
        if client is not None:
            client.close()

    def must_work(self, edge, what, asked=ASKED):
        for request, body in asked:
            with edge.connect("lan") as client:
                try:
                    done = self.ask(client, request, body)
                except AssertionError as error:
                    raise AssertionError(f"after {what}: {error}\n{edge.said.text[-4000:]}") from error
                self.assertTrue(done, f"not answered after {what}:\n{edge.said.text[-4000:]}")

    def fail_each(self, edge, control, kind, codes, asked=ASKED, listener="internet", step=1):
        """Fails the first call of the kind, then the second, and so on until there is none left to fail. The number of them."""
        failed = 0
        for code in codes:
            after = 0
            missed = 0
            while missed < 2:  # background threads call, too: once more does not tell
                what = f"{kind} number {after} with {errno.errorcode[code]}"
                control.arm(kind, after, code)
                self.run_through(edge, asked, listener)
                if control.disarm():
                    failed += 1
                    missed = 0
                else:
                    missed += 1
                self.assertIsNone(edge.process.poll(), f"the edge ended at {what}:\n{edge.said.text[-4000:]}")
                self.must_work(edge, what, asked)
                after += step
        return failed

    def nothing_left(self, edge, before):
        poll("as many descriptors as before", lambda: edge.descriptors() <= before)

    def system_calls(self, kind, codes, asked=ASKED):
        edge, control = self.begin()
        self.must_work(edge, "the start", asked)
        before = edge.descriptors() + 4  # kept connections to the two servers
        failed = self.fail_each(edge, control, kind, codes, asked)
        self.assertGreater(failed, 0, f"no {kind} was called at all")
        self.nothing_left(edge, before)

    def test_accept(self):
        self.system_calls("accept", (errno.EMFILE, errno.ENOMEM, errno.ECONNABORTED, errno.EINTR, errno.EPERM))

    def test_socket(self):
        self.system_calls("socket", (errno.EMFILE, errno.ENOBUFS))

    def test_connect(self):
        self.system_calls("connect", (errno.EADDRNOTAVAIL, errno.ENETUNREACH, errno.EINTR))

    def test_read(self):
        self.system_calls("read", (errno.ECONNRESET, errno.EIO, errno.EAGAIN, errno.EINTR))

    def test_write(self):
        self.system_calls("write", (errno.EPIPE, errno.ENOBUFS, errno.EAGAIN, errno.EINTR))

    def test_socket_options_and_names(self):
        for kind in ("option", "name"):
            with self.subTest(kind):
                self.system_calls(kind, (errno.ENOBUFS,))

    def test_files_of_the_spool(self):
        for kind, codes in (
            ("open", (errno.EMFILE, errno.ENOSPC, errno.EOPNOTSUPP)),
            ("file_write", (errno.ENOSPC, errno.EIO)),
            ("file_read", (errno.EIO,)),
        ):
            with self.subTest(kind):
                self.system_calls(kind, codes)

    def test_shutdown(self):
        self.system_calls("shutdown", (errno.ENOTCONN,))

    def test_resolver(self):
        edge, control = self.begin(server={"health": "off"})  # else it takes two probes, ten seconds apart, until it is asked again
        control.arm("resolve", 0, errno.EAGAIN)
        self.assert_refused(edge.ask(SMALL), 502, "dns_error")
        self.assertTrue(control.disarm())
        poll("an answer", lambda: edge.ask(SMALL).status == 200)

    def test_memory_of_a_new_connection(self):
        edge, control = self.begin(named=NAMED)
        self.must_work(edge, "the start")
        before = edge.descriptors() + 4
        step = stride(3)
        self.assertGreater(self.fail_each(edge, control, "memory", (errno.ENOMEM,), ASKED[:1], "internet", step), 50 // step)
        self.nothing_left(edge, before)

    def test_memory_of_spooled_requests(self):
        edge, control = self.begin(named=NAMED)
        self.must_work(edge, "the start")
        before = edge.descriptors() + 4
        self.assertGreater(self.fail_each(edge, control, "memory", (errno.ENOMEM,), ASKED, "lan"), 3)
        self.nothing_left(edge, before)

    def test_memory_of_compressed_bodies(self):
        edge, control = self.begin(named=NAMED)
        before = edge.descriptors() + 8  # nothing was asked yet, so that the first compressors of all are made under failures, too
        self.assertGreater(self.fail_each(edge, control, "memory", (errno.ENOMEM,), PRESSED, "lan"), 3)
        self.nothing_left(edge, before)

    def test_files_of_compressed_bodies(self):
        for kind, codes in (("open", (errno.EMFILE,)), ("file_write", (errno.ENOSPC, errno.EIO)), ("file_read", (errno.EIO,))):
            with self.subTest(kind):
                self.system_calls(kind, codes, PRESSED)

    def test_no_failure_lets_in_a_server_of_another_name(self):
        stranger = self.standin(Web, tls=(certificates() / "shop.pem", certificates() / "shop.key"))
        edge, control = self.begin()
        settings = json.loads(edge.file.read_text())
        settings["servers"]["upstream"] |= {"url": f"https://localhost:{stranger.port}", "tls": {"ca": str(certificates() / "ca.pem")}, "resolve_every": "1h"}
        edge.reload(settings)
        self.assert_refused(edge.ask(SMALL, "lan"), 502, "upstream_certificate")
        after = missed = failed = 0
        while missed < 2:
            control.arm("memory", after, errno.ENOMEM)
            try:
                with edge.connect("lan") as client:
                    client.send(SMALL)
                    self.assertNotEqual(client.reply().status, 200, f"memory number {after}")
            except (Ended, OSError):
                pass
            missed = 0 if control.disarm() else missed + 1
            failed += 1
            after += stride(11)
        self.assertGreater(failed, 10)
        self.assertEqual(stranger.requests, [])

    def test_no_failure_gives_one_callers_login_to_another(self):
        """A connection on which somebody has logged in by NTLM or Negotiate goes to nobody else, whatever fails on its way."""
        windows = self.standin(Windows)
        edge, control = self.begin(named=NAMED)
        settings = json.loads(edge.file.read_text())
        settings["servers"]["windows"] = {"url": windows.url, "health": "off"}
        settings["routes"].append({"path": "/windows", "server": "windows", "access": "anonymous"})
        edge.reload(settings)
        ask = b"GET /windows HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
        before = edge.descriptors() + 4

        def taken_for(client, fields=b""):
            try:
                client.send(ask % fields)
                reply = client.reply()
            except (Ended, OSError):
                return None
            return reply.body if reply.status == 200 else None

        failed = 0
        for kind, code in (("memory", errno.ENOMEM), ("read", errno.EAGAIN), ("read", errno.ECONNRESET), ("write", errno.EPIPE), ("connect", errno.EINTR)):
            after = missed = 0
            while missed < 2:
                with edge.connect("lan") as anna, edge.connect("lan") as boris:
                    control.arm(kind, after, code)
                    self.assertIn(taken_for(anna, kerberos("anna")), (b"anna", None))
                    self.assertIn(taken_for(anna), (b"anna", None))
                    self.assertIsNone(taken_for(boris), f"{kind} number {after}")
                    self.assertIn(taken_for(anna), (b"anna", None))
                    missed = 0 if control.disarm() else missed + 1
                    failed += 1
                    after += 1
                self.assertIsNone(edge.process.poll(), f"the edge ended at {kind} number {after}")
        self.assertGreater(failed, 10)
        self.nothing_left(edge, before)
