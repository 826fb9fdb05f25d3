"""What a server says when nobody has asked it is nobody's answer (RFC 9112 section 9.2), and its connection is not used again."""

import ssl
import unittest

from harness import Story, certificates, config, pair
from other_world import World

from standin import StandIn
from web import Web

ASK = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: 5\r\n\r\nhello"
FORGED = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
BANNER = b"220 mail.example.test ESMTP\r\n"


class Greeting(StandIn):
    """Says something to whoever connects; then answers like anybody else. Nothing: it closes."""

    name = "greeting"

    def __init__(self, words, *arguments, **knobs):
        self.words = words
        super().__init__(*arguments, **knobs)

    def serve(self, connection):
        if not self.words:
            return connection.finish()
        connection.send(self.words)
        super().serve(connection)

    def reply(self, request):
        return Web.reply(self, request)


class GreetingBehindTheHandshake(StandIn):
    """The same over TLS 1.2, in one flight with the end of the handshake: it can't come too late to be seen."""

    name = "greeting (TLS)"

    def __init__(self, words):
        self.words = words
        super().__init__()

    @property
    def url(self):
        return f"https://{self.authority}"

    def serve(self, connection):
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # a fresh one each time: no session is taken up
        made.maximum_version = ssl.TLSVersion.TLSv1_2
        made.load_cert_chain(pair("server-ecdsa")["chain"], pair("server-ecdsa")["key"])
        arriving, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = made.wrap_bio(arriving, leaving, server_side=True)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                connection.send(leaving.read())
                arriving.write(connection.sock.recv(65536) or b"")
        tls.write(self.words)
        connection.send(leaving.read())
        while data := connection.sock.recv(65536):
            arriving.write(data)
            try:
                with self.changed:
                    self.heads += tls.read(65536).count(b"HTTP/1.1\r\n")
            except (ssl.SSLWantReadError, ssl.SSLError):
                pass


class BeforeTheRequest(World):
    def front_of(self, server, profile, **more):
        if isinstance(server, Greeting):
            self.turn(hasty=server.port)
        return self.begin(config(server, profile, workers=1, server={"health": "off", **more}))

    def assert_not_asked(self, server, edge, words, requests):
        for request in requests:
            before = server.connections
            self.assert_refused(edge.ask(request), 502, "reply_unparsable", "no")
            self.assertEqual(server.connections, before + 1, f"{words}: it would say the same again")
        server.wait_for_no_connection()
        self.assertEqual(server.heads, 0, f"{words}: nothing was sent where something had been said")

    def test_a_greeting_is_no_answer(self):
        for words in (BANNER, FORGED, FORGED * 2, b"H"):
            server = self.standin(Greeting, words)
            self.assert_not_asked(server, self.front_of(server, "http"), words, (ASK % b"", POST % b""))

    def test_a_greeting_of_an_mserver(self):
        server = self.standin(Greeting, FORGED)
        self.assert_not_asked(server, self.front_of(server, "mserver"), FORGED, (ASK % b"documents/x", POST % b"xml"))

    def test_a_greeting_behind_the_tls_handshake(self):
        for profile, requests in (("http", (ASK % b"", POST % b"")), ("mserver", (POST % b"xml",))):
            server = self.standin(GreetingBehindTheHandshake, FORGED)
            edge = self.front_of(server, profile, tls={"verify": False})
            self.assert_not_asked(server, edge, FORGED, requests)

    def test_who_closes_at_once_got_nothing(self):
        server = self.standin(Greeting, b"")
        edge = self.front_of(server, "http")
        for request in (ASK % b"", POST % b""):
            self.assert_refused(edge.ask(request), 502, "upstream_closed", "no")


class Chatter(StandIn):
    """Answers "ok"; with `behind` more comes in one piece with the reply, with `later` on the idle connection when it is
    released. Then it closes, if `closes`. It is asked which connection a request came by."""

    name = "chatter"

    def __init__(self, behind=b"", later=b"", closes=False, **knobs):
        self.behind, self.later, self.closes = behind, later, closes
        self.used = []
        super().__init__(**knobs)

    def serve(self, connection):
        while (request := connection.reader.head()) is not None:
            connection.reader.body(request)
            self.used.append(connection.number)
            first = len(self.used) == 1
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 2\r\n\r\nok" + (self.behind if first else b""))
            if first and self.later:
                self.wait("release", self.released.is_set)
                connection.send(self.later)
                if self.closes:
                    return connection.finish()


class BetweenRequests(Story):
    KEY = ("server-ecdsa.pem", "server-ecdsa.key")

    def story(self, profile="http", tls=False, **chatter):
        server = self.standin(Chatter, tls=tuple(certificates() / name for name in self.KEY) if tls else None, **chatter)
        edge = self.start(config(server, profile, workers=1, server={"health": "off", **({"tls": {"verify": False}} if tls else {})}))
        ask = ASK % (b"documents/x" if profile == "mserver" else b"")
        with edge.connect("lan") as client:
            for _ in range(3):
                client.send(ask)
                reply = client.reply()
                self.assertEqual((reply.status, reply.body), (200, b"ok"))
                server.release()
                if len(server.used) == 1:
                    server.wait("end of the first connection", lambda: all(each.number != 1 for each in server.streams))
        self.assertNotIn(1, server.used[1:], "a connection that had spoken unasked was used again")

    def test_a_reply_too_many(self):
        for tls in (False, True):
            for surplus in (FORGED, FORGED * 3, b"\r\n", b"x"):
                self.story(tls=tls, behind=surplus)
        self.story("mserver", behind=FORGED)

    def test_words_on_an_idle_connection(self):
        for tls in (False, True):
            for words in (FORGED, FORGED * 3):
                self.story(tls=tls, later=words)
        self.story("mserver", later=FORGED)

    def test_408_on_an_idle_connection(self):
        for tls in (False, True):
            self.story(tls=tls, later=TIMED_OUT, closes=True)
        self.story("mserver", later=TIMED_OUT, closes=True)


class Impatient(StandIn):
    """Says 408 to the second head of a connection, as if that had crossed it on the way, and closes."""

    name = "impatient"

    def __init__(self, answer=TIMED_OUT, **knobs):
        self.answer = answer
        self.used = []
        super().__init__(**knobs)

    def serve(self, connection):
        for number in range(2):
            request = connection.reader.head()
            if request is None:
                return
            connection.reader.body(request)
            with self.changed:
                self.used.append((connection.number, request.method))
                self.changed.notify_all()
            connection.send(self.answer if number else b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        connection.finish()


class Crossing(Story):
    """RFC 9110 section 15.5.9."""

    def test_a_safe_request_goes_to_a_fresh_connection(self):
        server, edge = self.front(Impatient, workers=1)
        with edge.connect("lan") as client:
            for _ in range(4):
                client.send(ASK % b"")
                self.assertEqual(client.reply().status, 200)
        self.assertEqual(server.used, [(1, "GET"), (1, "GET"), (2, "GET"), (2, "GET"), (3, "GET"), (3, "GET"), (4, "GET")])

    def test_another_is_in_doubt(self):
        server, edge = self.front(Impatient, workers=1)
        for request in (POST % b"", b"DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            self.assertEqual(edge.ask(ASK % b"", "lan").status, 200)
            self.assert_refused(edge.ask(request, "lan"), 502, "upstream_closed", "maybe")
        self.assertEqual([method for _, method in server.used], ["GET", "POST", "GET", "DELETE"])

    def test_408_to_a_request_is_the_servers_word(self):
        """On a fresh connection, or where the connection goes on, it can be meant for no other."""
        server, edge = self.front(Impatient, knobs={"answer": TIMED_OUT.replace(b"Connection: close\r\n", b"")}, workers=1)
        for expected in (200, 408):
            self.assertEqual(edge.ask(ASK % b"", "lan").status, expected)
        web, edge = self.front(Web, workers=1)
        self.assertEqual(edge.ask(ASK % b"status/408", "lan").status, 408)


if __name__ == "__main__":
    unittest.main()
