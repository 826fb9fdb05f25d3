"""What the server is told of the caller's certificate (RFC 9440), on a route that asks for it; and that nobody else can say it."""

import base64
import ssl

from authority import Authority
from client import Client, context
from harness import Story, certificates, config, pair
from web import Web

FORGED = b"Client-Cert: :Zm9yZ2Vk:\r\nclient_cert: :Zm9yZ2Vk:\r\nClient.Cert.Chain: :Zm9yZ2Vk:\r\nClient-Cert-Chain: :Zm9yZ2Vk:\r\nX-Client-Subject: CN=forged\r\n"
NAMES = ("client-cert", "client-cert-chain")


def ask(path=b"/"):
    return b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: Client-Cert, Client-Cert-Chain\r\n" + FORGED + b"\r\n"


def sequence(pem):
    """A Byte Sequence (RFC 8941 section 3.3.5) of a PEM's DER."""
    return b":" + base64.b64encode(ssl.PEM_cert_to_DER_cert(pem)) + b":"


class ClientCert(Story):
    @classmethod
    def setUpClass(cls):
        cls.root = Authority("Root")
        cls.issuing = Authority("Issuing", cls.root)
        cls.till = cls.issuing.issue("till")
        cls.leaf = sequence((cls.issuing.directory / "till.leaf").read_text())
        cls.between = sequence(cls.issuing.file.read_text())

    def open(self, authority=None, **top):
        self.server = self.standin(Web)
        listener = {"name": "internet", "address": "127.0.0.1:0", "certificates": [pair("server-ecdsa"), pair("server-rsa")], "client_ca": str((authority or self.root).file)}
        settings = config(self.server, listen=[listener, {"name": "lan", "address": "127.0.0.1:0", "tls": "off"}], **top)
        base = settings["routes"][0]
        settings["routes"] = [base, base | {"path": "/told", "client_cert": True}, base | {"path": "/chain", "client_cert": "chain"}, base | {"path": "/off", "client_cert": False}]
        settings["clients"] = {"till": {"certificate": {"san": "till.branch.test"}}}
        settings["routes"].append({"path": "/known", "server": "upstream", "clients": ["till"], "client_cert": "chain", "listeners": ["internet"]})
        return self.start(settings)

    def told(self, edge, path, **options):
        """What the server reads under these names, in any spelling."""
        self.assertEqual(edge.ask(ask(path), **options).status, 200)
        request = self.server.requests[-1]
        self.assertNotIn(b"Zm9yZ2Vk", request.head)
        self.assertNotIn(b"forged", request.head)
        return {name.decode(): value for name, value in request.fields if name.decode().lower().replace("_", "-").replace(".", "-") in NAMES}

    def test_a_route_that_asks_tells_the_server(self):
        edge = self.open()
        both = {"Client-Cert": self.leaf, "Client-Cert-Chain": self.between}
        for path, expected in ((b"/", {}), (b"/off", {}), (b"/told", {"Client-Cert": self.leaf}), (b"/chain", both), (b"/known", both)):
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                with self.subTest(path=path, version=version):
                    self.assertEqual(self.told(edge, path, certificate=self.till, minimum=version, maximum=version), expected)

    def test_a_resumed_session_tells_the_same(self):
        edge = self.open()
        made = context(certificates() / "ca.pem", certificate=self.till)
        session = None
        for resumed in (False, True, True):
            with Client(edge.ports["internet"], context=made, session=session) as client:
                client.send(ask(b"/chain"))
                self.assertEqual(client.reply().status, 200)
                self.assertEqual(client.sock.session_reused, resumed)
                session = client.sock.session
            request = self.server.requests[-1]
            self.assertEqual((request.all("Client-Cert"), request.all("Client-Cert-Chain")), ([self.leaf], [self.between]))

    def test_who_shows_none_says_nothing(self):
        edge = self.open()
        for path in (b"/", b"/told", b"/chain"):
            for listener in ("internet", "lan"):
                with self.subTest(path=path, listener=listener):
                    self.assertEqual(self.told(edge, path, listener=listener), {})

    def test_a_chain_that_ends_at_the_issuer_has_nothing_between(self):
        edge = self.open(self.issuing)
        self.assertEqual(self.told(edge, b"/chain", certificate=self.till), {"Client-Cert": self.leaf})

    def test_a_trusted_proxy_can_not_say_it_either(self):
        edge = self.open(trusted_proxies=["127.0.0.1"])
        self.assertEqual(self.told(edge, b"/chain"), {})
        self.assertEqual(self.told(edge, b"/told", certificate=self.till), {"Client-Cert": self.leaf})

    def test_a_rule_of_the_route_takes_its_place(self):
        server = self.standin(Web)
        listener = {"name": "internet", "address": "127.0.0.1:0", "certificates": [pair("server-ecdsa")], "client_ca": str(self.root.file)}
        route = {"client_cert": "chain", "request_headers": {"remove": ["Client-Cert-Chain"], "set": {"client-cert": "none"}}}
        edge = self.start(config(server, listen=[listener], route=route))
        self.assertEqual(edge.ask(ask(), certificate=self.till).status, 200)
        self.assertEqual([value for name, value in server.requests[0].fields if name.lower() in (b"client-cert", b"client-cert-chain")], [b"none"])


class Passing(Story):
    def test_a_route_lets_a_field_through_that_looks_like_an_identity(self):
        route = {"request_headers": {"pass": ["X-Client-Version", "X-Client-Cert", "X-Edge-Key", "Remote-User", "X-SSL-Mode"], "set": {"X-Client-Id": "ours"}}}
        server, edge = self.front(Web, route=route)
        for name in ("X-Client-Cert", "X-Edge-Key", "Remote-User"):
            edge.said.wait(rf"warning.*`request_headers.pass`: {name} never passes: ")
        edge.said.wait(r"warning.*`request_headers.pass`: X-SSL-Mode is the caller's own word")
        self.assertNotIn("X-Client-Version", edge.said.text)
        fields = (b"X-Client-Version: 8.3\r\nx-client-version: 2\r\nX_Client_Version: forged\r\nX-Client-Versions: forged\r\nX-Client-Subject: forged\r\nX-SSL-MODE: soft\r\n"
                  b"X-Client-Cert: forged\r\nX-Edge-Key: forged\r\nRemote-User: forged\r\nX-Client-Id: forged\r\nConnection: close\r\n")
        self.assertIn(edge.ask(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + fields + b"\r\n").status, (200,))
        request = server.requests[0]
        self.assertEqual(request.all("X-Client-Version"), [b"8.3", b"2"])
        self.assertEqual(request.all("X-SSL-Mode"), [b"soft"])
        self.assertEqual(request.all("X-Client-Id"), [b"ours"])
        self.assertNotIn(b"forged", request.head)
        self.assertEqual(request.all("Connection"), [])
