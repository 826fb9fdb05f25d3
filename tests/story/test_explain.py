"""`ledgergate check --explain METHOD URL` says what the edge would do; and the edge does it."""

import hashlib
import json
import subprocess

from harness import Story, config, free_port, program, scratch

from web import Web

KEY = "k" * 40


class Explain(Story):
    def settings(self, server):
        made = config(server)
        made["servers"]["pohoda"] = {"profile": "mserver", "url": "http://127.0.0.1:9"}
        made["clients"] = {
            "own": {"api_key_sha256": [hashlib.sha256(KEY.encode()).hexdigest()]},
            "till": {"api_key_sha256": ["4" * 64], "operations": ["order"]},
            "other": {"api_key_sha256": ["1" * 64]},
            "gone": {"api_key_sha256": ["2" * 64], "disabled": True},
            "inside": {"api_key_sha256": ["3" * 64], "from": ["10.0.0.0/8"]},
        }
        made["routes"] = [
            {"path": "/", "server": "pohoda", "clients": ["own", "till", "gone", "inside"], "operations": ["order", "invoice"]},
            {"path": "/web", "server": "upstream", "access": "anonymous", "strip_prefix": True},
            {"path": "/locked", "server": "upstream", "clients": ["own"]},
        ]
        return made

    def explain(self, settings, *arguments, code=0):
        file = scratch() / "explained.yaml"
        file.write_text(json.dumps(settings, indent=1), encoding="utf-8")
        done = subprocess.run([program(), "check", "-c", file, "--explain", *arguments], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        return done.stdout if code == 0 else done.stderr

    def facts(self, settings, *arguments):
        lines = self.explain(settings, *arguments).splitlines()
        return [tuple(line.split(None, 1)) for line in lines]

    def test_it_says_what_the_edge_does(self):
        server = self.standin(Web)
        settings = self.settings(server)
        edge = self.start(settings)
        port = edge.ports["lan"]
        for method, target, client, status, cause in (
            ("GET", "/web/a%2Fb?x=1", None, 200, None),
            ("GET", "/web", None, 200, None),
            ("GET", "/locked/x", "own", 200, None),
            ("GET", "/locked/x", None, 401, "login_required"),
            ("GET", "/locked/x", "other", 401, None),
            ("GET", "//locked", "own", 400, "bad_target"),
            ("GET", "/xml", "own", 405, "method_not_allowed"),
            ("POST", "/no/such", "own", 404, "no_route"),
        ):
            with self.subTest(method=method, target=target, client=client):
                named = ["--client", client] if client else []
                facts = self.facts(settings, method, f"http://localhost:{port}{target}", *named)
                answer = dict(facts).get("answer", "")
                extra = b"X-Edge-Key: " + KEY.encode() + b"\r\n" if client == "own" else b""
                ask = f"{method} {target} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: 0\r\n".encode() + extra + b"\r\n"
                reply = edge.ask(ask, "lan")
                self.assertEqual(reply.status, status)
                if status == 200:
                    self.assertEqual(answer, "", facts)
                    self.assertEqual(dict(facts)["sent"].removeprefix("as").strip(), f"{method} " + server.requests[-1].target.decode())
                elif cause:
                    self.assertTrue(answer.startswith(f"{status} {cause}: "), facts)
                    self.assertIn(cause, reply.get("Proxy-Status"))

    def test_it_says_why_a_client_is_refused(self):
        settings = self.settings(self.standin(Web))
        url = "http://ucto.example.cz/xml"
        for client, more, cause in (
            ("other", [], "403 forbidden: "),
            ("gone", [], "403 client_disabled: "),
            ("inside", ["--from", "192.0.2.9"], "403 address_denied: "),
        ):
            with self.subTest(client=client):
                self.assertTrue(dict(self.facts(settings, "POST", url, "--client", client, *more))["answer"].startswith(cause))
        for client in ("till", "inside"):
            self.assertEqual(dict(self.facts(settings, "POST", url, "--client", client))["sent"], "as     POST /xml")

    def test_it_names_route_rules_and_server(self):
        settings = self.settings(self.standin(Web))
        settings["listen"] = [{"name": "lan", "address": f"127.0.0.1:{free_port()}", "tls": "off"}]
        facts = self.facts(settings, "POST", "http://ucto.example.cz/xml", "--client", "till")
        self.assertIn(("listener", "lan"), facts)
        self.assertIn(("route", "/: any host, path /"), facts)
        self.assertIn(("server", "pohoda: mserver, http://127.0.0.1:9, one request at a time"), facts)
        self.assertIn(("client", "till, proven by key"), facts)
        self.assertIn(("operations", "order, invoice (route)"), facts)
        self.assertIn(("operations", "order (client)"), facts)

    def test_what_can_not_be_asked_is_said(self):
        settings = self.settings(self.standin(Web))
        for arguments, word in (
            (["GET", "ucto.example.cz/xml"], "not the address of a request"),
            (["GET", "ftp://ucto.example.cz/"], "not the address of a request"),
            (["GET", "http://a/\r\nX: y"], "`http://a/??X: y` is not the address of a request"),
            (["GET /", "http://a/"], "`GET /` is no method"),
            (["GET", "http://a/", "--client", "tell"], "there is no client `tell`"),
            (["GET", "http://a/", "--from", "here"], "`here` is no address"),
        ):
            with self.subTest(arguments=arguments):
                self.assertIn(word, self.explain(settings, *arguments, code=2))

    def test_what_is_no_head_is_judged_as_on_the_wire(self):
        settings = self.settings(self.standin(Web))
        self.assertTrue(dict(self.facts(settings, "GET", "http://a/a b"))["answer"].startswith("400 "))
