"""The TLS front: versions, ALPN, certificates by name and by key, resumption across workers."""

import ssl
import struct
import subprocess
import unittest

from client import context
from harness import Story, certificates, config, pair

from web import Web

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
TWO_NAMES = [{"name": "internet", "address": "127.0.0.1:0", "certificates": [pair("server-ecdsa"), pair("server-rsa"), pair("shop")]}]


class Versions(Story):
    def setUp(self):
        _, self.edge = self.front(Web)

    def test_tls_1_3(self):
        with self.edge.connect(minimum=ssl.TLSVersion.TLSv1_3) as client:
            self.assertEqual(client.sock.version(), "TLSv1.3")
            client.send(ASK)
            self.assertEqual(client.reply().body, b"hello")
            self.assertEqual(client.end(), "closed", "TLS ends with close_notify")

    def test_tls_1_2(self):
        with self.edge.connect(maximum=ssl.TLSVersion.TLSv1_2) as client:
            self.assertEqual(client.sock.version(), "TLSv1.2")
            self.assertRegex(client.sock.cipher()[0], "GCM|CHACHA20")
            client.send(ASK)
            self.assertEqual(client.reply().body, b"hello")
            self.assertEqual(client.end(), "closed", "TLS ends with close_notify")

    def old(self, flag):
        """openssl s_client at security level 0, which alone can still say TLS 1.1."""
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{self.edge.ports['internet']}", flag, "-cipher", "ALL:@SECLEVEL=0"]
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)

    def test_tls_1_1_and_1_0_are_refused_and_the_log_says_so(self):
        for flag in ("-tls1_1", "-tls1"):
            done = self.old(flag)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(b"alert protocol version", done.stderr)
        self.edge.said.wait("(?i)version")

    def test_ciphers_without_forward_secrecy_are_refused(self):
        made = context(certificates() / "ca.pem", maximum=ssl.TLSVersion.TLSv1_2)
        made.set_ciphers("AES128-GCM-SHA256:AES256-SHA")
        with self.assertRaises(ssl.SSLError):
            self.edge.connect(context=made).close()
        self.edge.said.wait("(?i)cipher")

    def test_old_windows_finds_a_cipher_with_an_rsa_certificate(self):
        made = context(certificates() / "ca.pem", maximum=ssl.TLSVersion.TLSv1_2)
        made.set_ciphers("DHE-RSA-AES256-GCM-SHA384")
        with self.edge.connect(context=made) as client:
            self.assertEqual(client.sock.cipher()[0], "DHE-RSA-AES256-GCM-SHA384")

    def test_alpn_is_http_1_1(self):
        with self.edge.connect(alpn=("h2", "http/1.1")) as client:
            self.assertEqual(client.sock.selected_alpn_protocol(), "http/1.1")

    def test_a_client_without_alpn_is_served(self):
        with self.edge.connect(alpn=None) as client:
            self.assertIsNone(client.sock.selected_alpn_protocol())
            client.send(ASK)
            self.assertEqual(client.reply().status, 200)

    def test_plain_http_on_the_tls_port_ends_without_a_word_of_the_server(self):
        with self.edge.connect(tls=False) as client:
            client.send(ASK)
            self.assertIn(client.end(), ("closed", "reset"))
        self.assertEqual(self.edge.ask(ASK).status, 200)


class Certificates(Story):
    def names(self, client):
        return {value for _, value in client.sock.getpeercert()["subjectAltName"]}

    def test_the_name_picks_the_certificate(self):
        server = self.standin(Web)
        edge = self.start(config(server, listen=TWO_NAMES))
        with edge.connect(name="shop.example.test") as client:
            self.assertIn("shop.example.test", self.names(client))
        with edge.connect(name="ucto.ledger.test") as client:
            self.assertIn("*.ledger.test", self.names(client))

    def test_without_a_name_the_first_certificate_answers(self):
        server = self.standin(Web)
        edge = self.start(config(server, listen=TWO_NAMES))
        made = context(certificates() / "ca.pem")
        made.check_hostname = False
        for name in (None, "unknown.invalid"):
            with edge.connect(context=made, name=name) as client:
                self.assertIn("localhost", self.names(client))

    def test_each_client_gets_the_kind_of_key_it_can_use(self):
        _, edge = self.front(Web)
        for cipher, kind in (("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDSA"), ("ECDHE-RSA-AES128-GCM-SHA256", "RSA")):
            made = context(certificates() / "ca.pem", maximum=ssl.TLSVersion.TLSv1_2)
            made.set_ciphers(cipher)
            with edge.connect(context=made) as client:
                self.assertIn(kind, client.sock.cipher()[0])

    def test_ecdsa_is_preferred(self):
        _, edge = self.front(Web)
        with edge.connect(maximum=ssl.TLSVersion.TLSv1_2) as client:
            self.assertIn("ECDSA", client.sock.cipher()[0])

    def test_an_expired_certificate_warns_and_serves(self):
        self.warned("expired", "(?i)expired")

    def test_a_certificate_of_tomorrow_warns_and_serves(self):
        self.warned("not-yet", "(?i)not (yet )?valid|valid (from|yet)")

    def warned(self, name, word):
        server = self.standin(Web)
        edge = self.start(config(server, listen=[{"name": "internet", "address": "127.0.0.1:0", "certificates": [pair(name)]}]))
        self.assertRegex(edge.said.wait(word), "warning")
        made = context(certificates() / "ca.pem")
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
        with edge.connect(context=made) as client:
            client.send(ASK)
            self.assertEqual(client.reply().status, 200)


class Resumption(Story):
    def resumed(self, version):
        server = self.standin(Web)
        edge = self.start(config(server, workers=4))
        made = context(certificates() / "ca.pem", minimum=version, maximum=version)
        session = None
        taken = 0
        for _ in range(24):
            with edge.connect(context=made, session=session) as client:
                client.send(ASK)
                client.reply()
                client.end()
                taken += client.sock.session_reused
                session = client.sock.session
        # SO_REUSEPORT spreads the connections over the workers: were tickets not shared, three of four would start afresh.
        self.assertEqual(taken, 23)

    def test_tls_1_3_on_any_worker(self):
        self.resumed(ssl.TLSVersion.TLSv1_3)

    def test_tls_1_2_on_any_worker(self):
        self.resumed(ssl.TLSVersion.TLSv1_2)


def s_client(edge, *options, typed=None):
    """What openssl's client says; `typed` is what it reads, and keeps the connection open until it has ended by itself."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{edge.ports['internet']}", "-CAfile", certificates() / "ca.pem", *options]
    done = subprocess.run(list(map(str, command)), input=typed, stdin=None if typed else subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
    return (done.stdout + done.stderr).decode("utf-8", "replace")


class Refusals(Story):
    def setUp(self):
        _, self.edge = self.front(Web)

    def test_renegotiation(self):
        said = s_client(self.edge, "-tls1_2", typed=b"R\n")
        self.assertIn("RENEGOTIATING", said)
        self.assertRegex(said, "no renegotiation|alert|:error:")
        self.assertNotIn("verify return:1", said.split("RENEGOTIATING")[1], "a second handshake")
        self.assertEqual(self.edge.ask(ASK).status, 200)

    def test_early_data(self):
        said = s_client(self.edge, "-tls1_3", "-sess_out", self.edge.directory / "session", "-ign_eof", typed=ASK)
        self.assertIn("200 OK", said)
        self.assertIn("Max Early Data: 0", said)
        early = self.edge.directory / "early"
        early.write_bytes(ASK)
        said = s_client(self.edge, "-tls1_3", "-sess_in", self.edge.directory / "session", "-early_data", early, "-ign_eof", typed=ASK)
        self.assertIn("Early data was not sent", said)

    def test_compression(self):
        """A ClientHello that offers DEFLATE, and would like it better: the null method is taken (RFC 3749)."""
        suites, groups = b"\xc0\x2b\xc0\x2f", b"\x00\x17"
        extensions = b"\x00\x0a\x00\x04\x00\x02" + groups + b"\x00\x0b\x00\x02\x01\x00" + b"\x00\x0d\x00\x06\x00\x04\x04\x03\x08\x04"
        hello = b"\x03\x03" + bytes(32) + b"\x00" + struct.pack(">H", len(suites)) + suites + b"\x02\x01\x00"
        hello += struct.pack(">H", len(extensions)) + extensions
        message = b"\x01" + struct.pack(">I", len(hello))[1:] + hello
        with self.edge.connect(tls=False) as client:
            client.send(b"\x16\x03\x01" + struct.pack(">H", len(message)) + message)
            kind, _, size = struct.unpack(">BHH", client.exactly(5))
            reply = client.exactly(size)
        self.assertEqual((kind, reply[0]), (22, 2), "a ServerHello")
        session = 6 + 32  # its length, behind the message's head, the version and the random
        chosen = reply[session + 1 + reply[session] + 2]
        self.assertEqual(chosen, 0)


class HandshakesInFlight(Story):
    def test_the_longest_gives_way_to_the_newest(self):
        server = self.standin(Web)
        edge = self.start(config(server, workers=1, limits={"handshakes": 4}))
        stalled = [edge.connect(tls=False) for _ in range(12)]
        for client in stalled:
            self.addCleanup(client.close)
            client.send(b"\x16\x03\x01\x02\x00\x01")
        for client in stalled[:8]:
            self.assertIn(client.end(), ("closed", "reset"))
        edge.said.wait("limits.handshakes")
        for _ in range(4):
            self.assertEqual(edge.ask(ASK).status, 200, "who means it is through in a moment")
        stalled[-1].sock.setblocking(False)
        with self.assertRaises(BlockingIOError, msg="a good caller at a time pushes out one"):
            stalled[-1].more()


if __name__ == "__main__":
    unittest.main()
