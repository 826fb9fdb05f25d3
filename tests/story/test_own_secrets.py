"""The edge's own passwords and keys end at the edge: what a caller shows there is not for the LAN, on whatever route it is sent."""

import base64
import secrets

from harness import Story
from mserver import MServer
from test_identity import ask, basic, digest, users
from web import Web

BEARER = b"Authorization: Bearer "


class OwnSecrets(Story):
    """One edge with a client that has a password, one that has a key and one that has a certificate, and servers of several kinds."""

    def setUp(self):
        self.password, self.key = secrets.token_hex(8), secrets.token_urlsafe(32)
        self.web, self.pohoda = self.standin(Web), self.standin(MServer)
        lan = {"name": "lan", "address": "127.0.0.1:0", "tls": "off"}
        self.settings = {
            "listen": [lan],
            "servers": {"pohoda": {"profile": "mserver", "url": self.pohoda.url}, "open": {"url": self.web.url}, "keys": {"url": self.web.url}, "base": {"profile": "onec", "url": self.web.url}},
            "clients": {"desk": {"user": "novakova"}, "shop": {"api_key_sha256": digest(self.key)}, "here": {"from": ["127.0.0.1"]}},
            "users": users(novakova=self.password),
            "routes": [
                {"path": "/", "server": "pohoda", "access": "anonymous"},
                {"path": "/here", "server": "pohoda", "clients": ["here"], "strip_prefix": True},
                {"path": "/desk", "server": "pohoda", "clients": ["desk", "shop"], "strip_prefix": True},
                {"path": "/open", "server": "open", "access": "anonymous", "strip_prefix": True},
                {"path": "/base", "server": "base", "clients": ["here"], "strip_prefix": True},
                {"path": "/keys", "server": "keys", "clients": ["shop"], "strip_prefix": True},
            ],
            "workers": 1,
        }

    def own(self):
        """Every form in which a caller may show what only the edge is to know."""
        plain = base64.b64encode(f"novakova:{self.password}".encode())
        yield b"Authorization: Basic " + plain
        yield b"authorization: basic   " + plain
        yield b"Authorization: Basic\t" + plain
        yield b"Authorization: " + plain
        yield b"Authorization: Basic " + plain.rstrip(b"=")
        yield b"Authorization: Digest a=b\r\nAuthorization: Basic " + plain
        yield basic("novakova", "yesterday's")
        yield basic("shop", self.key)
        yield basic("", self.key)
        yield basic("anybody", self.key)
        yield BEARER + self.key.encode()
        yield b"Authorization: " + self.key.encode()
        yield b"X-Edge-Key: " + self.key.encode()
        yield b"X_Edge_Key: " + self.key.encode()
        yield b"Proxy-Authorization: Basic " + plain

    def assert_nothing(self, server, *words):
        for request in server.requests:
            for word in (self.key.encode(), *words):
                self.assertNotIn(word, request.head)

    def test_before_an_mserver_authorization_ends_here(self):
        edge = self.start(self.settings)
        # No field of that name is mServer's: not the edge's own, and none of another system either.
        for field in (*self.own(), basic("else", "where"), BEARER + b"token", b"Authorization: NTLM TlRMTVNTUAABAAAA", b"Authorization: Negotiate"):
            for path in (b"/documents/faktura.pdf", b"/here/documents/faktura.pdf"):
                with self.subTest(field=field, path=path):
                    reply = edge.ask(ask(field, basic("@", "", b"STW-Authorization"), path=path), "lan")
                    if path.startswith(b"/documents"):
                        self.assertEqual(reply.status, 200)
        self.assertGreater(len(self.pohoda.requests), 20)
        for request in self.pohoda.requests:
            self.assertEqual(request.all("Authorization"), [], request.head)
            self.assertEqual(request.get("STW-Authorization"), b"Basic QDo=")
        self.assert_nothing(self.pohoda, self.password.encode())

    def test_before_others_only_the_edges_own_ends_here(self):
        edge = self.start(self.settings)
        for field in self.own():
            for path in (b"/open/head", b"/base/head"):
                with self.subTest(field=field, path=path):
                    edge.ask(ask(field, path=path), "lan")
                    self.assertEqual(self.web.requests[-1].all("Authorization"), [])
        self.assertGreater(len(self.web.requests), 20)
        self.assert_nothing(self.web, base64.b64encode(f"novakova:{self.password}".encode()).rstrip(b"="))
        # The server's own users, tokens and Windows logins are not the edge's to keep.
        for own in (basic("admin", "1c"), basic("Novakova", "x"), BEARER + b"token", b"Authorization: Negotiate YII=", b"Authorization: token", b"Authorization: Digest username=\"novakova\""):
            for path, extra in ((b"/open/head", []), (b"/base/head", []), (b"/keys/head", [b"X-Edge-Key: " + self.key.encode()])):
                with self.subTest(own=own, path=path):
                    self.assertEqual(edge.ask(ask(own, *extra, path=path), "lan").status, 200)
                    self.assertEqual(self.web.requests[-1].all("Authorization"), [own.split(b": ", 1)[1]])

    def test_where_no_client_has_a_secret_authorization_is_the_servers(self):
        del self.settings["users"]
        self.settings["clients"] = {"here": {"from": ["127.0.0.1"]}}
        self.settings["routes"] = [route for route in self.settings["routes"] if set(route.get("clients", [])) <= {"here"}]
        del self.settings["servers"]["keys"]
        edge = self.start(self.settings)
        for own in (basic("novakova", self.password), BEARER + self.key.encode()):
            self.assertEqual(edge.ask(ask(own, path=b"/open/head"), "lan").status, 200)
            self.assertEqual(self.web.requests[-1].all("Authorization"), [own.split(b": ", 1)[1]])
        self.assertEqual(edge.ask(ask(basic("novakova", self.password), basic("@", "", b"STW-Authorization"), path=b"/documents/faktura.pdf"), "lan").status, 200)
        self.assertEqual(self.pohoda.requests[-1].all("Authorization"), [])

    def test_what_is_not_theirs_is_no_user_of_the_servers_either(self):
        """`require_credentials` asks for a user of the server, and the edge's own is none."""
        from apicomprem import ApiComPrem

        premier = self.standin(ApiComPrem)
        self.settings["servers"]["premier"] = {"profile": "apicomprem", "url": premier.url}
        self.settings["routes"].append({"path": "/api/comm", "server": "premier", "access": "anonymous", "require_credentials": True})
        edge = self.start(self.settings)
        command = b'{"command":{"inComm":"INFO"}}'
        for field, status in ((basic("novakova", self.password), 401), (basic("gras", "gr17"), 200)):
            reply = edge.ask(ask(field, b"Content-Length: %d" % len(command), path=b"/api/comm", method=b"POST") + command, "lan")
            self.assertEqual(reply.status, status)
        self.assertEqual([request.get("Authorization") for request in premier.requests], [b"Basic Z3JhczpncjE3"])
