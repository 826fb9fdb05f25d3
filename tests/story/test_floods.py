"""Callers who come in thousands, or ask for too much of the edge's work: others are served, and nothing grows without bound."""

import ctypes
import resource
import socket
import ssl
import threading
import time
import unittest

from client import Ended
from harness import PATIENCE, Story, config, poll, sanitized

from web import Web

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
IDLE_TICKS = 20  # of the CPU's time in a second without traffic; a loop that spins takes 100


def answers(edge):
    try:
        return edge.ask(ASK, "lan").status == 200
    except (Ended, OSError):
        return False  # still full


def ticks(edge):
    with open(f"/proc/{edge.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


class Callers(Story):
    """Sockets that are closed in the end, whatever happens."""

    def setUp(self):
        self.callers = []
        self.turned_away = 0  # before they could say anything
        self.addCleanup(self.leave)
        # A story's own limit must not be what ends a flood.
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        self.most = hard - 200

    def call(self, edge, data=b"", listener="lan"):
        try:
            sock = edge.connect(listener).sock
        except OSError:
            self.turned_away += 1
            return
        self.callers.append(sock)
        try:
            sock.sendall(data)
        except OSError:
            pass  # turned away: that is one of the right answers

    def leave(self):
        for sock in self.callers:
            sock.close()
        self.callers.clear()


class Descriptors(Callers):
    def story(self, workers):
        if sanitized() == "address":
            # It looks at memory through a pipe, and takes every object for broken when it can't open one.
            self.skipTest("UBSan's vptr check needs descriptors itself")
        server = self.standin(Web, hold=True)
        edge = self.start(config(server, workers=workers, address_limits="off"), launcher=["prlimit", "--nofile=64"])
        # Each takes one descriptor for itself and one for its server.
        for _ in range(200):
            self.call(edge, ASK)
        edge.said.wait("descriptor")
        before = ticks(edge)
        time.sleep(1)  # not to wait for anything: the span that is measured
        self.assertLess(ticks(edge) - before, IDLE_TICKS, "out of descriptors, and spinning")
        self.leave()
        server.release()
        poll("an answer, now that all have left,", lambda: answers(edge))
        before = ticks(edge)
        time.sleep(1)
        self.assertLess(ticks(edge) - before, IDLE_TICKS, "nobody there, and spinning")
        for _ in range(20):
            self.assertTrue(answers(edge))

    def test_none_left_with_one_worker(self):
        self.story(1)

    def test_none_left_with_four_workers(self):
        self.story(4)

    def test_idle_connections_to_servers_make_room_on_every_worker(self):
        """Each round leaves idle connections to another server, at whichever worker, until nothing is free."""
        if sanitized() == "address":
            self.skipTest("UBSan's vptr check needs descriptors itself")
        server, rounds, at_once = self.standin(Web), 8, 4
        made = config(server, workers=4)
        made["servers"] = {f"s{i}": {"profile": "http", "url": server.url} for i in range(rounds + 1)}
        made["routes"] = [{"path": f"/s{i}", "server": f"s{i}", "access": "anonymous"} for i in range(rounds + 1)]
        edge = self.start(made, launcher=["prlimit", "--nofile=64"])
        seen = 0
        for number in range(rounds):
            server.turn(hold=True)
            ask = b"GET /s%d HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % number
            callers = [edge.connect("lan") for _ in range(at_once)]
            for caller in callers:
                caller.send(ask)
            seen += at_once
            server.wait_for_requests(seen)
            server.release()
            for caller in callers:
                self.assertEqual(caller.reply().status, 200)
                caller.close()
        for _ in range(16):  # of which each worker gets some
            reply = edge.ask(b"GET /s%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % rounds, "lan")
            self.assertEqual(reply.status, 200, reply)


class Memory(Callers):
    HEAD = b"GET /" + b"a" * 30 + b" HTTP/1.1\r\nHost: localhost\r\nX: " + b"b" * 15_000
    BODY = b"POST /xml HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: 1000000\r\n\r\n" + b"c" * 200_000

    def story(self, kind, figure, data, listener="lan", room=16 << 20, **settings):
        """`kind` of bound at `room` more than `figure`, and callers who send `data`, no whole request, until some are turned away."""
        if sanitized():
            self.skipTest("a sanitizer's own memory is in the way of the bound")
        server = self.standin(Web)
        # Nobody was served yet: what is made at the first request is not there.
        # One arena: others have 64 MiB of addresses each that are no one's yet.
        edge = self.start(config(server, workers=1, address_limits="off", **settings), environment={"MALLOC_ARENA_MAX": "1"})
        bound = edge.memory(figure) * 1024 + room
        resource.prlimit(edge.process.pid, kind, (bound, bound))
        refused = 0
        while not refused and len(self.callers) < min(self.most, 5000):
            for _ in range(250):
                self.call(edge, data, listener)
            refused = self.turned_away + sum(self.was_left(sock) for sock in self.callers)
        self.assertGreater(refused, 0, "the memory was enough for all")
        for _ in range(250):
            self.call(edge, data, listener)
        self.ask_among_them(edge)
        edge.reload()  # refused, or done
        self.assertIsNone(edge.process.poll())
        self.leave()
        poll("an answer, now that all have left,", lambda: answers(edge))
        for _ in range(20):
            self.assertTrue(answers(edge))

    def ask_among_them(self, edge):
        """An answer, a refusal that says so, or the end of the connection: never half of something, never silence."""
        for listener in ("lan", "internet"):
            try:
                reply = edge.ask(ASK, listener)
            except (Ended, OSError) as error:
                self.assertIsNone(getattr(error, "partial", None))
                self.assertNotIsInstance(error, TimeoutError)
                continue
            self.assertIn(reply.status, (200, 503), reply)

    def test_none_left(self):
        self.story(resource.RLIMIT_DATA, "VmData", self.HEAD)

    def test_no_addresses_left_for_heads(self):
        self.story(resource.RLIMIT_AS, "VmSize", self.HEAD)

    def test_no_addresses_left_for_bodies(self):
        self.story(resource.RLIMIT_AS, "VmSize", self.BODY, server={"spool": "request"}, spool={"memory": "10MiB", "memory_total": "1GiB"})

    def test_no_addresses_left_for_tls(self):
        self.story(resource.RLIMIT_AS, "VmSize", b"", listener="internet", room=2 << 20)

    def was_left(self, sock):
        sock.setblocking(False)
        try:
            return sock.recv(1) is not None
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True


class Pipelining(Story):
    def test_ten_thousand_requests_that_are_answered_here(self):
        count = 10_000
        server = self.standin(Web)
        edge = self.start(config(server, route={"path": "/only"}, limits={"requests_per_connection": 1_000_000}, log={"access": "off"}))
        with edge.connect("lan") as client:
            sender = threading.Thread(target=client.send, args=(ASK * count,))
            sender.start()
            for _ in range(count):
                self.assertEqual(client.reply().status, 404)
            sender.join()


class Tls:
    """A TLS client that can do what Python's own can't: ask for new keys (RFC 8446 section 4.6.3)."""

    def __init__(self, sock):
        self.library = ctypes.CDLL("libssl.so.3")
        for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
            getattr(self.library, name).restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.library.SSL_CTX_new(ctypes.c_void_p(self.library.TLS_client_method())))
        self.ssl = ctypes.c_void_p(self.library.SSL_new(self.context))
        self.library.SSL_set_fd(self.ssl, sock.fileno())
        if self.library.SSL_connect(self.ssl) != 1:
            raise AssertionError("no TLS handshake")

    def write(self, data):
        return self.library.SSL_write(self.ssl, data, len(data)) == len(data)

    def update_keys(self):
        requested = 1
        return self.library.SSL_key_update(self.ssl, requested) == 1 and self.library.SSL_do_handshake(self.ssl) == 1

    def free(self):
        self.library.SSL_free(self.ssl)
        self.library.SSL_CTX_free(self.context)


class KeyUpdates(Story):
    MOST = 2_000_000  # 54 MB of them: more than the kernels on the way hold
    GROWTH = 4 << 10  # KiB

    def story(self, request, crumb=b""):
        try:
            ctypes.CDLL("libssl.so.3")
        except OSError:
            self.skipTest("libssl.so.3 is not there")
        server = self.standin(Web)
        edge = self.start(config(server, workers=1))
        edge.ask(b"GET /bytes/4000000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        before = edge.memory()
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect(("127.0.0.1", edge.ports["internet"]))
            client = Tls(sock)
            self.addCleanup(client.free)
            self.assertTrue(client.write(request))
            sent = 0
            while sent < self.MOST and client.update_keys():
                sent += 1
                if crumb and sent % 1000 == 0 and not client.write(crumb):
                    break
        self.assertLess(sent, self.MOST, "nobody objected")
        if not sanitized():
            self.assertLessEqual(edge.memory("VmHWM") - before, self.GROWTH, "KiB")
        self.assertEqual(edge.ask(ASK).status, 200)

    def test_of_a_caller_that_does_not_read(self):
        self.story(b"GET /bytes/1000000000 HTTP/1.1\r\nHost: localhost\r\n\r\n")

    def test_of_a_caller_that_sends_a_little_between_them(self):
        self.story(b"POST /sink HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n", bytes(40))


if __name__ == "__main__":
    unittest.main()
