"""The edge's own passwords and keys end at the edge: what a caller shows there is not for the LAN, on whatever route it is sent."""

import base64
import gzip
import re
import secrets
import urllib.parse

from harness import Story, poll
from apicomprem import ApiComPrem
from mserver import MServer
from test_identity import ask, basic, digest, users
from test_judged_again import waiting_turns
from texts import text
from web import Web

BEARER = b"Authorization: Bearer "
PACK = text("stock-request.xml")
ICO = re.search(rb'ico="(\d+)"', PACK)[1].decode()
UNIT = "c8175fe2-5aba-460e-a492-5da487105394"


class OwnSecrets(Story):
    """One edge with a client that has a password, one that has a key and one that has a certificate, and servers of several kinds."""

    def setUp(self):
        self.password, self.key = secrets.token_hex(8), secrets.token_urlsafe(32)
        self.web, self.pohoda = self.standin(Web), self.standin(MServer)
        lan = {"name": "lan", "address": "127.0.0.1:0", "tls": "off"}
        self.settings = {
            "listen": [lan],
            "servers": {"pohoda": {"profile": "mserver", "url": self.pohoda.url}, "open": {"url": self.web.url}, "keys": {"url": self.web.url}, "base": {"profile": "onec", "url": self.web.url}},
            "clients": {"desk": {"user": "novakova"}, "till": {"user": "pokladní"}, "shop": {"api_key_sha256": digest(self.key)}, "here": {"from": ["127.0.0.1"]}},
            "users": users(novakova=self.password, pokladní=self.password, nobodys=self.password),
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
        # curl -u KEY:, and a colon too many.
        for pair in (f"{self.key}:", f":{self.key}", f"{self.key}:x", f"a:{self.key}:b", f"x:{self.key}:", self.key, f"{self.key}\n", f"shop: {self.key} "):
            yield b"Authorization: Basic " + base64.b64encode(pair.encode())
        key = self.key.encode()
        for value in (b"Token token=" + key, b'Token token="' + key + b'", n=1', b"Token " + key, b'Bearer "' + key + b'"', b"ApiKey " + key + b";", b"ApiKey: " + key, b"Bearer\t" + key, b"key=" + key,
                      b"Basic eDp5, Basic " + plain, b"Basic " + plain + b", Basic eDp5", b"Bearer x, Basic " + plain, b"Basic " + plain + b" x", b'Basic "' + plain + b'"', b"Bearer  " + base64.b64encode(key), b"Basic " + plain.replace(b"=", b"%3D"), b"Negotiate " + plain, b"Basic " + plain[:8] + b" " + plain[8:], b"Basic " + plain + b".", b"Basic " + base64.b64encode(plain),
                      b"Basic novakova:" + self.password.encode(), b'Basic realm="x", ' + plain, b"Basic " + plain + b"=="):  # fmt: skip
            yield b"Authorization: " + value
        # Whoever it is to a server that minds neither case nor marks, in whatever character set; users that no client has, too.
        for user in ("Novakova", "NOVAKOVA", "Nováková", "ｎovakova", "novakova ", "nobodys", "FIRMA\\novakova", "novakova@firma.cz", "pokladní", "POKLADNÍ", "pokladni\u0301", "pokladni"):
            yield basic(user, "x")
        for user in (b"pokladn\xed", b"POKLADN\xcd"):
            yield b"Authorization: Basic " + base64.b64encode(user + b":" + self.password.encode())
        # Fields that are none of the edge's.
        for name in (b"X-Api-Key", b"Api_Key", b"X-Auth-Token", b"Cookie", b"X-Authorization", b"X-Secret", b"STW_Authorization", b"STW-Authorization"):
            yield name + b": " + key
            yield name + b": a=b; session=" + key
        # Behind many small parts, and inside of what is decoded first.
        yield b"Cookie: " + b"".join(b"c%d=v; " % i for i in range(150)) + b"s=" + key
        inside = [b'"' + key + b'"', b"a " + key, b"a|" + key, b"(" + key + b")", b"[" + key + b"]", b'{"key":"' + key + b'"}', b"shop;" + key, b"shop," + key, b"user=" + key]
        for text in inside:
            yield b"Cookie: s=" + urllib.parse.quote(text).encode()
            yield b"Authorization: Bearer " + text
            yield b"Authorization: Basic " + base64.b64encode(text)
        for name in (b"X-Pass", b"X-Pwd", b"X-Login", b"Session"):
            yield name + b": " + key
        yield b"X-Authorization: Basic " + plain
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
                if field.startswith(b"STW"):
                    continue  # mServer's own field, which two logins can't share: see below
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
                    self.assertIn(edge.ask(ask(field, path=path), "lan").status, (200, 403))
                    self.assertEqual(self.web.requests[-1].all("Authorization"), [])
        self.assertGreater(len(self.web.requests), 20)
        self.assert_nothing(self.web, base64.b64encode(f"novakova:{self.password}".encode()).rstrip(b"="), self.password.encode())
        for request in self.web.requests:
            self.assertFalse([name for name, _ in request.fields if name.lower() in (b"cookie", b"x-api-key", b"stw-authorization", b"x-pass", b"x-pwd", b"x-login", b"session")], request.head)
        # The server's own users, tokens and Windows logins are not the edge's to keep.
        for own in (basic("admin", "1c"), basic("novak", "x"), basic("novakovaa", "x"), b"Authorization: Basic eDp5, Basic eDp6", BEARER + b"token", b"Authorization: Negotiate YII=", b"Authorization: token", b"Authorization: Digest username=\"novakova\""):
            for path, extra in ((b"/open/head", []), (b"/base/head", []), (b"/keys/head", [b"X-Edge-Key: " + self.key.encode()])):
                with self.subTest(own=own, path=path):
                    self.assertEqual(edge.ask(ask(own, *extra, path=path), "lan").status, 200)
                    self.assertEqual(self.web.requests[-1].all("Authorization"), [own.split(b": ", 1)[1]])

    def test_a_body_that_is_decoded_changes_nothing(self):
        """The fields that told of its coding are gone then, and the others stand in other places."""
        settings = {**self.settings, "routes": [{**route, "decompress_requests": True} for route in self.settings["routes"]]}
        edge = self.start(settings)
        body = gzip.compress(b"abc")
        for before in ([], [b"Content-MD5: eA=="]):
            fields = [*before, b"Content-Encoding: gzip", b"Content-Length: %d" % len(body), b"X-Api-Key: " + self.key.encode(), b"X-Other: 1"]
            request = b"POST /open/echo HTTP/1.1\r\nHost: localhost\r\n" + b"\r\n".join(fields) + b"\r\n\r\n" + body
            self.assertEqual(edge.ask(request, "lan").status, 200)
            self.assertIn(b"X-Other: 1", self.web.requests[-1].head)
        self.assert_nothing(self.web)

    def test_other_secrets_are_the_servers(self):
        edge = self.start(self.settings)
        for field in (b"X-Api-Key: " + secrets.token_urlsafe(32).encode(), b"Cookie: novakova=1; b=" + secrets.token_urlsafe(99).encode(), b"X-Auth-Token: novakova", b"STW-Authorization: Basic eDp5"):
            with self.subTest(field=field):
                self.assertEqual(edge.ask(ask(field, path=b"/open/head"), "lan").status, 200)
                self.assertIn(field, self.web.requests[-1].head)

    def test_pohodas_field_is_for_pohodas_users(self):
        """`STW-Authorization` with a login of the edge's own ends here: another password beside that makes it POHODA's own user of this name."""
        edge = self.start(self.settings)
        stw = b"STW-Authorization"
        path = b"/documents/faktura.pdf"
        for own in (basic("novakova", self.password, stw), basic("Novakova", self.password, stw), basic("shop", self.key, stw), basic(self.key, "", stw), basic("nobodys", "x", stw),
                    stw + b": " + base64.b64encode(f"novakova:{self.password}".encode()), basic("pokladní", self.password, stw), basic("@", "", stw) + b"\r\nSTW_Authorization: " + self.key.encode()):  # fmt: skip
            for where in (path, b"/here" + path):
                with self.subTest(own=own, where=where):
                    edge.ask(ask(own, path=where), "lan")
                    self.assertEqual([request.all("STW-Authorization") for request in self.pohoda.requests[-1:]], [[]])
        edge.ask(ask(basic("novakova", self.password), basic("novakova", self.password, stw), path=b"/desk" + path), "lan")
        self.assertEqual(self.pohoda.requests[-1].all("STW-Authorization"), [])
        for login, others in ((basic("novakova", self.password), basic("novakova", "pohoda's", stw)), (basic("shop", self.key), basic("boss", "x", stw))):
            edge.ask(ask(login, others, path=b"/desk" + path), "lan")
            self.assertEqual(self.pohoda.requests[-1].all("STW-Authorization"), [others.split(b": ", 1)[1]])
        edge.ask(ask(basic("novakova", self.password), basic("shop", self.key, stw), path=b"/desk" + path), "lan")
        self.assertEqual(self.pohoda.requests[-1].all("STW-Authorization"), [])
        self.assert_nothing(self.pohoda, self.password.encode())

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


class OfAnotherServer(Story):
    """Where the unit names the server, what that server gets of the edge counts, not what the route's does."""

    def begin(self, profile, a, b, units, **route):
        login = self.credentials("@:\n")
        self.password = secrets.token_hex(8)
        self.settings = {
            "listen": [{"name": "lan", "address": "127.0.0.1:0", "tls": "off"}],
            "servers": {"a": {"profile": profile, "url": a.url}, "b": {"profile": profile, "url": b.url, "credentials": login}},
            "clients": {"desk": {"user": "novakova"}},
            "users": users(novakova=self.password),
            "routes": [{"server": "b", "access": "anonymous", "units": units, **route}],
            "admin": {"address": "127.0.0.1:0"},
            "workers": 1,
        }
        return self.start(self.settings)

    def shown(self):
        return b"STW-Authorization: Basic " + base64.b64encode(f"novakova:{self.password}".encode()) + b"\r\n"

    def test_of_a_unit_in_the_body(self):
        a, b = self.standin(MServer), self.standin(MServer)
        edge = self.begin("mserver", a, b, {ICO: "a", "99999999": "b"})
        head = b"POST /xml HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: %d\r\n" % (self.shown(), len(PACK))
        edge.ask(head + b"\r\n" + PACK, "lan")
        self.assertEqual([request.get("STW-Authorization") for request in a.requests if request.path == b"/xml"], [None])
        with edge.connect("lan") as client:  # and a reload sees no change there
            client.send(head + b"Expect: 100-continue\r\n\r\n")
            client.until(b"100 Continue\r\n\r\n")
            self.assertIn("reloaded", edge.reload(self.settings))
            client.send(PACK)
            self.assertNotIn("forwarded=no", (client.reply("POST").get("Proxy-Status") or "").replace('"', ""))
        self.assertEqual([request.get("STW-Authorization") for request in a.requests if request.path == b"/xml"], [None, None])
        self.assertEqual(b.requests, [])

    def test_of_a_unit_in_the_body_that_waits_for_its_turn(self):
        a, b = self.standin(MServer, hold=True), self.standin(MServer)
        edge = self.begin("mserver", a, b, {ICO: "a", "99999999": "b"})
        asked = b"POST /xml HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: %d\r\n\r\n" % (self.shown(), len(PACK)) + PACK
        with edge.connect("lan") as first, edge.connect("lan") as second:
            first.send(asked)
            a.wait_for_requests(1)
            second.send(asked)
            poll("the second in line", lambda: " 1\n" in waiting_turns(edge))
            self.assertIn("reloaded", edge.reload(self.settings))
            a.release()
            for client in (first, second):
                self.assertNotIn("no_capacity", client.reply("POST").get("Proxy-Status") or "")
        self.assertEqual([request.get("STW-Authorization") for request in a.requests if request.path == b"/xml"], [None, None])

    def test_of_a_unit_in_the_head(self):
        a, b = self.standin(ApiComPrem), self.standin(ApiComPrem)
        edge = self.begin("apicomprem", a, b, {UNIT: "a"})
        body = b'{"command":{"inComm":"VERZEAPI"}}'
        asked = b"POST /api/comm HTTP/1.1\r\nHost: localhost\r\nID-UJ: %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n" % (UNIT.encode(), self.shown(), len(body))
        edge.ask(asked + body, "lan")
        self.assertEqual([request.get("STW-Authorization") for request in a.requests], [None])
        self.assertEqual(b.requests, [])

    def test_a_login_that_another_server_gets_of_the_edge(self):
        """`require_credentials` asks what goes to the unit's server."""
        a, b = self.standin(MServer), self.standin(MServer)
        edge = self.begin("mserver", a, b, {ICO: "a", "99999999": "b"})
        login = self.settings["servers"]["b"].pop("credentials")
        self.settings["routes"][0] |= {"require_credentials": True, "clients": ["desk"]}
        del self.settings["routes"][0]["access"]
        asked = b"POST /xml HTTP/1.1\r\nHost: localhost\r\n%s\r\nContent-Length: %d\r\n\r\n" % (basic("novakova", self.password), len(PACK)) + PACK
        for server, status in (("b", None), ("a", 200)):
            self.settings["clients"]["desk"]["credentials"] = {server: login}
            self.assertIn("reloaded", edge.reload(self.settings))
            reply = edge.ask(asked, "lan")
            if status is None:
                self.assertIn("credentials_missing", reply.get("Proxy-Status"))
                self.assertEqual([each for each in a.requests if each.path == b"/xml"], [])
            else:
                self.assertNotIn("credentials_missing", reply.get("Proxy-Status") or "")
                self.assertEqual(len([each for each in a.requests if each.path == b"/xml"]), 1)

