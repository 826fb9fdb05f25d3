"""A server that sends 1xx replies while the body is still on its way: they are no answer, and the body goes on."""

import socket
import threading
import unittest

from harness import Story, config

BODY = b"x" * 300_000


class Eager:
    """One connection: says 100 as soon as the head is there, again in the middle of the body, and 200 when all has come."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(20)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.received = 0
        self.continued = threading.Event()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        with self.listener, self.listener.accept()[0] as peer:
            peer.settimeout(20)
            data = b""
            while b"\r\n\r\n" not in data:
                data += peer.recv(65536)
            self.received = len(data.split(b"\r\n\r\n", 1)[1])
            peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Process")
            self.continued.set()
            said_rest = False
            while self.received < len(BODY):
                self.received += len(peer.recv(65536))
                if not said_rest and self.received > 1000:
                    peer.sendall(b"ing\r\n\r\n")
                    said_rest = True
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")


class Interim(Story):
    def test_the_body_goes_on_behind_100_and_102(self):
        server = Eager()
        edge = self.start(config(server.url))
        with edge.connect() as client:
            client.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY[:10])
            self.assertTrue(server.continued.wait(20))
            client.send(BODY[10:5000])
            client.send(BODY[5000:])
            reply = client.reply()
        server.thread.join(20)
        self.assertEqual((reply.status, reply.body, server.received), (200, b"done", len(BODY)))


if __name__ == "__main__":
    unittest.main()
