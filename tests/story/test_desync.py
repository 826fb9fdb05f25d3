"""Two messages on one connection must never run into each other: what one caller left undone is not the next caller's problem."""

import socket
import threading
import unittest

from harness import Story, certificates, config

from raw import Raw
from standin import StandIn
from web import Web

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Hasty(StandIn):
    """Answers as soon as a head is there, and reads nothing behind it before release()."""

    name = "hasty"

    def __init__(self, *arguments, **knobs):
        self.seen = []  # (connection, head)
        super().__init__(*arguments, **knobs)

    def serve(self, connection):
        connection.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        while (request := connection.reader.head()) is not None:
            with self.changed:
                self.seen.append((connection.number, request.head))
                self.changed.notify_all()
            connection.send(PLAIN)
            if request.get("Content-Length") or request.get("Transfer-Encoding"):
                self.wait("release", self.released.is_set)
                connection.reader.body(request)


class HalfSent(Story):
    """A server may answer before it has read the body. Its connection is of no use then: what comes next would be body."""

    SIZE = 12 << 20  # more than the kernel and the edge hold on the way

    def story(self, profile, first, then, begin=b"", fill=b"\0"):
        server = self.standin(Hasty)
        edge = self.start(config(server, profile, workers=1))
        block = b"%x\r\n%s\r\n" % (1 << 20, fill * (1 << 20))
        with edge.connect("lan") as client:
            client.send(first)
            if begin:
                client.send(b"%x\r\n%s\r\n" % (len(begin), begin))
            try:
                for _ in range(self.SIZE >> 20):
                    client.send(block)
                client.send(b"0\r\n\r\n")
            except OSError:
                pass  # answered and closed in the middle of a body that is not kept first
            self.assertEqual(client.reply().status, 200)
            with edge.connect("lan") as other:
                other.send(then)
                self.assertEqual(other.reply().body, b"ok")
        self.assertEqual([number for number, _ in server.seen], [1, 2])
        self.assertEqual(server.seen[1][1].split(b" HTTP")[0], then.split(b" HTTP")[0])
        server.release()
        server.wait("end of the first connection inside its body", lambda: server.broken)
        self.assertEqual(len(server.seen), 2)

    def test_of_a_body_that_was_kept_first(self):
        head = b"%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
        chunked = b"Transfer-Encoding: chunked\r\n"
        # GET with a body, too: safe methods may use kept connections.
        self.story("mserver", head % (b"GET /status", chunked), head % (b"GET /status?next", b""))
        command = b'{"command":{"inComm":"INFO"}}'
        then = head % (b"POST /api/comm?next", b"Content-Length: %d\r\n" % len(command)) + command
        self.story("apicomprem", head % (b"POST /api/comm", chunked), then, begin=command, fill=b" ")

    def test_of_a_body_that_is_streamed(self):
        head = b"PUT / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.story("http", head, b"GET /next HTTP/1.1\r\nHost: localhost\r\n\r\n")


class Talkative(StandIn):
    """Sends a body where there is none (HEAD, 204, 304), in a segment of its own behind the head; with `hold` only announces it."""

    name = "talkative"
    FORGED = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"

    def __init__(self, *arguments, **knobs):
        self.used = []  # the connection of each request
        super().__init__(*arguments, **knobs)

    def serve(self, connection):
        while (request := connection.reader.head()) is not None:
            self.used.append(connection.number)
            if request.method == "HEAD":
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(self.FORGED))
            elif request.path != b"/":
                connection.send(b"HTTP/1.1 %s As Asked\r\nContent-Length: %d\r\n\r\n" % (request.path[1:], len(self.FORGED)))
            else:
                connection.send(PLAIN)
                continue
            if not self.knobs.get("hold"):
                connection.send(self.FORGED)


class BodyWhereNoneBelongs(Story):
    ODD = (b"HEAD / HTTP/1.1", b"GET /204 HTTP/1.1", b"GET /304 HTTP/1.1")
    REST = b"\r\nHost: localhost\r\n\r\n"

    def test_it_is_not_the_next_requests_answer(self):
        _, edge = self.front(Talkative, workers=1)
        for line in self.ODD:
            for _ in range(20):
                with edge.connect("lan") as client:
                    client.send(line + self.REST + ASK)
                    client.reply("HEAD")
                    self.assertEqual(client.reply().body, b"ok", line)

    def test_its_connection_is_not_used_again(self):
        for line in self.ODD:
            server, edge = self.front(Talkative, knobs={"hold": True}, workers=1)
            with edge.connect("lan") as client:
                client.send(line + self.REST)
                client.reply("HEAD")
                client.send(ASK)
                self.assertEqual(client.reply().body, b"ok", line)
            self.assertEqual(server.used, [1, 2], line)


class Resetting(StandIn):
    """A body that ends with its connection, and a reset right behind its last byte."""

    name = "resetting"

    def serve(self, connection):
        if connection.reader.head() is not None:
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + b"half of something" * 50)
            connection.reset()


class ResetBehindTheLastBytes(Story):
    def test_the_caller_sees_the_break(self):
        _, edge = self.front(Resetting)
        for listener, ways in (("internet", {"cut", "reset"}), ("lan", {"reset", "closed"})):
            for _ in range(20):
                with edge.connect(listener) as client:
                    client.send(ASK)
                    head = client.head()
                    if head.status == 502:
                        continue  # the reset overtook the head
                    self.assertEqual((head.status, head.get("Transfer-Encoding")), (200, "chunked"))
                    self.assertIn(client.end(head), ways)
                    self.assertFalse(head.body.endswith(b"0\r\n\r\n"), "it looks whole")


class BrokenBeforeAnyOfItLeft(Story):
    """A caller that loses a kept connection without a byte of answer may ask again by itself: it gets a word instead."""

    CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n"

    def test_it_is_a_502(self):
        for compress in ("off", "on"):
            server, edge = self.front(Raw, route={"compress": compress}, workers=1)
            for broken in (b"0x5\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n5 \r\nhello\r\n0\r\n\r\n", b"5\r\nhelloX"):
                server.turn(answer=[self.CHUNKED + broken])
                with edge.connect() as client:
                    client.send(ASK.replace(b"\r\n\r\n", b"\r\nAccept-Encoding: gzip\r\n\r\n"))
                    reply = client.reply()
                    self.assert_refused(reply, 502, "reply_bad_coding", "maybe")
                    self.assertIsNone(reply.get("Content-Encoding"))
                    client.send(ASK)
                    self.assertEqual(client.reply().body, b"ok")
            self.assertEqual([line["status"] for line in edge.access_log(6)], [502, 200] * 3)


class Counting:
    """Carries bytes between the edge and a server, and counts those that go there."""

    def __init__(self, port):
        self.port = port
        self.there = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()

    def accept(self):
        near, _ = self.listener.accept()
        far = socket.create_connection(("127.0.0.1", self.port))
        back = threading.Thread(target=self.carry, args=(far, near, False), daemon=True)
        back.start()
        self.carry(near, far, True)
        back.join()
        near.close()
        far.close()

    def carry(self, source, target, count):
        try:
            while data := source.recv(65536):
                self.there += len(data) if count else 0
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def stop(self):
        self.listener.close()
        self.threads[0].join(20)


class Crumbs(Story):
    def test_one_byte_chunks_do_not_become_one_record_each(self):
        server = self.standin(Web, tls=(certificates() / "server-ecdsa.pem", certificates() / "server-ecdsa.key"))
        relay = self.standin(Counting, server.port)
        edge = self.start(config(relay.url, server={"tls": {"verify": False}}))
        count = 50_000
        body = b"1\r\na\r\n" * count + b"0\r\n\r\n"
        with edge.connect("lan") as client:
            client.send(b"POST /sink HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
            client.send(body)
            reply = client.reply()
        self.assertEqual(int(reply.body.split()[0]), count)
        # A record costs 22 bytes beside what is in it, and a chunk 5 or more.
        self.assertLess(relay.there, 5 * count)


if __name__ == "__main__":
    unittest.main()
