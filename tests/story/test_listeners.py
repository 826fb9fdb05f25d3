"""Listeners: the redirect to https, ACME challenges, IPv6, several at once."""

import socket
import unittest

from harness import Story, certificates, config, pair

from web import Web


class Redirect(Story):
    def setUp(self):
        server = self.standin(Web)
        self.webroot = certificates().parent / "webroot"
        challenges = self.webroot / ".well-known" / "acme-challenge"
        challenges.mkdir(parents=True, exist_ok=True)
        (challenges / "token-1_A").write_text("token-1_A.thumbprint")
        (self.webroot / "secret").write_text("secret")
        (challenges / "link").unlink(missing_ok=True)
        (challenges / "link").symlink_to(self.webroot / "secret")
        listen = [
            {"name": "internet", "address": "127.0.0.1:0", "certificates": [pair("server-ecdsa")]},
            {"name": "web", "address": "127.0.0.1:0", "redirect": "https", "acme_webroot": str(self.webroot), "redirect_port": 8443},
        ]
        self.server = server
        self.edge = self.start(config(server, listen=listen))

    def ask(self, head, body=b"", method="GET"):
        return self.edge.ask(head.replace("\n", "\r\n").encode() + b"\r\n" + body, "web", tls=False, method=method)

    def test_308_keeps_method_path_and_query(self):
        reply = self.ask("GET /documents/obr%E1zky?a=b HTTP/1.1\nHost: ucto.ledger.test\n")
        self.assertEqual(reply.status, 308)
        self.assertEqual(reply.get("Location"), "https://ucto.ledger.test:8443/documents/obr%E1zky?a=b")

    def test_the_port_of_https_itself_is_not_named(self):
        listen = [{"name": "internet", "address": "127.0.0.1:0", "certificates": [pair("server-ecdsa")]}, {"name": "web", "address": "127.0.0.1:0", "redirect": "https"}]
        self.edge = self.start(config(self.server, listen=listen))
        self.assertEqual(self.ask("GET /xml HTTP/1.1\nHost: ucto.ledger.test\n").get("Location"), "https://ucto.ledger.test/xml")
        reply = self.ask("POST /xml HTTP/1.1\nHost: ucto.ledger.test\nContent-Length: 5\n", b"hello")
        self.assert_refused(reply, 403, "https_required")
        self.assertIn(b"https://ucto.ledger.test/xml", reply.body)

    def test_a_post_without_body_and_password_is_redirected(self):
        self.assertEqual(self.ask("POST /status HTTP/1.1\nHost: ucto.ledger.test\n").status, 308)

    def test_content_of_length_0_is_none(self):
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
            for value in ("0", "000"):
                reply = self.ask(f"{method} /status HTTP/1.1\nHost: ucto.ledger.test\nContent-Length: {value}\n", method=method)
                self.assertEqual(reply.status, 308)
        for field in ("Content-Length: 1", "Transfer-Encoding: chunked"):
            self.assert_refused(self.ask(f"GET /status HTTP/1.1\nHost: ucto.ledger.test\n{field}\n", b"x"), 403, "https_required")

    def test_a_body_in_clear_is_refused_with_the_right_address(self):
        reply = self.ask("POST /xml HTTP/1.1\nHost: ucto.ledger.test\nContent-Length: 5\n", b"hello")
        self.assert_refused(reply, 403, "https_required")
        self.assertIn(b"https://ucto.ledger.test:8443/xml", reply.body)

    def test_a_password_in_clear_is_refused_and_the_log_says_migration_due(self):
        for field in ("STW-Authorization: Basic QDo=", "Authorization: Basic QDo=", "Cookie: a=b"):
            reply = self.ask(f"GET /status HTTP/1.1\nHost: ucto.ledger.test\n{field}\n")
            self.assert_refused(reply, 403, "https_required")
        self.edge.stop()
        self.assertIn("migration due", self.edge.log.text)
        self.assertNotIn("QDo=", self.edge.log.text + self.edge.said.text)

    def test_a_secret_under_any_other_name_is_refused_too(self):
        for field in ("X-Api-Key: abc", "X-Auth-Token: abc", "Authorization_: abc", "X-Password: abc", "X-Login: abc", "Session: abc", "Proxy-Authorization: Basic QDo="):
            self.assert_refused(self.ask(f"GET /status HTTP/1.1\nHost: ucto.ledger.test\n{field}\n"), 403, "https_required")
        for target in ("/x?password=abc", "/e1cib/login?cred=abc", "/x?token=abc", "/x?a=b&api_key=abc", "/x?p%61ssword=abc", "/x;token=abc"):
            self.assert_refused(self.ask(f"GET {target} HTTP/1.1\nHost: ucto.ledger.test\n"), 403, "https_required")
        for head in ("GET /x?page=2&p=1 HTTP/1.1\n", "GET /x HTTP/1.1\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nUser-Agent: x\n"):
            self.assertEqual(self.ask(head + "Host: ucto.ledger.test\n").status, 308, head)

    def test_acme_challenges_are_served(self):
        reply = self.ask("GET /.well-known/acme-challenge/token-1_A HTTP/1.1\nHost: ucto.ledger.test\n")
        self.assertEqual((reply.status, reply.body), (200, b"token-1_A.thumbprint"))

    def test_nothing_else_of_the_disk_is_served(self):
        for path in ("none", "link", "..%2f..%2fsecret", "../../secret", "", "token-1_A/", ".hidden"):
            reply = self.ask(f"GET /.well-known/acme-challenge/{path} HTTP/1.1\nHost: ucto.ledger.test\n")
            self.assertIn(reply.status, (400, 404), path)
            self.assertNotIn(b"secret", reply.body.replace(b"/secret", b""))

    def test_nothing_reaches_the_server(self):
        self.ask("GET / HTTP/1.1\nHost: ucto.ledger.test\n")
        self.assertEqual(self.server.connections, 0)


class Addresses(Story):
    def test_ipv6_and_ipv4_on_one_dual_stack_listener(self):
        if not socket.has_dualstack_ipv6():
            self.skipTest("no IPv6 here")
        server = self.standin(Web)
        edge = self.start(config(server, listen=[{"name": "lan", "address": "[::]:0", "tls": "off"}]))
        for host in ("127.0.0.1", "::1"):
            reply = edge.ask(b"GET /head HTTP/1.1\r\nHost: localhost\r\n\r\n", "lan", host=host)
            # ::ffff:127.0.0.1 is an IPv4 caller, and is named as one.
            self.assertIn(f"X-Forwarded-For: {host}\r\n".encode(), reply.body)

    def test_several_listeners_serve_their_own_routes(self):
        one, two = self.standin(Web), self.standin(Web)
        settings = config(one)
        settings["servers"]["second"] = {"url": two.url}
        settings["routes"] = [
            {"path": "/", "server": "upstream", "access": "anonymous", "listeners": ["internet"]},
            {"name": "lan", "path": "/", "server": "second", "access": "anonymous", "listeners": ["lan"]},
        ]
        edge = self.start(settings)
        for listener in ("internet", "lan", "lan"):
            self.assertEqual(edge.ask(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", listener).status, 200)
        self.assertEqual((len(one.requests), len(two.requests)), (1, 2))

    def test_a_missing_certificate_disables_its_listener_only(self):
        server = self.standin(Web)
        webroot = certificates().parent / "first-webroot"
        (webroot / ".well-known" / "acme-challenge").mkdir(parents=True, exist_ok=True)
        (webroot / ".well-known" / "acme-challenge" / "first").write_text("first.thumbprint")
        missing = str(certificates() / "not-there.pem")
        listen = [
            {"name": "internet", "address": "127.0.0.1:0", "certificates": [{"chain": missing, "key": missing}]},
            {"name": "web", "address": "127.0.0.1:0", "redirect": "https", "acme_webroot": str(webroot)},
        ]
        edge = self.start(config(server, listen=listen))
        self.assertNotIn("internet", edge.ports)
        edge.said.wait("not-there.pem")
        reply = edge.ask(b"GET /.well-known/acme-challenge/first HTTP/1.1\r\nHost: a.b\r\n\r\n", "web", tls=False)
        self.assertEqual(reply.body, b"first.thumbprint")


if __name__ == "__main__":
    unittest.main()
