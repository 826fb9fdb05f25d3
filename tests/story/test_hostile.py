"""Whatever a hostile caller or server writes, in whatever pieces: it is refused as a whole, and who speaks next is not harmed."""

import unittest

import hostile
from client import Ended
from harness import Story

from liar import Liar
from raw import Raw

BEFORE = b"GET /before HTTP/1.1\r\nHost: localhost\r\n\r\n"
AFTER = b"GET /after HTTP/1.1\r\nHost: localhost\r\n\r\n"
SHORT = 3000  # what is sent byte by byte


class Callers(Story):
    def test_a_request_in_doubt_is_the_last_one_of_its_connection_and_reaches_nobody(self):
        server, edge = self.front(Raw, workers=1)
        asked = 0
        for group, heads in hostile.requests():
            for bad in heads:
                for listener, before in (("lan", True), ("internet", False)):
                    with self.subTest(group, bad=bad[:200], listener=listener):
                        self.play(edge, listener, before, bad)
                        asked += before
        self.assertEqual([request.target for request in server.requests], [b"/before"] * asked)
        self.assertNotIn(b"/after", b"".join(bytes(reader.received) for reader in server.readers))

    def play(self, edge, listener, before, bad):
        with edge.connect(listener) as client:
            message = (BEFORE if before else b"") + bad + AFTER
            pieces = [message] if not before or len(message) > SHORT else [message[i : i + 1] for i in range(len(message))]
            try:
                for piece in pieces:
                    client.send(piece)
            except OSError:
                pass  # refused before all of it was sent
            if before:
                self.assertEqual(client.reply().status, 200)
            reply = client.reply()
            self.assertIn(reply.status, (400, 414, 417, 431, 501, 505))
            self.assertIn("forwarded=", reply.get("Proxy-Status"))
            self.assertEqual((client.end(), bytes(client.buffer)), ("closed", b""))


class Servers(Story):
    def start_liar(self):
        self.server, self.edge = self.front(Liar, workers=1)

    def play(self, answer, then="stay"):
        """Both listeners, both ways of splitting: (status, whole), and the connection and the next caller are well."""
        for listener, piece in (("lan", 1 << 20), ("internet", 1 if len(answer) < SHORT else 1 << 20)):
            self.server.knobs.update(answer=answer, then=then, piece=piece)
            with self.edge.connect(listener) as client:
                client.send(b"GET /bad HTTP/1.1\r\nHost: localhost\r\n\r\n")
                try:
                    reply = client.reply()
                except Ended:
                    yield None
                    continue
                yield reply
                client.send(b"GET /good HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertEqual(client.reply().body, b"good")

    def test_a_reply_in_doubt_is_a_502(self):
        self.start_liar()
        for group, answers in hostile.replies():
            for answer in answers:
                with self.subTest(group, answer=answer[:200]):
                    for reply in self.play(answer):
                        self.assertIsNotNone(reply)
                        self.assertEqual((reply.status, "forwarded=maybe" in reply.get("Proxy-Status", "")), (502, True))

    def test_a_reply_that_breaks_is_never_whole(self):
        self.start_liar()
        cases = [(answer, "stay") for answer in hostile.broken_bodies()]
        cases += [(answer, then) for answer in hostile.cut_replies() for then in ("finish", "reset")]
        for answer, then in cases:
            with self.subTest(answer=answer[:200], then=then):
                for reply in self.play(answer, then):
                    self.assertEqual(reply.status if reply else 502, 502)


if __name__ == "__main__":
    unittest.main()
