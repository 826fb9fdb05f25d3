"""The server's own name on the LAN: it leaves neither in a head nor in an mServer's status, however either is spelled or coded."""

import gzip
import unittest
import zlib

from harness import Story, config
from other_world import World

from raw import Raw
from texts import text

H = b"Host: ucto.example.test\r\n"
DETAIL = b"GET /status?companyDetail HTTP/1.1\r\n" + H + b"Accept-Encoding: gzip, deflate\r\nRange: bytes=0-99\r\n\r\n"


def answer(fields, body=b"", status=200):
    lines = [f"HTTP/1.1 {status} X", *fields, "", ""]
    return "\r\n".join(lines).encode() + body


def sized(fields, body):
    return answer([*fields, f"Content-Length: {len(body)}"], body)


def chunked(fields, body, size=7):
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return answer([*fields, "Transfer-Encoding: chunked"], b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n")


def bare_deflate(body):
    press = zlib.compressobj(wbits=-15)
    return press.compress(body) + press.flush()


class InHeads(World):
    def setUp(self):
        super().setUp()
        self.server = self.standin(Raw)
        settings = config(f"http://named.world.test:{self.server.port}", server={"aliases": ["C0508P", "old.lan:8080"]})
        self.edge = self.begin(settings)

    def fields_behind(self, *fields):
        self.server.turn(answer=sized(fields, b""))
        return self.edge.ask(b"GET / HTTP/1.1\r\n" + H + b"\r\n", "lan")

    def test_every_name_of_the_server_becomes_the_public_one(self):
        port = self.server.port
        for name in (f"named.world.test:{port}", f"127.0.0.1:{port}", f"[::ffff:127.0.0.1]:{port}", f"C0508P:{port}", "c0508p.", "old.lan:8080"):
            lan = f"http://{name}/a"
            reply = self.fields_behind(f"Location: {lan}", f"Refresh: 0;url={lan}", f"Link: <{lan}>;rel=next", f"Content-Location: {lan}")
            public = "http://ucto.example.test/a"
            self.assertEqual(
                [reply.get(field) for field in ("Location", "Refresh", "Link", "Content-Location")],
                [public, f"0;url={public}", f"<{public}>;rel=next", public],
            )

    def test_cookies_of_the_server_are_the_public_hosts(self):
        reply = self.fields_behind("Set-Cookie: a=1; Domain=world.test; Secure", "Set-Cookie: b=2; Domain=127.0.0.1")
        self.assertEqual(reply.all("Set-Cookie"), ["a=1; Secure", "b=2"])


class InAStatus(Story):
    """mServer's /status?companyDetail, which goes to the server as it is asked."""

    def setUp(self):
        self.server = self.standin(Raw)

    def asked(self, answer, request=DETAIL, **route):
        self.edge = self.start(config(self.server, "mserver", route=route))
        self.server.close_after_answer = True
        self.server.turn(answer=answer)
        return self.edge.ask(request, "lan")

    def assert_masked(self, reply, charset="utf-8"):
        self.assertEqual(reply.status, 200)
        self.assertIn(reply.get("Content-Encoding"), (None, "identity"))
        body = reply.body.decode(charset)
        self.assertIn("<server>http://ucto.example.test</server>", body)
        self.assertIn("<company>Novák</company>", body)
        self.assertNotIn("C0508P", body)

    def test_is_asked_for_plain_and_whole(self):
        self.assert_masked(self.asked(sized(["Content-Type: text/xml"], text("company-detail.xml"))))
        head = self.server.transcript()
        self.assertIn(b"\r\nAccept-Encoding: identity\r\n", head)
        self.assertNotIn(b"gzip", head)
        self.assertNotIn(b"\r\nRange:", head)

    def test_is_masked_in_every_coding(self):
        plain = text("company-detail.xml")
        for coding, body in (("gzip", gzip.compress(plain)), ("x-gzip", gzip.compress(plain)), ("deflate", zlib.compress(plain)), ("deflate", bare_deflate(plain)), ("identity", plain)):
            for frame in (sized, chunked, lambda fields, body: answer(fields, body)):
                with self.subTest(coding=coding):
                    self.assert_masked(self.asked(frame([f"Content-Encoding: {coding}"], body)))

    def test_is_masked_in_every_charset(self):
        plain = text("company-detail.xml").decode()
        for charset in ("utf-8", "utf-8-sig", "cp1250", "utf-16", "utf-16-le", "utf-16-be", "utf-32"):
            body = plain.replace('encoding="UTF-8"', f'encoding="{charset}"').encode(charset)
            for coded in ([], ["Content-Encoding: gzip"]):
                with self.subTest(charset=charset, coded=coded):
                    self.assert_masked(self.asked(chunked(coded, gzip.compress(body) if coded else body)), charset)

    def test_that_cannot_be_looked_into_goes_no_further(self):
        body = gzip.compress(text("company-detail.xml"))
        for fields, body in (
            (["Content-Encoding: br"], b"\x0b\x02\x80C0508P\x03"),
            (["Content-Encoding: gzip, gzip"], gzip.compress(body)),
            (["Content-Encoding: gzip"], body[:-5]),
            (["Content-Encoding: gzip"], text("company-detail.xml")),
            (["Content-Encoding: gzip"], gzip.compress(b"<mserver>" + bytes(1 << 20))),
            ([], b"<server>http://C0508P:444</server>" + b" " * 70000),
            # Without a label, or with one that nobody reads as such.
            ([], body),
            (["Content-Encoding: identity"], body),
            (["Content_Encoding: gzip"], body),
            (["Content-Encoding: gzip"], gzip.compress(body)),
            ([], zlib.compress(text("company-detail.xml"))),
            ([], bare_deflate(text("company-detail.xml"))),
            (["Content-Encoding: gzip"], body + b"\0\0"),
        ):
            with self.subTest(fields=fields):
                reply = self.asked(sized(fields, body))
                self.assertEqual(reply.status, 502)
                self.assertNotIn(b"C0508P", reply.body)

    def test_is_masked_in_more_members_than_one(self):
        plain = text("company-detail.xml")
        members = gzip.compress(plain[:150]) + gzip.compress(b"") + gzip.compress(plain[150:])
        self.assert_masked(self.asked(sized(["Content-Encoding: gzip"], members)))
        many = self.asked(sized(["Content-Encoding: gzip"], gzip.compress(b"<server>C0508P</server>" + b" " * 40000) * 2))
        self.assertEqual(many.status, 502)

    def test_of_any_outcome_is_masked(self):
        plain = text("company-detail.xml").replace(b"</mserver>", b"<m:server>C0508P</m:server></mserver>")
        for status in (400, 401, 404, 500, 503):
            for coded in (True, False):
                body = gzip.compress(plain) if coded else plain
                fields = [f"Content-Length: {len(body)}", *(["Content-Encoding: gzip"] if coded else [])]
                with self.subTest(status=status, coded=coded):
                    reply = self.asked(answer(fields, body, status))
                    self.assertEqual(reply.status, status)
                    self.assertIn(b"<server>http://ucto.example.test</server>", reply.body)
                    self.assertNotIn(b"C0508P", reply.body)

    def test_without_the_mask_stays_as_it_came(self):
        body = gzip.compress(text("company-detail.xml"))
        reply = self.asked(sized(["Content-Encoding: gzip"], body), mask_server_name=False)
        self.assertEqual((reply.body, reply.get("Content-Encoding")), (body, "gzip"))
        self.assertIn(b"\r\nAccept-Encoding: gzip, deflate\r\n", self.server.transcript())

    def test_of_the_edges_own_question_is_masked_too(self):
        for coded in (True, False):
            plain = text("status.xml")
            reply = self.asked(sized(["Content-Encoding: gzip"] if coded else [], gzip.compress(plain) if coded else plain), b"GET /status HTTP/1.1\r\n" + H + b"\r\n")
            self.assertEqual(reply.status, 200)
            self.assertIn(b"<server>http://ucto.example.test</server>", reply.body)


class KeptConnections(Story):
    """A server says how long it keeps a connection (Keep-Alive): no request goes out where the two could cross."""

    def test_are_not_used_in_their_last_second(self):
        server = self.standin(Raw)
        edge = self.start(config(server, workers=1))
        for said, connections in (("timeout=0", 5), ("timeout=1, max=99", 5), ("timeout=3600", 1), ("max=5", 1), ("timeout=60, max=0", 5)):
            with self.subTest(said=said):
                before = server.connections
                server.turn(answer=sized([f"Keep-Alive: {said}", "Connection: Keep-Alive"], b"ok"))
                for _ in range(5):
                    self.assertEqual(edge.ask(b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 1\r\n\r\nx", "lan").body, b"ok")
                # The first may go over one that was kept before.
                self.assertIn(server.connections - before, (connections, connections - 1))


class SecretsOfOneC(Story):
    def test_do_not_stand_in_the_log(self):
        server = self.standin(Raw)
        edge = self.start(config(server, "onec", route={"path": "/base"}))
        secrets = b"cred=c3VwZXI6c2VjcmV0&usr=secret&Pwd=secret&N=secret&P=secret&UC=secret&u=http://u:secret@h/"
        edge.ask(b"GET /base/e1cib/login?" + secrets + b"&ver=8 HTTP/1.1\r\n" + H + b"Referer: http://h/?P=secret\r\n\r\n", "lan")
        edge.ask(b"GET /elsewhere?" + secrets + b"&ver=8 HTTP/1.1\r\n" + H + b"\r\n", "lan")
        for line in edge.access_log(2):
            self.assertEqual(line["query"], "cred=***&usr=***&Pwd=***&N=***&P=***&UC=***&u=***&ver=8")
        self.assertNotIn("secret", edge.said.text)


if __name__ == "__main__":
    unittest.main()
