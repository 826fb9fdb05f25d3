"""Strict is not deaf: what is odd and sound gets through, as one message and as the one it is, and so does what follows it."""

import unittest

import sound
from harness import Story

from liar import Liar
from raw import Raw

AFTER = b"GET /after HTTP/1.1\r\nHost: localhost\r\n\r\n"
GOOD = b"GET /good HTTP/1.1\r\nHost: localhost\r\n\r\n"
SHORT = 1000  # what is sent byte by byte
SOME = 2  # every so many-th is, over TLS
DROPPED = ("Expect", "Connection", "Upgrade", "HTTP2-Settings", "TE", "Trailer", "Keep-Alive", "Proxy-Connection")


class Callers(Story):
    def test_a_sound_request_arrives_as_itself_and_the_next_one_behind_it(self):
        server, edge = self.front(Raw, workers=1)
        for group, cases in sound.requests():
            for number, (message, method, target, body) in enumerate(cases):
                for listener, bytewise in (("lan", False), ("internet", len(message) < SHORT))[: 1 + (number % SOME == 0)]:
                    with self.subTest(group, message=message[:200], listener=listener):
                        self.play(server, edge, listener, bytewise, message, (method.decode(), target, body))
        self.assertEqual(server.broken, [])

    def play(self, server, edge, listener, bytewise, message, expected):
        before = len(server.requests)
        message += AFTER
        with edge.connect(listener) as client:
            for i in range(0, len(message), 1 if bytewise else len(message)):
                client.send(message[i : i + 1] if bytewise else message)
            self.assertEqual([client.reply().body for _ in range(2)], [b"ok", b"ok"])
        arrived = server.requests[before:]
        self.assertEqual([(one.method, one.target, one.body) for one in arrived], [expected, ("GET", b"/after", b"")])
        for name in DROPPED:
            self.assertEqual(arrived[0].all(name), [], name)


class Servers(Story):
    def test_a_sound_reply_arrives_as_itself_and_what_is_behind_it_is_nobodys(self):
        server, edge = self.front(Liar, workers=1)
        for group, cases in sound.replies():
            for number, (method, answer, surplus, then, status, body) in enumerate(cases):
                # A surplus that comes late may be too late to be seen: it comes with the reply's last byte.
                for listener, piece in (("lan", 1 << 20), ("internet", 1 << 20 if surplus else 1))[: 1 + (number % SOME == 0)]:
                    with self.subTest(group, method=method, answer=answer[:200], surplus=surplus[:20], listener=listener):
                        server.knobs.update(answer=answer + surplus, then=then, piece=piece)
                        self.play(edge, listener, method.decode(), status, body)

    def play(self, edge, listener, method, status, body):
        with edge.connect(listener) as client:
            client.send(f"{method} /odd HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            reply = client.reply(method)
            self.assertEqual((reply.status, reply.body, reply.informational), (status, body, []))
            for name in DROPPED:
                self.assertEqual(reply.all(name), [], name)
            # Another connection of the same worker: whatever the server said behind its reply must not be its answer.
            with edge.connect("lan") as other:
                other.send(GOOD)
                self.assertEqual(other.reply().body, b"good")


if __name__ == "__main__":
    unittest.main()
