"""ApiComPrem builds that count Content-Length in characters, and PHP clients that read to the end (vendor document 004)."""

import json
import unittest

from harness import Story, config

from apicomprem import ApiComPrem
from raw import Raw

H = b"Host: localhost\r\n"
UNIT = b"ID-UJ: c8175fe2-5aba-460e-a492-5da487105394\r\n"
CZECH = '{"Result":"OK","Data":[{"NAZEV":"Žluťoučký kůň 😀"}]}'
UNITS = len(CZECH.encode("utf-16-le")) // 2


def command(extra=b"", body=b'{"select":"select top 10 * from partnery"}'):
    return b"POST /api/comm HTTP/1.1\r\n" + H + UNIT + extra + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Characters(Story):
    def raw(self, **server):
        raw = self.standin(Raw)
        raw.close_after_answer = True
        route = {"operations": ["select", "read", "write"]}
        return raw, self.start(config(raw, "apicomprem", server={"length": "characters", **server}, route=route))

    def answer(self, raw, length, body, extra=""):
        body = body if isinstance(body, bytes) else body.encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{extra}Content-Length: {length}\r\n\r\n"
        raw.turn(answer=head.encode() + body)

    def test_a_length_in_characters_becomes_one_in_bytes(self):
        server = self.standin(ApiComPrem, length="characters", trailing_crlf=True)
        route = {"operations": ["select", "read"]}
        edge = self.start(config(server, "apicomprem", server={"length": "characters"}, route=route))
        for _ in range(3):
            reply = edge.ask(command(b"Accept-Encoding: gzip\r\n"))
            self.assertEqual(reply.status, 200)
            self.assertEqual(json.loads(reply.body)["Data"][0]["NAZEV"], "Novák a syn")
            self.assertEqual(reply.get("Content-Length"), str(len(reply.body)))
            self.assertTrue(reply.body.endswith(b"\r\n\r\n"))
        request = server.requests[-1]
        self.assertEqual(request.get("Accept-Encoding"), b"identity")
        self.assertEqual(request.get("Connection"), b"close")
        self.assertEqual(server.max_open, 1)

    def test_utf_16_units_code_points_and_bytes_are_all_believed(self):
        raw, edge = self.raw()
        for length in (UNITS, len(CZECH), len(CZECH.encode())):
            with self.subTest(length=length):
                self.answer(raw, length, CZECH)
                reply = edge.ask(command())
                self.assertEqual((reply.status, reply.body), (200, CZECH.encode()))
                self.assertEqual(reply.get("Content-Length"), str(len(CZECH.encode())))

    def test_anything_else_is_a_clean_502(self):
        raw, edge = self.raw()
        for what, length, body, cause in (
            ("cut", UNITS, CZECH.encode()[:-9], "reply_truncated"),
            ("cut inside a letter", 9, '{"a":"ž'.encode()[:-1], "reply_truncated"),
            ("two values", 6, '"ž""ž"', "reply_bad_length"),
            ("one too many", UNITS - 2, CZECH, "reply_bad_length"),
            ("Windows-1250", UNITS, CZECH[:-6].encode("cp1250") + b"\xe1" * 9, "reply_bad_length"),
            ("not JSON", 4, "<ž/>", "reply_bad_length"),
        ):
            with self.subTest(what=what):
                self.answer(raw, length, body)
                self.assert_refused(edge.ask(command()), 502, cause, "maybe")
        # The place was given on each time.
        self.answer(raw, UNITS, CZECH)
        self.assertEqual(edge.ask(command()).status, 200)
        self.assertEqual(raw.max_open, 1)

    def test_a_larger_one_than_is_held_is_refused(self):
        raw, edge = self.raw()
        body = '["' + "ž" * (9 << 20) + '"]'
        self.answer(raw, len(body), body)
        self.assert_refused(edge.ask(command()), 502, "reply_bad_length", "maybe")

    def test_megabytes_arrive_whole(self):
        raw, edge = self.raw()
        body = '["' + "ž" * (3 << 20) + '"]'
        self.answer(raw, len(body), body)
        reply = edge.ask(command())
        self.assertEqual((reply.status, len(reply.body)), (200, len(body.encode())))
        self.assertTrue(reply.body == body.encode())

    def test_framing_that_needs_no_counting_stays_as_it_is(self):
        raw, edge = self.raw()
        raw.turn(answer=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n\"\xc5\xbe\"\r\n0\r\n\r\n")
        reply = edge.ask(command())
        self.assertEqual((reply.status, reply.body), (200, '"ž"'.encode()))

    def test_without_a_fin_there_is_no_reply(self):
        raw, edge = self.raw(timeouts={"stall": "300ms"}, hold="300ms")
        raw.close_after_answer = False
        self.answer(raw, UNITS, CZECH)
        self.assert_refused(edge.ask(command()), 504, "reply_stalled", "maybe")

    def test_a_caller_who_hangs_up_leaves_no_trace(self):
        raw, edge = self.raw()
        raw.close_after_answer = False
        self.answer(raw, UNITS, CZECH)
        with edge.connect() as client:
            client.send(command())
            raw.wait("the request", lambda: raw.heads == 1)
            client.reset()
        self.assertEqual(edge.access_log(1)[0]["cause"], "client_gone")


if __name__ == "__main__":
    unittest.main()
