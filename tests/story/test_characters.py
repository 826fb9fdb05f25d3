"""ApiComPrem builds that count Content-Length in characters, and PHP clients that read to the end (docs/vendors.md, ApiComPrem)."""

import json
import re
import unittest

from harness import Story, config, poll, sanitized

from apicomprem import ApiComPrem
from raw import Raw

H = b"Host: localhost\r\n"
UNIT = b"ID-UJ: c8175fe2-5aba-460e-a492-5da487105394\r\n"
CZECH = '{"Result":"OK","Data":[{"NAZEV":"Žluťoučký kůň 😀"}]}'
UNITS = len(CZECH.encode("utf-16-le")) // 2


def command(extra=b"", body=b'{"select":"select top 10 * from partnery"}'):
    return b"POST /api/comm HTTP/1.1\r\n" + H + UNIT + extra + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Characters(Story):
    def raw(self, server=None, **settings):
        raw = self.standin(Raw)
        raw.close_after_answer = True
        route = {"operations": ["select", "read", "write"]}
        return raw, self.start(config(raw, "apicomprem", server={"length": "characters", **(server or {})}, route=route, **settings))

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

    def test_what_slow_callers_leave_lies_in_the_spool_and_not_in_memory(self):
        """16 replies of 8 MiB, of which nobody takes a byte: whole, off the server, and on the account of their caller."""
        size, callers = 8 << 20, 16
        body = '["' + "ž" * ((size - 4) // 2) + '"]'
        raw, edge = self.raw(
            server={"concurrency": 4},
            spool={"memory": "64KiB", "memory_total": "1MiB", "total": "2GiB"},
            admin={"address": "127.0.0.1:0"},
        )
        self.answer(raw, len(body), body)
        self.assertEqual(edge.ask(command()).status, 200)
        before = edge.memory()
        for _ in range(callers):
            client = edge.connect("lan", receive_buffer=4096)
            self.addCleanup(client.close)
            client.send(command())

        def spooled(where):
            found = re.search(rb'ledgergate_spool_bytes{where="%s"} (\S+)' % where, self.metrics(edge))
            return float(found[1])

        # What the kernel took of each is off the disk again, in steps of 1 MiB.
        poll("all of them in the spool", lambda: spooled(b"files") > callers * (size - (5 << 20)))
        self.assertLessEqual(spooled(b"memory"), 1 << 20)
        raw.wait("all answers to be off the server", lambda: len(raw.requests) == callers + 1)
        if not sanitized():
            self.assertLess(edge.memory() - before, 16 << 10, "KiB")

    def metrics(self, edge):
        return edge.ask(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", "admin", tls=False).body

    def test_what_is_not_believed_has_no_outcome(self):
        raw, edge = self.raw()
        self.answer(raw, UNITS - 2, CZECH)
        self.assert_refused(edge.ask(command()), 502, "reply_bad_length", "maybe")
        self.assertIn(edge.access_log(1)[0].get("outcome"), (None, "unknown"))

    def test_framing_that_needs_no_counting_stays_as_it_is(self):
        raw, edge = self.raw()
        raw.turn(answer=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n\"\xc5\xbe\"\r\n0\r\n\r\n")
        reply = edge.ask(command())
        self.assertEqual((reply.status, reply.body), (200, '"ž"'.encode()))

    def test_without_a_fin_there_is_no_reply(self):
        raw, edge = self.raw({"timeouts": {"stall": "300ms"}, "hold": "300ms"})
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
