"""TLS where it ends, or asks for more in the middle: alerts that arrive, and servers that want the edge's certificate for a path."""

import re
import socket
import ssl
import struct
import subprocess
import time
import unittest

from harness import Lines, Story, certificates, config, free_port, pair
from standin import PATIENCE, StandIn
from web import Web

import websocket
from client import Ended
from raw import Raw

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
FATAL = 2
MUCH = bytes(300_000)  # more than one read of the edge takes
MORE = bytes(10_000_000)  # more than the kernels hold between the two


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


class Shouts(StandIn):
    """Speaks TLS by its own hand, and says MORE that nobody can read: with its first flight, behind the handshake, or behind its
    `answer` to the first request. `heard` is how each of its connections ended."""

    name = "shouts"
    WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    PART = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx"

    def __init__(self, chain="server-ecdsa", version=ssl.TLSVersion.TLSv1_3, **knobs):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificates() / f"{chain}.pem", certificates() / f"{chain}.key")
        self.context.minimum_version = self.context.maximum_version = version
        self.heard = []
        super().__init__(**knobs)

    def known_knobs(self):
        return {"when", "answer", "hold", "ends"}

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    def serve(self, connection):
        connection.sock.settimeout(PATIENCE)
        try:
            self.talk(connection.sock)
            heard = "end"
        except ssl.SSLError as error:
            heard = re.sub(r"^\[SSL: (SSLV3_|TLSV1_|TLSV13_)?(ALERT_)?([A-Z_]+)\].*", r"\3", str(error))
        except OSError as error:
            heard = type(error).__name__
        with self.changed:
            self.heard.append(heard)
            self.changed.notify_all()
        if self.knobs.get("ends") is False:
            connection.wait_until_gone()
            self.released.wait(PATIENCE)

    def talk(self, sock):
        coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context.wrap_bio(coming, going, server_side=True)

        def step(act, *arguments, behind=b""):
            while True:
                try:
                    return act(*arguments)
                except ssl.SSLWantReadError:
                    flight = going.read()
                    sock.sendall(flight + (behind if flight else b""))
                    if data := sock.recv(65536):
                        coming.write(data)
                    else:
                        coming.write_eof()
                finally:
                    if flight := going.read():
                        sock.sendall(flight)

        when = self.knobs["when"]
        step(tls.do_handshake, behind=MORE if when == "flight" else b"")
        if when == "asked":
            request = step(tls.read, 65536)
            key = re.search(rb"(?i)sec-websocket-key: (\S+)", request)
            tls.write(self.knobs["answer"].replace(b"ACCEPT", websocket.accept(key[1]) if key else b""))
            sock.sendall(going.read())
            self.released.wait(PATIENCE if self.knobs.get("hold") else 0)
        sock.sendall(b"\x17\x03\x03\x40\x00" + MORE)  # a record that is none of this connection's
        while step(tls.read, 65536):
            pass


class AlertsToServersArrive(Story):
    """The same of a server that the edge calls: its administrator reads what is wrong, and not "connection reset"."""

    VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)

    def call(self, server, ca="ca", name="localhost", **settings):
        tls = {"ca": str(certificates() / f"{ca}.pem"), "name": name}
        return self.start(config(server, server={"tls": tls}, workers=1, **settings))

    def heard(self, server, count=1):
        server.wait("end of the connection", lambda: len(server.heard) >= count)
        return server.heard[count - 1]

    def test_of_a_handshake(self):
        for version in self.VERSIONS:
            for chain, ca, name, alert in (
                ("server-ecdsa", "other-ca", "localhost", "UNKNOWN_CA"),
                ("server-ecdsa", "ca", "elsewhere.test", "BAD_CERTIFICATE"),
                ("expired", "ca", "localhost", "CERTIFICATE_EXPIRED"),
            ):
                with self.subTest(version=version, alert=alert):
                    server = self.standin(Shouts, chain, version, when="flight")
                    reply = self.call(server, ca, name).ask(ASK, "lan")
                    self.assert_refused(reply, 502, "tls_certificate_error")
                    self.assertEqual(self.heard(server), alert)

    def test_behind_the_handshake(self):
        for version in self.VERSIONS:
            with self.subTest(version=version):
                server = self.standin(Shouts, version=version, when="unasked")
                self.call(server).ask(ASK, "lan")
                self.assertIn(self.heard(server), ("BAD_RECORD_MAC", "DECRYPTION_FAILED_OR_BAD_RECORD_MAC"))

    def test_of_a_connection_that_idles(self):
        for version in self.VERSIONS:
            with self.subTest(version=version):
                server = self.standin(Shouts, version=version, when="asked", answer=Shouts.WHOLE, hold=True)
                edge = self.call(server)
                with edge.connect("lan") as client:
                    client.send(ASK)
                    self.assertEqual(client.reply().status, 200)
                    server.release()
                    self.assertEqual(self.heard(server), "BAD_RECORD_MAC")

    def test_in_the_middle_of_a_reply(self):
        for version in self.VERSIONS:
            with self.subTest(version=version):
                server = self.standin(Shouts, version=version, when="asked", answer=Shouts.PART)
                edge = self.call(server)
                with edge.connect("lan") as client:
                    client.send(ASK)
                    with self.assertRaises(Ended):
                        client.reply()
                self.assertEqual(self.heard(server), "BAD_RECORD_MAC")

    def test_in_a_tunnel(self):
        accepted = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n"
        server = self.standin(Shouts, when="asked", answer=accepted, hold=True)
        edge = self.call(server, route={"websocket": True})
        upgrade = b"Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        with edge.connect("lan") as client:
            client.send(ASK[:-2] + upgrade)
            self.assertEqual(client.reply().status, 101)
            server.release()
            self.assertEqual(self.heard(server), "BAD_RECORD_MAC")

    def test_does_not_keep_the_edge_from_its_end(self):
        """Servers that never end their side hold a few connections, for a moment, and no exit."""
        server = self.standin(Shouts, when="flight", ends=False)
        edge = self.call(server, "other-ca")
        before = edge.descriptors()
        for count in range(1, 41):
            self.assert_refused(edge.ask(ASK, "lan"), 502, "tls_certificate_error")
            self.assertEqual(self.heard(server, count), "UNKNOWN_CA")
        self.assertLessEqual(edge.descriptors() - before, 20)
        edge.stop()

    def test_an_endless_server_is_left(self):
        listener = socket.create_server(("127.0.0.1", free_port()))
        self.addCleanup(listener.close)
        edge = self.call(f"https://localhost:{listener.getsockname()[1]}")
        with edge.connect("lan") as client:
            client.send(ASK)
            sock, _ = listener.accept()
            self.addCleanup(sock.close)
            sock.settimeout(PATIENCE)
            with self.assertRaises(ConnectionError):
                for _ in range(100_000):  # far more than is discarded
                    sock.sendall(MORE)
            self.assert_refused(client.reply(), 502, "tls_protocol_error")


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
