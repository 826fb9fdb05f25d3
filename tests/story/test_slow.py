"""Callers who take as long as they can, in crowds: each is cut off at its bound, and a good caller beside them notices nothing."""

import socket
import threading
import time
import unittest

from harness import PATIENCE, Story, config

from standin import StandIn
from web import Web

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
TICK = 0.05  # between two drops of each
HUGE = 1 << 40
RATE = {"bytes_per_second": 500, "over": "1s"}
BOUNDS = {"timeouts": {"handshake": "1s", "head": "1s"}, "body_rate": RATE}


class Dripper:
    """Sends a beginning, then a byte a tick."""

    def __init__(self, port, beginning=b"", receive_buffer=None):
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(("127.0.0.1", port))
        self.sock.sendall(beginning)
        self.sock.setblocking(False)
        self.received = b""
        self.ended = False

    def tick(self):
        if not self.ended:
            try:
                self.move()
            except BlockingIOError:
                pass
            except OSError:
                self.ended = True

    def move(self):
        self.sock.send(b"x")
        data = self.sock.recv(65536)
        self.received += data
        self.ended = not data


class Reader(Dripper):
    """Takes a byte a tick of a reply."""

    def move(self):
        # The kernel hands out what had come before it tells of a reset.
        self.ended = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0 or not self.sock.recv(1)


class Crowd:
    """Drips in a thread of its own, until all are cut off."""

    def __init__(self, drippers):
        self.drippers = drippers
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.over.is_set() and self.left():
            for each in self.drippers:
                each.tick()
            self.over.wait(TICK)

    def left(self):
        return sum(not each.ended for each in self.drippers)

    def close(self):
        self.over.set()
        self.thread.join()
        for each in self.drippers:
            each.sock.close()


class Crowds(Story):
    def story(self, make, count, listener="lan"):
        server = self.standin(Web)
        edge = self.start(config(server, **BOUNDS))
        crowd = Crowd([make(edge.ports[listener]) for _ in range(count)])
        self.addCleanup(crowd.close)
        served = 0
        with edge.connect() as kept:
            end = time.monotonic() + PATIENCE
            while crowd.left() and time.monotonic() < end:
                kept.send(ASK)
                self.assertEqual(kept.reply().status, 200)
                self.assertEqual(edge.ask(ASK).status, 200)
                served += 2
        self.assertEqual(crowd.left(), 0, "not cut off")
        self.assertGreater(served, 50, "they were there too short a time to be in anybody's way")
        return edge, crowd

    def test_of_bodies(self):
        begun = b"POST /sink HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % HUGE
        _, crowd = self.story(lambda port: Dripper(port, begun), 200)
        for each in crowd.drippers:
            self.assertIn(b" 408 ", each.received[:20])

    def test_of_chunked_bodies(self):
        begun = b"POST /sink HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n"
        self.story(lambda port: Dripper(port, begun), 100)

    def test_of_heads(self):
        _, crowd = self.story(lambda port: Dripper(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "), 200)
        for each in crowd.drippers:
            self.assertIn(b" 408 ", each.received[:20])

    def test_of_handshakes(self):
        self.story(lambda port: Dripper(port, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), 200, "internet")

    def test_of_readers(self):
        asked = b"GET /bytes/%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % HUGE
        edge, _ = self.story(lambda port: Reader(port, asked, 4096), 64)
        edge.log.wait("client_write_timeout")


class Endless(StandIn):
    """A reply that goes on until nobody takes it."""

    name = "endless"

    def serve(self, connection):
        if connection.reader.head() is None:
            return
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.send(b"10000\r\n" + bytes(0x10000) + b"\r\n")
            connection.gone.wait(0.02)


class ReaderWhoStops(Story):
    def test_is_cut_while_its_server_goes_on(self):
        """Each piece of the server's must not begin the reader's time anew."""
        server = self.standin(Endless)
        edge = self.start(config(server, server={"concurrency": 1}, body_rate=RATE, timeouts={"drain": "300ms"}))
        with edge.connect("lan", receive_buffer=4096) as client:
            client.send(ASK)
            client.head()
            self.assertEqual(edge.access_log(1)[0]["cause"], "client_write_timeout")


class SlowButSteady(Story):
    def test_a_reader_above_the_rate_is_not_cut_for_what_the_kernel_holds(self):
        """30 KB/s where 500 bytes/s are asked for: no matter how much the kernel had taken ahead."""
        server = self.standin(Web)
        edge = self.start(config(server, body_rate={"bytes_per_second": 500, "over": "500ms"}))
        size = 16 << 20
        with edge.connect("lan", receive_buffer=8192) as client:
            client.send(b"GET /bytes/%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % size)
            client.head()
            taken = len(client.buffer)
            client.buffer.clear()
            end = time.monotonic() + 2  # of these windows, four
            while time.monotonic() < end:
                got = len(client.sock.recv(1500))
                self.assertGreater(got, 0)
                taken += got
                time.sleep(0.05)  # its speed
            client.exactly(size - taken, keep=False)


if __name__ == "__main__":
    unittest.main()
