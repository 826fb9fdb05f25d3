"""The credential split: who calls never knows the password of the server behind, and no password is ever told."""

import base64
import hashlib
import os
import pathlib
import secrets
import tempfile
import unittest

from harness import Story, config, scratch

from apicomprem import ApiComPrem
from mserver import MServer
from web import Web

H = b"Host: localhost\r\n"
VERSION = b'{"command":{"inComm":"VERZEAPI"}}'


def xml(headers=b""):
    return b"POST /xml HTTP/1.1\r\n" + H + headers + b"Content-Length: 4\r\n\r\n<x/>"


def basic(user, password, encoding="utf-8"):
    return b"Basic " + base64.b64encode(f"{user}:{password}".encode(encoding))


class Credentials(Story):
    def setUp(self):
        self.password = "heslo-" + secrets.token_hex(8) + "-žluť"
        self.secrets = [self.password, self.password.encode("cp1250").decode("latin-1")]
        for encoding in ("utf-8", "cp1250"):
            self.secrets.append(base64.b64encode(f"Novák:{self.password}".encode(encoding)).decode())
        self.directory = pathlib.Path(tempfile.mkdtemp(dir=scratch()))
        self.edges = []

    def file(self, text, name="server.cred"):
        path = self.directory / name
        path.write_text(text, encoding="utf-8")
        os.chmod(path, 0o640)
        return path

    def front(self, kind, profile, knobs=None, **settings):
        server = self.standin(kind, **(knobs or {}))
        made = config(server, profile, **settings)
        if "clients" in made:
            del made["routes"][0]["access"]
        edge = self.start(made)
        self.edges.append(edge)
        return server, edge

    def assert_nothing_told(self, *edges):
        """No log line, of either kind, holds a secret in any of its forms."""
        for edge in edges or self.edges:
            edge.stop()
            told = edge.log.text + edge.said.text
            self.assertIn("POST", told)
            for secret in self.secrets:
                self.assertNotIn(secret, told)

    # put in -------------------------------------------------------------------------------------------------------------------

    def test_an_mserver_gets_the_edges_own_in_its_encoding_and_never_the_callers(self):
        file = self.file(f"Novák:{self.password}\n")
        server, edge = self.front(MServer, "mserver", server={"credentials": str(file)})
        server.users["Novák".encode("cp1250")] = (self.password.encode("cp1250"), True)
        for brought in (
            b"",
            b"STW-Authorization: Basic QDo=\r\n",
            b"stw-authorization: Basic YTpi\r\nSTW-AUTHORIZATION: Basic YTpj\r\n",
            b"STW_Authorization: Basic YTpi\r\nSTW.Authorization: Basic YTpi\r\nAuthorization_: x\r\n",
            b"Authorization: Basic YTpi\r\nSTW-Authorization: Basic YTpi\r\n",
            b"Connection: STW-Authorization, Authorization\r\nSTW-Authorization: Basic YTpi\r\n",
        ):
            with self.subTest(brought=brought):
                self.assertEqual(edge.ask(xml(brought), "lan").status, 200)
                request = server.requests[-1]
                names = [name.lower().replace(b"_", b"-").replace(b".", b"-") for name, _ in request.fields]
                self.assertEqual(names.count(b"stw-authorization"), 1)
                self.assertNotIn(b"authorization", names)
                self.assertEqual(request.get("STW-Authorization"), basic("Novák", self.password, "cp1250"))
        self.assert_nothing_told()

    def test_others_get_it_in_authorization_and_utf_8(self):
        file = self.file(f"Novák:{self.password}")
        server, edge = self.front(Web, "http", server={"credentials": str(file)})
        reply = edge.ask(
            b"POST /head HTTP/1.1\r\n" + H + b"Authorization: Basic YTpi\r\nstw-Authorization: Basic YTpi\r\n"
            b"Authorization: Basic YTpj\r\nContent-Length: 0\r\n\r\n"
        )
        self.assertEqual(reply.status, 200)
        request = server.requests[-1]
        self.assertEqual(request.all("Authorization"), [basic("Novák", self.password)])
        self.assertEqual(request.all("STW-Authorization"), [])
        self.assert_nothing_told()

    def test_a_route_has_its_own_before_the_servers(self):
        server_file = self.file("gras:wrong")
        route_file = self.file("Basic " + base64.b64encode(b"gras:gr17").decode() + "\r\n", "route.cred")
        server, edge = self.front(
            ApiComPrem, "apicomprem", {"require_auth": True}, server={"credentials": str(server_file)}, route={"credentials": str(route_file)}
        )
        body = VERSION
        reply = edge.ask(
            b"POST /api/comm HTTP/1.1\r\n" + H + b"ID-UJ: c8175fe2-5aba-460e-a492-5da487105394\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )
        self.assertIn(b'"Result": "OK"', reply.body)
        self.assertEqual(server.requests[-1].get("Authorization"), basic("gras", "gr17"))

    def test_a_reload_takes_a_changed_password_and_refuses_a_broken_file(self):
        file = self.file("Novák:stare")
        server, edge = self.front(MServer, "mserver", server={"credentials": str(file)})
        server.users["Novák".encode("cp1250")] = (self.password.encode("cp1250"), True)
        self.assert_refused(edge.ask(xml(), "lan"), 502, "server_refused_edge", "maybe")

        file.write_text(f"Novák:{self.password}", encoding="utf-8")
        self.assertIn("reload", edge.reload())
        self.assertEqual(edge.ask(xml(), "lan").status, 200)

        file.write_text(f"Novák {self.password}", encoding="utf-8")
        self.assertIn("refused", edge.reload())
        self.assertIn(f"{file}: must hold user:password", edge.said.text)
        self.assertEqual(edge.ask(xml(), "lan").status, 200)
        self.assert_nothing_told()

    def test_each_client_can_have_its_own_at_the_server(self):
        keys = {name: secrets.token_urlsafe(32) for name in ("till", "eshop", "guest")}
        clients = {name: {"api_key_sha256": hashlib.sha256(key.encode()).hexdigest()} for name, key in keys.items()}
        clients["till"]["credentials"] = {"upstream": str(self.file("Pokladna:p1", "till.cred"))}
        clients["eshop"]["credentials"] = {"upstream": str(self.file("Obchod:p2", "eshop.cred"))}
        server, edge = self.front(
            MServer, "mserver", clients=clients, route={"clients": list(clients), "require_credentials": True}
        )
        server.users |= {b"Pokladna": (b"p1", True), b"Obchod": (b"p2", True)}
        for name, wanted in (("till", basic("Pokladna", "p1")), ("eshop", basic("Obchod", "p2"))):
            edge_key = f"X-Edge-Key: {keys[name]}\r\nSTW-Authorization: Basic YTpi\r\n".encode()
            self.assertEqual(edge.ask(xml(edge_key)).status, 200)
            self.assertEqual(server.requests[-1].all("STW-Authorization"), [wanted])
            self.assertNotIn(b"X-Edge-Key", server.requests[-1].head)
        # Who has none there must bring its own.
        guest = f"X-Edge-Key: {keys['guest']}\r\n".encode()
        self.assert_refused(edge.ask(xml(guest)), 401, "credentials_missing")
        self.assertEqual(edge.ask(xml(guest + b"STW-Authorization: Basic " + base64.b64encode(b"Obchod:p2") + b"\r\n")).status, 200)

    def test_a_login_at_the_edge_is_no_user_at_the_server(self):
        keys = {name: secrets.token_urlsafe(32) for name in ("branch", "guest")}
        clients = {name: {"api_key_sha256": hashlib.sha256(key.encode()).hexdigest()} for name, key in keys.items()}
        clients["branch"]["credentials"] = {"upstream": str(self.file("gras:gr17"))}
        server, edge = self.front(ApiComPrem, "apicomprem", clients=clients, route={"clients": list(clients), "require_credentials": True})

        def call(name):
            login = b"Authorization: " + basic(name, keys[name]) + b"\r\n"
            body = b'{"command":{"inComm":"VERZEAPI"}}'
            unit = b"ID-UJ: c8175fe2-5aba-460e-a492-5da487105394\r\n"
            return edge.ask(b"POST /api/comm HTTP/1.1\r\n" + H + unit + login + b"Content-Length: %d\r\n\r\n" % len(body) + body)

        self.assert_refused(call("guest"), 401, "credentials_missing")
        self.assertEqual(server.heads, 0)
        self.assertEqual(call("branch").status, 200)
        self.assertEqual(server.requests[-1].all("Authorization"), [basic("gras", "gr17")])

    # refused by the server ----------------------------------------------------------------------------------------------------

    def test_a_401_to_the_edges_own_is_the_edges_failure_and_loud(self):
        file = self.file(f"Novák:{self.password}")
        server, edge = self.front(MServer, "mserver", server={"credentials": str(file)})
        server.users["Novák".encode("cp1250")] = (b"changed", True)
        for _ in range(3):
            reply = edge.ask(xml(), "lan")
            self.assert_refused(reply, 502, "server_refused_edge", "maybe")
            self.assertIsNone(reply.get("WWW-Authenticate"))
        edge.said.wait(r"was the password changed\?")
        self.assertEqual(len([line for line in edge.said.lines if "was the password changed?" in line]), 1, "once a minute")
        self.assertEqual(server.counters()["overlapping_connections"], 0)
        self.assertEqual([line["cause"] for line in edge.access_log(3)], ["server_refused_edge"] * 3)
        self.assert_nothing_told()

    def test_a_403_is_the_callers_to_hear(self):
        file = self.file("host:host")
        server, edge = self.front(MServer, "mserver", server={"credentials": str(file)})
        self.assertEqual(edge.ask(xml(), "lan").status, 403)
        self.assertIsNone(edge.ask(xml(), "lan").get("Proxy-Status"))

    def test_a_401_to_the_callers_own_is_the_callers_to_hear(self):
        server, edge = self.front(ApiComPrem, "apicomprem", {"require_auth": True})
        reply = edge.ask(b"POST /api/comm HTTP/1.1\r\n" + H + b"Authorization: Basic YTpi\r\nContent-Length: 33\r\n\r\n" + VERSION)
        self.assertEqual(reply.status, 401)
        self.assertEqual(reply.get("WWW-Authenticate"), 'Basic realm="ApiComPrem"')

    # passed through -----------------------------------------------------------------------------------------------------------

    def test_required_ones_that_are_missing_or_say_nothing_never_reach_the_server(self):
        server, edge = self.front(MServer, "mserver", route={"require_credentials": True})
        for brought in (
            b"",
            b"STW-Authorization:\r\n",
            b"STW-Authorization: Basic QDo=\r\n",
            b"STW-Authorization: QDo=\r\n",
            b"STW-Authorization: Basic OmI=\r\n",
            b"STW-Authorization: Basic !!!\r\n",
            b"STW-Authorization: Bearer YTpi\r\n",
            b"Authorization: Basic YTpi\r\n",
            b"STW_Authorization: Basic YTpi\r\n",
            b"STW-Authorization: Basic YTpi\r\nSTW_Authorization: Basic QDo=\r\n",
            b"STW-Authorization: Basic YTpi\r\nSTW-Authorization: Basic QDo=\r\n",
        ):
            with self.subTest(brought=brought):
                reply = edge.ask(xml(brought), "lan")
                self.assert_refused(reply, 401, "credentials_missing")
                self.assertIsNone(reply.get("WWW-Authenticate"), "mServer has no challenge")
        self.assertEqual(server.heads, 0)
        for brought in (b"STW-Authorization: " + basic("Novák", "tajne", "cp1250"), b"stw-authorization: " + basic("Novák", "tajne", "cp1250")[6:]):
            self.assertEqual(edge.ask(xml(brought + b"\r\n"), "lan").status, 200)
        # What mServer answers to anybody.
        self.assertEqual(edge.ask(b"GET /status HTTP/1.1\r\n" + H + b"\r\n", "lan").status, 200)
        self.assert_refused(edge.ask(b"GET /status?companyDetail HTTP/1.1\r\n" + H + b"\r\n", "lan"), 401, "credentials_missing")

    def test_a_challenge_comes_with_the_401_where_there_is_one(self):
        server, edge = self.front(ApiComPrem, "apicomprem", route={"require_credentials": True})
        reply = edge.ask(b"POST /api/comm HTTP/1.1\r\n" + H + b"Content-Length: 2\r\n\r\n{}")
        self.assert_refused(reply, 401, "credentials_missing")
        self.assertEqual(reply.get("WWW-Authenticate"), 'Basic realm="ledgergate", charset="UTF-8"')
        self.assertEqual(server.heads, 0)

    # forced headers -----------------------------------------------------------------------------------------------------------

    def test_forced_headers_stand_alone_however_the_caller_spells_its_own(self):
        forced = {"STW-Check-Duplicity": "true", "STW-Application": "Eshop", "STW-Instance": "${client.ip}"}
        server, edge = self.front(MServer, "mserver", route={"request_headers": {"set": forced}})
        brought = b"".join(
            b"%s: forged\r\n" % name
            for name in (
                b"STW-Check-Duplicity",
                b"stw-check-duplicity",
                b"STW_Check_Duplicity",
                b"STW-CHECK.DUPLICITY",
                b"STW-application",
                b"STW_application",
                b"STW-Instance",
                b"Stw_Instance",
            )
        )
        brought += b"Connection: STW-Check-Duplicity\r\nSTW-Authorization: Basic QDo=\r\n"
        self.assertEqual(edge.ask(xml(brought), "lan").status, 200)
        request = server.requests[-1]
        self.assertNotIn(b"forged", request.head)
        self.assertEqual(request.all("STW-Check-Duplicity"), [b"true"])
        self.assertEqual(request.all("STW-Application"), [b"Eshop"])
        self.assertEqual(request.all("STW-Instance"), [b"127.0.0.1"])


if __name__ == "__main__":
    unittest.main()
