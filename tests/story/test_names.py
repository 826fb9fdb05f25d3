"""Server names of one listener that want different things of their callers: certificates, sessions, and Host beside SNI."""

import ssl

from authority import Authority
from client import Ended, context
from harness import Story, certificates, config, pair
from mserver import MServer
from web import Web

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


def ask(host, path="/", *fields):
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{''.join(field + chr(13) + chr(10) for field in fields)}\r\n".encode()


class Names(Story):
    @classmethod
    def setUpClass(cls):
        cls.branches, cls.partners = Authority(), Authority("Partners")
        cls.till, cls.partner = cls.branches.issue("till"), cls.partners.issue("partner")

    def listener(self, **keys):
        names = {"open.ledger.test": {"client_certificate": "off"}, "strict.ledger.test": {"client_certificate": "required"},
                 "partners.ledger.test": {"client_ca": str(self.partners.file), "client_certificate": "required"}}
        return {"name": "internet", "address": "127.0.0.1:0", "certificates": [pair("server-ecdsa"), pair("server-rsa")],
                "client_ca": str(self.branches.file), "names": names, **keys}

    def open(self, listen=None, **settings):
        server = self.standin(Web)
        made = config(server, listen=listen or [self.listener()], **settings)
        if "clients" in settings:
            del made["routes"][0]["access"]
        return server, self.start(made)

    def visit(self, edge, name, certificate=None, host=None, **options):
        with edge.connect(name=name, certificate=certificate, **options) as client:
            client.send(ask(host or name))
            return client.reply()

    def fails(self, edge, *arguments, said, **options):
        mark = len(edge.said.lines)
        with self.assertRaises((ssl.SSLError, ConnectionError, Ended)):
            self.fail(f"it was answered: {self.visit(edge, *arguments, **options)}")
        edge.said.wait(said, mark)

    def test_each_name_wants_its_own(self):
        server, edge = self.open()
        for version in VERSIONS:
            for name, good, bad in (("strict.ledger.test", self.till, self.partner), ("partners.ledger.test", self.partner, self.till)):
                self.assertEqual(self.visit(edge, name, good, minimum=version, maximum=version).status, 200)
                self.fails(edge, name, None, said="TLS handshake failed", minimum=version, maximum=version)
                self.fails(edge, name, bad, said="of a CA that is not in client_ca", minimum=version, maximum=version)
            self.assertEqual(self.visit(edge, "open.ledger.test", self.partner, minimum=version, maximum=version).status, 200, "nobody asks for it")
            self.assertEqual(self.visit(edge, "other.ledger.test", minimum=version, maximum=version).status, 200)
            self.fails(edge, "other.ledger.test", self.partner, said="of a CA that is not in client_ca", minimum=version, maximum=version)

    def test_a_certificate_of_one_name_proves_nothing_at_another(self):
        """The clients of the settings are known by what their certificates say, which only the name's own CAs may say."""
        twin = self.partners.issue("till")
        server, edge = self.open(route={"access": None, "clients": ["till"]}, clients={"till": {"certificate": {"san": "till.branch.test"}}})
        self.assertEqual(self.visit(edge, "strict.ledger.test", self.till).status, 200)
        self.fails(edge, "strict.ledger.test", twin, said="of a CA that is not in client_ca")

    def test_a_host_of_other_rules_is_misdirected(self):
        server, edge = self.open()
        names = {"open.ledger.test": None, "strict.ledger.test": self.till, "partners.ledger.test": self.partner, "other.ledger.test": self.till}
        for sni, certificate in names.items():
            for host in names:
                reply = self.visit(edge, sni, certificate, host)
                if sni == host:
                    self.assertEqual(reply.status, 200, (sni, host))
                else:
                    self.assert_refused(reply, 421, "misdirected")
        self.assertEqual(server.heads, len(names))

    def test_names_of_the_same_rules_may_share_a_connection(self):
        server, edge = self.open()
        with edge.connect(name="other.ledger.test") as client:
            for host in ("other.ledger.test", "localhost", "127.0.0.1"):
                client.send(ask(host))
                self.assertEqual(client.reply().status, 200)
            client.send(ask("STRICT.ledger.test.:443"))
            self.assert_refused(client.reply(), 421, "misdirected")
            client.send(ask("other.ledger.test"))
            self.assertEqual(client.reply().status, 200, "the connection itself is well")

    def test_without_a_name_the_listeners_own_rules_count(self):
        server, edge = self.open()
        made = context(certificates() / "ca.pem")
        made.check_hostname = False
        for host, status in (("localhost", 200), ("strict.ledger.test", 421), ("open.ledger.test", 421)):
            with edge.connect(name=None, context=made) as client:
                client.send(ask(host))
                self.assertEqual(client.reply().status, status, host)

    def test_a_name_in_the_request_line_counts_and_a_missing_one_is_the_listeners(self):
        server, edge = self.open()
        for line, sni, status in (("GET http://strict.ledger.test/ HTTP/1.1\r\nHost: strict.ledger.test", "open.ledger.test", 421),
                                  ("GET http://open.ledger.test/ HTTP/1.1\r\nHost: open.ledger.test", "open.ledger.test", 200),
                                  ("GET / HTTP/1.0", "open.ledger.test", 421), ("GET / HTTP/1.0", "other.ledger.test", 200)):
            with edge.connect(name=sni) as client:
                client.send(line.encode() + b"\r\n\r\n")
                self.assertEqual(client.reply().status, status, line)

    def test_the_refusal_is_in_the_callers_own_form_and_its_body_is_not_read(self):
        server = self.standin(MServer)
        edge = self.start(config(server, "mserver", listen=[self.listener()]))
        with edge.connect(name="open.ledger.test") as client:
            client.send(b"POST /xml HTTP/1.1\r\nHost: strict.ledger.test\r\nContent-Type: text/xml\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n")
            reply = client.reply()
        self.assert_refused(reply, 421, "misdirected")
        self.assertIn(b"responsePack", reply.body)
        self.assertEqual(reply.informational, [])
        self.assertEqual(server.heads, 0)

    def test_where_nothing_is_published_says_no_more(self):
        server, edge = self.open(route={"host": "other.ledger.test"})
        self.assert_refused(self.visit(edge, "open.ledger.test", host="strict.ledger.test"), 421, "misdirected")
        self.assert_refused(self.visit(edge, "strict.ledger.test", self.till), 404, "no_route")

    def test_swapped_sessions_open_nothing(self):
        second = self.listener(name="second")
        server, edge = self.open(listen=[self.listener(), second])
        names = {"open.ledger.test": None, "strict.ledger.test": self.till, "partners.ledger.test": self.partner, "other.ledger.test": None}
        for version in VERSIONS:
            for made_at, certificate in names.items():
                bare = context(certificates() / "ca.pem", version, version, certificate=certificate)
                with edge.connect(name=made_at, context=bare) as client:
                    client.send(ask(made_at))
                    self.assertEqual(client.reply().status, 200)
                    session = client.sock.session
                for used_at in names:
                    for listener in ("internet", "second"):
                        want = made_at == used_at and listener == "internet"
                        try:
                            with edge.connect(listener, name=used_at, context=bare, session=session) as client:
                                client.send(ask(used_at))
                                status, reused = client.reply().status, client.sock.session_reused
                        except (ssl.SSLError, ConnectionError, Ended):
                            status, reused = 0, False
                        self.assertEqual(reused, want, (version, made_at, used_at, listener))
                        # Without the session it is as if it had never been there: what counts is the certificate of this caller.
                        own = {"open.ledger.test": True, "other.ledger.test": certificate in (None, self.till),
                               "strict.ledger.test": certificate == self.till, "partners.ledger.test": certificate == self.partner}[used_at]
                        self.assertEqual(status, 200 if own else 0, (version, made_at, used_at, listener))

    def test_new_rules_count_for_open_connections_and_old_sessions(self):
        server, edge = self.open()
        made = context(certificates() / "ca.pem")
        listener = self.listener()
        listener["names"]["other.ledger.test"] = {"client_certificate": "required"}
        with edge.connect(name="other.ledger.test", context=made) as idle, edge.connect(name="open.ledger.test") as good:
            for client, host in ((idle, "other.ledger.test"), (good, "open.ledger.test")):
                client.send(ask(host))
                self.assertEqual(client.reply().status, 200)
            session = idle.sock.session
            self.assertIn("reloaded", edge.reload(config(server, listen=[listener])))
            self.assertIn(idle.more(), ("closed", "cut"), "it showed no certificate")
            good.send(ask("open.ledger.test"))
            self.assertEqual(good.reply().status, 200)
        with self.assertRaises((ssl.SSLError, ConnectionError, Ended)), edge.connect(name="other.ledger.test", context=made, session=session) as client:
            client.send(ask("other.ledger.test"))
            client.reply()
        self.assertEqual(self.visit(edge, "other.ledger.test", self.till).status, 200)

    def test_a_revocation_list_of_one_name(self):
        authority = Authority("Shops")
        lost, kept = authority.issue("lost"), authority.issue("kept")
        listener = self.listener()
        listener["names"]["shops.ledger.test"] = {"client_ca": str(authority.file), "client_crl": str(authority.revoke()), "client_certificate": "required"}
        server, edge = self.open(listen=[listener])
        with edge.connect(name="shops.ledger.test", certificate=lost) as open_one:
            open_one.send(ask("shops.ledger.test"))
            self.assertEqual(open_one.reply().status, 200)
            authority.revoke("lost")
            edge.said.wait("a changed revocation list is in use")
            self.assertIn(open_one.more(), ("closed", "cut"))
        self.fails(edge, "shops.ledger.test", lost, said="is revoked")
        self.assertEqual(self.visit(edge, "shops.ledger.test", kept).status, 200)
        self.assertEqual(self.visit(edge, "strict.ledger.test", self.till).status, 200)

    def test_a_resumed_session_is_logged_with_its_name(self):
        server, edge = self.open()
        for version in VERSIONS:
            made, session = context(certificates() / "ca.pem", version, version), None
            for _ in range(2):
                with edge.connect(name="open.ledger.test", context=made, session=session) as client:
                    client.send(ask("open.ledger.test"))
                    self.assertEqual(client.reply().status, 200)
                    self.assertEqual(client.sock.session_reused, session is not None)
                    session = client.sock.session
        self.assertEqual([line["sni"] for line in edge.access_log(4)], ["open.ledger.test"] * 4)
