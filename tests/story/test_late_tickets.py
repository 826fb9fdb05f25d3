"""What a server says on a connection that outlives the settings it was made under: session tickets, which may come at any time behind
the handshake (RFC 8446 section 4.6.1). What they are kept in must not go with the settings."""

import fcntl
import socket
import ssl
import struct
import termios
import threading
import unittest

from authority import Authority
from harness import Story, certificates, config, pair, poll
from records import DATA, HANDSHAKE, Sealer, expand

from standin import PATIENCE, StandIn

ASK = b"GET /one HTTP/1.1\r\nHost: localhost\r\n\r\n"
OTHER = b"GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n"
REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ROUNDS = 40


class LateTickets(StandIn):
    """Answers over TLS 1.3, and sends session tickets whenever a test wants, the last before it closes: it seals them itself, since
    Python's ssl sends them with the handshake only."""

    name = "late tickets"

    def __init__(self, directory):
        self.keys = directory / "keys"
        super().__init__(tls=(certificates() / "server-ecdsa.pem", certificates() / "server-ecdsa.key"))
        self.tls.minimum_version = ssl.TLSVersion.TLSv1_3
        self.tls.num_tickets = 0
        self.tls.keylog_filename = str(self.keys)
        self.asked = threading.Event()  # the edge has its reply, and waits for the end
        self.may_end = threading.Event()
        self.sent = None  # the last ticket: whether the edge was still there

    def secret_of(self, connection):
        """The key log's newest: one connection at a time."""
        return bytes.fromhex([line for line in self.keys.read_text().splitlines() if line.startswith("SERVER_TRAFFIC_SECRET_0")][-1].split()[2])

    def ticket(self, connection, number):
        """NewSessionTicket in the record of that number."""
        secret = self.secret_of(connection)
        digest = "sha384" if connection.sock.cipher()[0].endswith("SHA384") else "sha256"
        key = expand(secret, b"key", 32 if "256_GCM" in connection.sock.cipher()[0] else 16, digest)
        iv = expand(secret, b"iv", 12, digest)
        body = struct.pack(">IIB", 7200, number, 1) + bytes([number]) + struct.pack(">H", 32) + bytes(32) + bytes(2)
        content = b"\4" + struct.pack(">I", len(body))[1:] + body
        head = struct.pack(">BHH", DATA, 0x303, len(content) + 17)
        sealer = Sealer(key)
        try:
            return head + sealer.seal(bytes(a ^ b for a, b in zip(iv, struct.pack(">4xQ", number))), head, content + bytes([HANDSHAKE]))
        finally:
            sealer.free()

    def serve(self, connection):
        request = connection.reader.head()
        if request is None:
            return
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()
        if self.knobs.get("hold"):
            self.released.wait(PATIENCE)
        connection.send(REPLY)
        connection.reader.head()  # the edge's close_notify and FIN
        self.asked.set()
        self.may_end.wait(PATIENCE)
        self.sent = self.deliver(connection, self.ticket(connection, 1))

    def deliver(self, connection, record):
        """Whether the edge's machine took it for a connection that is open; one that is closed answers with a reset."""
        try:
            connection.raw.sendall(record)
            end = threading.Event()
            for _ in range(1000):
                if struct.unpack("i", fcntl.ioctl(connection.raw, termios.TIOCOUTQ, bytes(4)))[0] == 0:
                    return connection.raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
                end.wait(0.01)
        except OSError:
            pass
        return False


class PoolIsGone(Story):
    """The place at a one-slot server is given on behind the server's FIN, for which the edge waits a second: time enough for the
    settings to change, and for a ticket."""

    def begin(self, server=None, listen=None):
        scratch = certificates().parent / f"late-{self.id().rsplit('.', 1)[1]}"
        scratch.mkdir()
        self.server = self.standin(LateTickets, scratch)
        self.settings = config(
            f"https://localhost:{self.server.port}",
            route={"path": "/one"},
            server={"concurrency": 1, "tls": {"ca": str(certificates() / "ca.pem")}, "health": "off", **(server or {})},
            listen=listen,
            workers=1,
        )
        self.edge = self.start(self.settings)

    def until_in_time(self, ask, change):
        """A machine may be too slow for the edge's second: again, until the ticket came while the edge was waiting."""
        for _ in range(ROUNDS):
            self.server.asked.clear()
            self.server.may_end.clear()
            self.server.sent = None
            ask()
            self.assertTrue(self.server.asked.wait(PATIENCE))
            change()
            # Its worker has taken the new settings over by then.
            self.assertEqual(self.edge.ask(OTHER, "lan").status, 404)
            self.server.may_end.set()
            poll("the end of the server's connection", lambda: self.server.sent is not None)
            if self.server.sent:
                break
        self.assertTrue(self.server.sent, f"no ticket came in time in {ROUNDS} rounds")
        self.assertIsNone(self.edge.process.poll(), self.edge.said.text)
        self.server.may_end.set()
        self.assertEqual(self.edge.ask(ASK, "lan").status, 200)

    def test_after_a_reload(self):
        self.begin()
        self.until_in_time(lambda: self.assertEqual(self.edge.ask(ASK, "lan").status, 200), lambda: self.edge.reload(self.settings))

    def test_after_a_changed_revocation_list(self):
        root = Authority("Root")
        lists = root.revoke()
        self.begin(
            listen=[
                {"name": "internet", "address": "127.0.0.1:0", "certificates": [pair("server-ecdsa")], "client_ca": str(root.file), "client_crl": str(lists)},
                {"name": "lan", "address": "127.0.0.1:0", "tls": "off"},
            ]
        )

        def change():
            mark = len(self.edge.said.lines)
            with lists.open("ab") as file:
                file.write(b"\n")
            self.edge.said.wait("a changed revocation list is in use", mark)

        self.until_in_time(lambda: self.assertEqual(self.edge.ask(ASK, "lan").status, 200), change)

    def test_of_the_edges_own_question(self):
        self.begin(server={"health": {"path": "/up", "interval": "1s"}})
        self.until_in_time(lambda: None, lambda: self.edge.reload(self.settings))


if __name__ == "__main__":
    unittest.main()
