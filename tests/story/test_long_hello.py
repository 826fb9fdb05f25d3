"""ClientHellos that don't fit into one segment: OpenSSL 3.5, browsers and Go offer a post-quantum key share of 1,216 bytes by default."""

import socket
import ssl
import struct
import sys
import unittest

from client import PATIENCE, context
from harness import SOURCE, Story, certificates, config, pair

from web import Web

sys.path.insert(0, str(SOURCE / "tests" / "fuzz"))

import hellos  # noqa: E402

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
X25519_MLKEM768 = b"\x11\xec"  # draft-ietf-tls-ecdhe-mlkem: 1,184 bytes of ML-KEM-768 and 32 of X25519
TWO_NAMES = [{"name": "internet", "address": "127.0.0.1:0", "certificates": [pair("server-ecdsa"), pair("shop")]}]
CUTS = (1, 5, 9, 44, 100, 517, 1200, -1)  # where the first segment ends: in each part of the record, and before its last byte


class LongHello(Story):
    def setUp(self):
        self.server = self.standin(Web)
        self.edge = self.start(config(self.server, listen=TWO_NAMES))

    def pause(self):
        """The edge has read what was sent so far: it has served somebody else meanwhile, on each of its workers."""
        for _ in range(4):
            self.assertEqual(self.edge.ask(ASK).status, 200)

    def send_cut(self, raw, hello, cut):
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.sendall(hello[:cut])
        self.pause()
        raw.sendall(hello[cut:])

    def shake_hands(self, made, cut, name):
        """The library's own handshake, its first flight in two segments."""
        arriving, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = made.wrap_bio(arriving, leaving, server_hostname=name)
        with socket.create_connection(("127.0.0.1", self.edge.ports["internet"]), PATIENCE) as raw:
            first = None
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    data = leaving.read()
                    if first is None:
                        first = data
                        self.send_cut(raw, data, cut)
                    else:
                        raw.sendall(data)
                    said = raw.recv(65536)
                    self.assertTrue(said, "closed in the handshake")
                    arriving.write(said)
            tls.write(ASK)
            raw.sendall(leaving.read())
            reply = b""
            while b"hello" not in reply:
                try:
                    reply += tls.read()
                except ssl.SSLWantReadError:
                    said = raw.recv(65536)
                    self.assertTrue(said, "closed before the reply")
                    arriving.write(said)
        self.assertTrue(reply.startswith(b"HTTP/1.1 200 "), reply)
        names = {value for _, value in tls.getpeercert()["subjectAltName"]}
        return first, names

    def test_of_any_cut_is_served_with_the_certificate_of_its_name(self):
        # As long as one with a post-quantum key share, whatever the library here can offer.
        made = context(certificates() / "ca.pem", alpn=(*(f"x-{i:03}-{'y' * 90}" for i in range(16)), "http/1.1"))
        for cut in CUTS:
            with self.subTest(cut=cut):
                first, names = self.shake_hands(made, cut, "shop.example.test")
                self.assertGreater(len(first), 1460)
                self.assertIn("shop.example.test", names)

    @unittest.skipIf(ssl.OPENSSL_VERSION_INFO < (3, 5), "OpenSSL before 3.5 offers no post-quantum key share")
    def test_of_openssl_3_5_with_its_own_key_share(self):
        for cut in CUTS:
            with self.subTest(cut=cut):
                first, _ = self.shake_hands(context(certificates() / "ca.pem"), cut, "localhost")
                self.assertIn(X25519_MLKEM768, first)

    def test_with_a_key_share_that_nobody_knows_takes_the_one_that_is_known(self):
        unknown = b"\x2a\x2a"  # GREASE (RFC 8701), as large as the post-quantum one
        shares = b"".join(group + hellos.sized(2, key) for group, key in ((unknown, bytes(1216)), (hellos.X25519, bytes(range(1, 33)))))
        hello = hellos.record(hellos.message(
            hellos.server_name(b"localhost"), hellos.extension(10, hellos.sized(2, unknown + hellos.X25519)), hellos.extension(13, hellos.sized(2, b"\x04\x03\x08\x04")),
            hellos.extension(43, hellos.sized(1, hellos.TLS_1_3)), hellos.extension(51, hellos.sized(2, shares)), session=bytes(32)))
        self.assertGreater(len(hello), 1300)
        for cut in CUTS:
            with self.subTest(cut=cut), socket.create_connection(("127.0.0.1", self.edge.ports["internet"]), PATIENCE) as raw:
                self.send_cut(raw, hello, cut)
                said = b""
                while len(said) < 5 or len(said) < 5 + struct.unpack(">H", said[3:5])[0]:
                    more = raw.recv(65536)
                    self.assertTrue(more, "closed before ServerHello")
                    said += more
                self.assertEqual((said[0], said[5]), (22, 2), "a ServerHello")
                self.assertIn(b"\x00\x33\x00\x24" + hellos.X25519, said[: 5 + struct.unpack(">H", said[3:5])[0]], "its key_share is X25519's")
