"""TLS where it ends, or asks for more in the middle: alerts that arrive, and servers that want the edge's certificate for a path."""

import socket
import ssl
import struct
import subprocess
import time
import unittest

from harness import Lines, Story, certificates, config, free_port, pair
from standin import PATIENCE
from web import Web

from raw import Raw

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
FATAL = 2
MUCH = bytes(300_000)  # more than one read of the edge takes


class AlertsArrive(Story):
    """What the caller has sent, and nobody reads, resets no alert away."""

    def setUp(self):
        _, self.edge = self.front(Web)

    def all_of(self, sock):
        """Until the end, which must be none by a reset."""
        got = b""
        while data := sock.recv(65536):
            got += data
        return got

    def records(self, data):
        while data:
            kind, _, size = struct.unpack(">BHH", data[:5])
            yield kind, data[5 : 5 + size]
            data = data[5 + size :]

    def open(self):
        sock = socket.create_connection(("127.0.0.1", self.edge.ports["internet"]), PATIENCE)
        self.addCleanup(sock.close)
        return sock

    def shaken(self, version):
        """A socket behind a handshake, and its TLS."""
        sock = self.open()
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        made.load_verify_locations(certificates() / "ca.pem")
        made.minimum_version = made.maximum_version = version
        coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = made.wrap_bio(coming, going, server_hostname="localhost")
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                sock.sendall(going.read())
                coming.write(sock.recv(65536))
        sock.sendall(going.read())
        return sock, tls, coming, going

    def fails_with_alert(self, sock, tls, coming):
        coming.write(self.all_of(sock))
        with self.assertRaisesRegex(ssl.SSLError, "(?i)bad.record.mac|alert"):
            tls.read(65536)

    def test_of_a_handshake(self):
        groups = b"\x00\x0a\x00\x04\x00\x02\x00\x17"
        hello = b"\x03\x01" + bytes(32) + b"\x00" + b"\x00\x02\xc0\x13" + b"\x01\x00" + struct.pack(">H", len(groups)) + groups
        message = b"\x01" + struct.pack(">I", len(hello))[1:] + hello
        sock = self.open()
        sock.sendall(b"\x16\x03\x01" + struct.pack(">H", len(message)) + message + MUCH)
        self.assertEqual([(kind, body[:1]) for kind, body in self.records(self.all_of(sock))], [(21, bytes([FATAL]))])

    def test_between_requests_and_inside_a_body(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for begun in (b"", b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nx"):
                with self.subTest(version=version, begun=begun[:4]):
                    sock, tls, coming, going = self.shaken(version)
                    if begun:
                        tls.write(begun)
                    sock.sendall(going.read() + b"\x17\x03\x03\x40\x00" + MUCH)
                    self.fails_with_alert(sock, tls, coming)

    def test_an_endless_sender_is_left(self):
        sock = self.open()
        sock.sendall(b"\x16\x03\x01\x00\x04\x01\x00\x00\x00")
        try:
            for _ in range(100_000):  # far more than is discarded
                sock.sendall(MUCH)
            self.fail("all of it was taken")
        except OSError:
            pass


class AsksLater(Raw):
    """Asks for a certificate when it knows the path, as Apache does with SSLVerifyClient in a Location."""

    def serve(self, connection):
        while (request := connection.reader.head()) is not None:
            if request.path == b"/private" and not connection.sock.getpeercert(True):
                connection.sock.verify_client_post_handshake()
                connection.send(b"HTTP/1.1 102 Processing\r\n\r\n")
                connection.sock.settimeout(0.05)
                end = time.monotonic() + PATIENCE
                while not connection.sock.getpeercert(True) and time.monotonic() < end:
                    try:
                        connection.reader.more()
                    except TimeoutError:
                        pass
                connection.sock.settimeout(None)
            known = b"known" if connection.sock.getpeercert(True) else b"nobody"
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(known), known))


class CertificatesForAPath(Story):
    def test_are_shown_behind_the_handshake(self):
        server = self.standin(AsksLater, tls=(certificates() / "server-ecdsa.pem", certificates() / "server-ecdsa.key"))
        server.tls.load_verify_locations(certificates() / "ca.pem")
        server.tls.verify_mode = ssl.CERT_REQUIRED
        server.tls.post_handshake_auth = True
        server.tls.minimum_version = ssl.TLSVersion.TLSv1_3
        tls = {"ca": str(certificates() / "ca.pem"), "name": "localhost", "client_certificate": pair("client")}
        edge = self.start(config(server, server={"tls": tls}, workers=1))
        for path, known in ((b"/", b"nobody"), (b"/private", b"known"), (b"/private", b"known")):
            reply = edge.ask(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path)
            self.assertEqual((reply.status, reply.body), (200, known))
        self.assertEqual(server.connections, 1)

    def test_by_renegotiation_have_the_true_cause_named(self):
        port = free_port()
        identity = certificates() / "server-ecdsa"
        command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-tls1_2", "-cert", f"{identity}.pem", "-cert_chain", f"{identity}.pem", "-key", f"{identity}.key"]
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        said = Lines(server.stdout)
        said.wait("ACCEPT")
        tls = {"ca": str(certificates() / "ca.pem"), "name": "localhost", "client_certificate": pair("client")}
        edge = self.start(config(f"https://127.0.0.1:{port}", server={"tls": tls}, workers=1))
        with edge.connect("lan") as client:
            client.send(ASK)
            said.wait("^GET /")
            server.stdin.write(b"R\n")
            server.stdin.flush()
            said.wait("SSL_do_handshake")
            server.stdin.write(b"Q\n")
            server.stdin.flush()
            reply = client.reply()
        self.assert_refused(reply, 502, "upstream_tls", forwarded="maybe")
        self.assertIn("in the middle of a TLS 1.2 connection", edge.access_log(1)[0]["detail"])


if __name__ == "__main__":
    unittest.main()
