"""Floods of TLS records that bring nothing: they end after a bounded count, and who merely cuts its bytes small is served."""

import ssl
import struct
import unittest

from harness import Story, certificates
from records import ALERT, CHANGE_CIPHER_SPEC, DATA, HANDSHAKE, Records

from web import Web

TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /sink HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
MANY = 12_500  # records, of 22 bytes and more: the edge gives 256 KiB of credit
WARNING = b"\1\x5a"  # user_canceled


class Raw(Story):
    def setUp(self):
        self.server, self.edge = self.front(Web, workers=1)

    def open(self, version, **options):
        made = Records(self.edge.ports["internet"], certificates() / "ca.pem", version, **options)
        self.addCleanup(made.close)
        return made

    def answered(self, caller):
        """It is served, which the server behind the edge can tell."""
        count = len(self.server.requests) + 1
        self.assertTrue(caller.send(caller.record(DATA, ASK)))
        self.server.wait_for_requests(count)

    def ended(self, caller):
        """Whatever it still says is said to nobody."""
        heads = self.server.heads
        if caller.send(caller.record(DATA, b"\r\n" + ASK)):
            caller.wait_for_end()
        self.assertEqual(self.server.heads, heads, "a request behind the flood was served")
        self.assertEqual(self.edge.ask(ASK).status, 200)


class AfterTheHandshake(Raw):
    def test_of_both_versions_are_written_right(self):
        for version in (TLS_1_2, TLS_1_3):
            caller = self.open(version)
            for _ in range(3):
                self.answered(caller)

    def flood(self, make, versions=(TLS_1_2, TLS_1_3), few=3):
        """A few of what `make` makes (a caller in; records out) do no harm, many end the connection."""
        for version in versions:
            caller = self.open(version)
            caller.send(b"".join(make(caller) for _ in range(few)))
            self.answered(caller)
            caller.send(b"".join(make(caller) for _ in range(MANY)))
            self.ended(caller)

    def test_empty_ones(self):
        self.flood(lambda caller: caller.record(DATA))

    def test_warnings(self):
        self.flood(lambda caller: caller.record(ALERT, WARNING))

    def test_key_updates(self):
        for requested in (0, 1):
            self.flood(lambda caller: caller.key_update(requested), (TLS_1_3,))

    def test_renegotiations(self):
        """Each would like an answer."""
        self.flood(lambda caller: caller.record(HANDSHAKE, b"\1\0\0\0"), (TLS_1_2,), few=0)

    def among_crumbs(self, make, versions=(TLS_1_2, TLS_1_3)):
        """OpenSSL counts what comes in a row; a byte of a body in between begins a new row."""
        for version in versions:
            caller = self.open(version)
            caller.send(caller.record(DATA, POST % (MANY // 2)))
            caller.send(b"".join(make(caller) + make(caller) + make(caller) + caller.record(DATA, b"x") for _ in range(MANY // 2)))
            caller.wait_for_end()
            self.assertEqual(self.edge.ask(ASK).status, 200)
        self.assertEqual({request.method for request in self.server.requests}, {"GET"}, "a body was taken whole")

    def test_empty_ones_among_crumbs(self):
        self.among_crumbs(lambda caller: caller.record(DATA))

    def test_warnings_among_crumbs(self):
        self.among_crumbs(lambda caller: caller.record(ALERT, WARNING))

    def test_key_updates_among_crumbs(self):
        self.among_crumbs(lambda caller: caller.key_update(0), (TLS_1_3,))

    def test_crumbs_alone_are_served(self):
        for version in (TLS_1_2, TLS_1_3):
            caller = self.open(version)
            count = len(self.server.requests) + 1
            head, body = POST % MANY, b"x" * MANY
            caller.send(b"".join(caller.record(DATA, bytes([byte])) for byte in head + body))
            self.assertEqual(self.server.wait_for_requests(count).body, body)


def plain(kind, content):
    return struct.pack(">BHH", kind, 0x303, len(content)) + content


def crumbs(flight):
    """The same message, a byte a record."""
    size = struct.unpack(">H", flight[3:5])[0]
    assert len(flight) == 5 + size
    return b"".join(plain(HANDSHAKE, flight[5 + at : 6 + at]) for at in range(size))


class InTheHandshake(Raw):
    def test_a_hello_in_crumbs_is_understood(self):
        for version in (TLS_1_2, TLS_1_3):
            self.answered(self.open(version, flight=crumbs))

    def refused(self, flight, versions=(TLS_1_2, TLS_1_3)):
        for version in versions:
            try:
                caller = self.open(version, flight=flight)
            except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
                self.assertEqual(self.edge.ask(ASK).status, 200)
            else:
                self.ended(caller)  # its own end of a TLS 1.3 handshake is done before the edge has read what else it said

    def test_empty_ones(self):
        self.refused(lambda hello: plain(HANDSHAKE, b"") * MANY + hello)
        self.refused(lambda hello: hello[:3] + b"\0\1" + hello[5:6] + plain(HANDSHAKE, b"") * MANY + plain(HANDSHAKE, hello[6:]))

    def test_warnings(self):
        self.refused(lambda hello: plain(ALERT, WARNING) * MANY + hello)
        self.refused(lambda hello: hello + plain(ALERT, WARNING) * MANY)

    def test_a_few_change_cipher_specs_are_understood(self):
        """RFC 8446 appendix D.4: they mean nothing, and boxes in between like them."""
        self.answered(self.open(TLS_1_3, flight=lambda hello: hello + plain(CHANGE_CIPHER_SPEC, b"\1") * 2))

    def test_change_cipher_specs(self):
        self.refused(lambda hello: hello + plain(CHANGE_CIPHER_SPEC, b"\1") * 5 * MANY)
        self.refused(lambda hello: plain(CHANGE_CIPHER_SPEC, b"\1") * 5 * MANY + hello)


if __name__ == "__main__":
    unittest.main()
