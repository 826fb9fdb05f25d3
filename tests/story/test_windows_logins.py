"""Logins that belong to a connection (NTLM, Negotiate): the server's connection is its caller's alone, so the login works, and nobody
else is ever taken for that caller."""

import hashlib
import secrets

from harness import Story, certificates, config, pair
from windows import Windows, first_leg, kerberos, last_leg
from web import Web

H = b"Host: localhost\r\n"


def ask(fields=b"", path=b"/", method=b"GET", body=None):
    length = b"" if body is None else b"Content-Length: %d\r\n" % len(body)
    return method + b" " + path + b" HTTP/1.1\r\n" + H + fields + length + b"\r\n" + (body or b"")


class Caller:
    """One connection of a caller's, and what it asks there."""

    def __init__(self, edge, listener="lan", fields=b"", **options):
        self.client = edge.connect(listener, **options)
        self.fields = fields

    def ask(self, fields=b"", path=b"/", method=b"GET", body=None):
        self.client.send(ask(self.fields + fields, path, method, body))
        return self.client.reply(method.decode())

    def is_(self, path=b"/", **options):
        """Whom the server takes it for; None: nobody."""
        reply = self.ask(path=path, **options)
        return reply.body.decode() if reply.status == 200 else None

    def log_in(self, user, scheme=b"NTLM", **options):
        """All legs; the last reply."""
        challenge = self.ask(first_leg(scheme), **options)
        if challenge.status != 401:
            raise AssertionError(challenge)
        told = [value for value in challenge.all("WWW-Authenticate") if " " in value]
        return self.ask(last_leg(user, told[0], scheme), **options)

    def close(self):
        self.client.close()


class WindowsLogins(Story):
    def open(self, knobs=None, profile="onec", **options):
        """One worker: its pool would give each connection to whoever comes next."""
        options = {"workers": 1, **options}
        self.server = self.standin(Windows, **(knobs or {}))
        self.edge = self.start(config(self.server, profile, **options))
        return self.server, self.edge

    def caller(self, *arguments, **options):
        caller = Caller(self.edge, *arguments, **options)
        self.addCleanup(caller.close)
        return caller

    # nobody else's

    def test_nobody_else_is_the_one_who_logged_in(self):
        ways = {
            "NTLM": lambda caller: caller.log_in("anna"),
            "ntlm in small letters": lambda caller: caller.log_in("anna", b"ntlm"),
            "NTLM inside Negotiate": lambda caller: caller.log_in("anna", b"NEGOTIATE"),
            "Kerberos": lambda caller: caller.ask(kerberos("anna")),
            "Kerberos in capitals": lambda caller: caller.ask(kerberos("anna", b"NEGOtiate")),
            "by POST": lambda caller: caller.log_in("anna", method=b"POST", body=b"<x/>"),
            "by HEAD, which ends no connection here": lambda caller: caller.log_in("anna", method=b"HEAD"),
        }
        for knobs in ({}, {"mute": True}, {"one_field": True}):
            self.open(knobs)
            for way, log_in in ways.items():
                with self.subTest(way=way, knobs=knobs):
                    anna = self.caller()
                    self.assertEqual(log_in(anna).status, 200)
                    others = [self.caller() for _ in range(3)]
                    self.assertEqual([other.is_() for other in others], [None] * 3)
                    self.assertEqual(anna.is_(), "anna", "and she herself still is")
                    self.assertEqual(others[0].log_in("boris").status, 200)
                    self.assertEqual([anna.is_(), others[0].is_(), others[1].is_()], ["anna", "boris", None])
                    anna.close()
                    self.assertEqual([others[0].is_(), others[1].is_(), self.caller().is_()], ["boris", None, None])
            self.assertEqual(self.server.lost, 0)

    def test_a_login_that_only_the_reply_tells_is_the_callers_too(self):
        """However the server came to know its user."""
        from raw import Raw

        for field in (b"Persistent-Auth: true", b"WWW-Authenticate: Negotiate oUs=", b"WWW-Authenticate: Basic realm=\"x\", NTLM", b"www-authenticate: ntlm"):
            with self.subTest(field=field):
                server = self.standin(Raw)
                server.turn(answer=b"HTTP/1.1 200 OK\r\n" + field + b"\r\nContent-Length: 2\r\n\r\nok")
                edge = self.start(config(server, workers=1))
                with edge.connect("lan") as one, edge.connect("lan") as other:
                    for client in (one, other, one, other):
                        client.send(ask())
                        self.assertEqual(client.reply().status, 200)
                self.assertEqual(server.connections, 2)
                self.assertEqual([server.transcript(n).count(b"GET / ") for n in (1, 2)], [2, 2])

    def test_without_such_a_login_connections_are_everybodys(self):
        server = self.standin(Web)
        edge = self.start(config(server, workers=1))
        for fields in (b"", b"Authorization: Basic YTpi\r\n", b"Authorization: Bearer NTLMx\r\n"):
            self.assertEqual(edge.ask(ask(fields), "lan").status, 200)
        self.assertEqual(server.connections, 1)

    def test_callers_behind_one_front_proxy_are_not_taken_for_each_other(self):
        """It sends them all over one connection."""
        self.open(trusted_proxies=["127.0.0.1"])
        front = self.caller()
        told = [b"X-Forwarded-For: 203.0.113.%d\r\n" % n for n in (1, 2)]
        challenge = front.ask(told[0] + first_leg())
        self.assertEqual(challenge.status, 401)
        self.assertEqual(challenge.all("Proxy-Support"), [])
        self.assertEqual(front.ask(told[0] + kerberos("anna")).body, b"anna")
        for fields in (*told, b""):
            self.assertEqual(front.ask(fields).status, 401)
        self.edge.said.wait("trusted_proxies")
        self.server.wait_for_no_connection()

    def test_another_client_on_the_same_connection_is_another_caller(self):
        keys = {name: secrets.token_urlsafe(32) for name in ("shop", "desk")}
        self.server = self.standin(Windows)
        settings = config(self.server, workers=1, route={"clients": list(keys)})
        del settings["routes"][0]["access"]
        settings["clients"] = {name: {"api_key_sha256": hashlib.sha256(key.encode()).hexdigest()} for name, key in keys.items()}
        settings["routes"].append({"path": "/open", "server": "upstream", "access": "anonymous"})
        self.edge = self.start(settings)
        shown = {name: b"X-Edge-Key: " + key.encode() + b"\r\n" for name, key in keys.items()}
        both = self.caller()
        self.assertEqual(both.ask(shown["shop"] + kerberos("anna")).body, b"anna")
        self.assertEqual(both.ask(shown["desk"]).status, 401)
        self.assertEqual(both.ask(path=b"/open").status, 401)
        self.assertEqual(both.ask(shown["shop"]).body, b"anna")
        self.assertEqual(both.ask(shown["desk"] + kerberos("boris")).body, b"boris")
        self.assertEqual(both.ask(shown["shop"]).body, b"anna")

    def test_what_the_edge_logs_in_with_is_not_the_callers(self):
        import os

        from harness import scratch

        file = scratch() / "windows.cred"
        file.write_text("gras:gr17")
        os.chmod(file, 0o600)
        self.server = self.standin(Windows)
        settings = config(self.server, workers=1)
        settings["servers"]["edges"] = {"url": self.server.url, "credentials": str(file)}
        settings["routes"].append({"path": "/edges", "server": "edges", "access": "anonymous"})
        self.edge = self.start(settings)
        anna = self.caller()
        self.assertEqual(anna.log_in("anna").body, b"anna")
        self.assert_refused(anna.ask(path=b"/edges"), 502, "server_refused_edge", "maybe")
        self.assert_refused(anna.ask(kerberos("anna"), path=b"/edges"), 502, "server_refused_edge", "maybe")
        self.assertEqual(anna.is_(), "anna")

    # the legs of a login

    def test_all_legs_go_over_one_connection(self):
        self.open()
        for n in range(3):
            caller = self.caller()
            bare = caller.ask()
            self.assertEqual((bare.status, bare.all("Proxy-Support")), (401, ["Session-Based-Authentication"]))
            self.assertEqual(caller.log_in(f"user{n}").body.decode(), f"user{n}")
            for _ in range(3):
                self.assertEqual(caller.is_(), f"user{n}")
            over = {request.connection for request in self.server.requests[n * 6 :]}
            self.assertEqual(len(over), 1)
        self.assertEqual((self.server.connections, self.server.lost), (3, 0))

    def test_it_works_with_whatever_else_a_route_does(self):
        for options in (
            {"route": {"spool": "both"}},
            {"route": {"compress": True, "decompress_requests": True}},
            {"server": {"keep_idle": 0}},
            {"route": {"strip_prefix": True, "path": "/x"}},
            {"route": {"client_cert": True, "websocket": True}},
        ):
            with self.subTest(options=options):
                self.open(**options)
                path = b"/x/" if "path" in options.get("route", {}) else b"/"
                anna, boris = self.caller(), self.caller()
                self.assertEqual(anna.log_in("anna", path=path, method=b"POST", body=b"<x/>").body, b"anna")
                self.assertEqual(boris.log_in("boris", path=path).body, b"boris")
                self.assertEqual([anna.is_(path), boris.is_(path), self.caller().is_(path)], ["anna", "boris", None])

    def leg(self, caller, fields, body, expect=b""):
        """A POST whose body is sent when the server has denied it at its head."""
        before = self.server.denials
        whole = ask(fields + expect, method=b"POST", body=body)
        caller.client.send(whole[: -len(body)])
        self.server.wait("a denial at the head", lambda: self.server.denials > before)
        caller.client.send(body)
        return caller.client.reply("POST")

    def test_it_works_where_legs_are_answered_at_their_heads(self):
        for options in ({}, {"route": {"spool": "both"}}):
            self.open({"at_head": True}, **options)
            for size in (1, 1000, 64 * 1024):
                for expect in (b"", b"Expect: 100-continue\r\n"):
                    with self.subTest(size=size, expect=expect, options=options):
                        before = len(self.server.requests)
                        caller, body = self.caller(), b"x" * size
                        bare = self.leg(caller, b"", body, expect) if not options else caller.ask(method=b"POST", body=body)
                        self.assertEqual((bare.status, bare.get("Connection")), (401, None))
                        challenge = self.leg(caller, first_leg(), body, expect) if not options else caller.ask(first_leg(), method=b"POST", body=body)
                        self.assertEqual((challenge.status, challenge.get("Connection")), (401, None))
                        last = caller.ask(last_leg("anna", challenge.get("WWW-Authenticate")), method=b"POST", body=body)
                        self.assertEqual(last.body, b"anna")
                        self.assertEqual(caller.is_(method=b"POST", body=b"<x/>"), "anna")
                        legs = self.server.requests[before:]
                        self.assertEqual((len(legs), len({leg.connection for leg in legs}), self.server.lost), (4, 1, 0))
                        self.assertEqual([leg.body for leg in legs[:3]], [body] * 3)

    def test_a_leg_whose_body_is_large_or_does_not_come_ends_the_connection(self):
        self.open({"at_head": True}, timeouts={"linger": "200ms"})
        caller = self.caller()
        caller.client.send(ask(first_leg(), method=b"POST", body=b"x" * 1000)[:-500])
        self.assertEqual(self.closing(caller), (401, "close"))
        caller = self.caller()
        caller.client.send(ask(first_leg(), method=b"POST", body=b"x" * 300_000)[:-300_000])
        self.assertEqual(self.closing(caller), (401, "close"))
        self.server.wait_for_no_connection()
        self.assertEqual(self.server.requests, [])

    def closing(self, caller):
        reply = caller.client.reply("POST")
        return reply.status, reply.get("Connection")

    def test_it_works_over_tls_on_both_sides(self):
        self.server = self.standin(Windows, tls=(pair("server-ecdsa")["chain"], pair("server-ecdsa")["key"]))
        self.edge = self.start(config(self.server, workers=1, server={"url": f"https://localhost:{self.server.port}", "tls": {"ca": str(certificates() / "ca.pem")}}))
        anna, boris = self.caller("internet"), self.caller("internet")
        self.assertEqual(anna.log_in("anna").body, b"anna")
        self.assertEqual([boris.is_(), anna.is_()], [None, "anna"])

    def test_a_caller_of_http_1_0_that_stays_logs_in(self):
        self.open()
        with self.edge.connect("lan") as client:

            def old(fields):
                client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n" + fields + b"\r\n")
                return client.reply()

            challenge = old(first_leg())
            self.assertEqual(old(last_leg("anna", challenge.get("WWW-Authenticate"))).body, b"anna")
            self.assertEqual(old(b"").body, b"anna")

    def test_each_server_has_a_connection_of_its_own(self):
        others = [self.standin(Windows) for _ in range(3)]
        self.server = self.standin(Windows)
        settings = config(self.server, workers=1)
        for n, other in enumerate(others):
            settings["servers"][f"other{n}"] = {"url": other.url}
            settings["routes"].append({"path": f"/{n}", "server": f"other{n}", "access": "anonymous"})
        self.edge = self.start(settings)
        caller = self.caller()
        paths = [b"/", b"/0", b"/1", b"/2"]
        for n, path in enumerate(paths):
            self.assertEqual(caller.log_in(f"user{n}", path=path).status, 200)
        for _ in range(2):
            self.assertEqual([caller.is_(path) for path in paths], [f"user{n}" for n in range(4)])
        self.assertEqual([self.caller().is_(path) for path in paths], [None] * 4)

    def test_more_servers_than_a_caller_may_have_connections_to(self):
        """The one it had longest is closed: there it logs in anew."""
        servers = [self.standin(Windows) for _ in range(10)]
        settings = config(servers[0], workers=1)
        for n, server in enumerate(servers):
            settings["servers"][f"s{n}"] = {"url": server.url}
            settings["routes"].append({"path": f"/{n}", "server": f"s{n}", "access": "anonymous"})
        self.edge = self.start(settings)
        caller = self.caller()
        for n in range(10):
            self.assertEqual(caller.ask(kerberos("anna"), path=b"/%d" % n).status, 200)
        self.assertEqual([caller.is_(b"/%d" % n) for n in range(2, 10)], ["anna"] * 8)
        self.assertEqual([caller.is_(b"/0"), self.caller().is_(b"/9")], [None, None])

    # while both live

    def test_it_ends_with_the_callers_connection(self):
        self.open()
        anna = self.caller()
        self.assertEqual(anna.log_in("anna").status, 200)
        self.assertEqual(self.server.open, 1)
        anna.close()
        self.server.wait_for_no_connection()

    def test_where_the_server_ends_it_the_caller_logs_in_anew(self):
        self.open()
        anna = self.caller()
        self.assertEqual(anna.log_in("anna").status, 200)
        self.server.drop_connections()
        self.server.wait_for_no_connection()
        self.assertIsNone(anna.is_())
        self.assertEqual(anna.log_in("anna").body, b"anna")
        # The two cross on the way: what says nothing of a login may be asked again, on another connection.
        self.server.turn(fault="close", times=1)
        self.assertIsNone(anna.is_())
        self.assertEqual(anna.log_in("anna").body, b"anna")

    def test_a_leg_that_is_lost_is_not_sent_over_another_connection(self):
        self.open()
        for fault in ("close", "reset"):
            with self.subTest(fault=fault):
                anna = self.caller()
                challenge = anna.ask(first_leg())
                before = len(self.server.requests)
                heads = self.server.heads
                self.server.turn(fault=fault, times=1)
                reply = anna.ask(last_leg("anna", challenge.get("WWW-Authenticate")))
                self.assert_refused(reply, 502, "upstream_", "maybe")
                self.assertEqual(reply.get("Connection"), "close", "the login begins anew, and so does its connection")
                self.assertEqual(anna.client.end(), "closed")
                self.assertEqual((self.server.heads, len(self.server.requests)), (heads + 1, before))
                self.assertEqual(self.caller().log_in("anna").body, b"anna")
        self.assertEqual(self.server.lost, 0)

    def test_a_server_that_ends_the_connection_with_its_challenge(self):
        self.open({"close_on": "challenge"})
        anna = self.caller()
        self.assertEqual(anna.log_in("anna").status, 401)
        self.assertEqual(self.server.lost, 1)
        self.assertEqual(anna.ask(kerberos("anna")).body, b"anna")

    def test_a_server_that_says_more_than_was_asked_loses_it(self):
        self.open()
        anna = self.caller()
        self.assertEqual(anna.log_in("anna").body, b"anna")
        self.server.turn(fault="unsolicited", times=1)
        self.assertEqual(anna.is_(), "anna")
        self.server.release()
        self.server.wait_for_no_connection()
        self.assertIsNone(anna.is_(), "not what the server said to nobody")

    # settings

    def test_a_reload_keeps_it_and_its_rules_are_the_newest(self):
        key = secrets.token_urlsafe(32)
        server, other = self.standin(Windows), self.standin(Windows)
        settings = config(server, workers=1, route={"clients": ["shop"]})
        del settings["routes"][0]["access"]
        settings["clients"] = {"shop": {"api_key_sha256": hashlib.sha256(key.encode()).hexdigest()}}
        self.server, self.edge = server, self.start(settings)
        anna = self.caller(fields=b"X-Edge-Key: " + key.encode() + b"\r\n")
        challenge = anna.ask(first_leg())
        self.assertIn("reloaded", self.edge.reload(settings))
        self.assertEqual(anna.ask(last_leg("anna", challenge.get("WWW-Authenticate"))).body, b"anna")
        settings["servers"] = {"renamed": settings["servers"]["upstream"]}
        settings["routes"][0]["server"] = "renamed"
        self.assertIn("reloaded", self.edge.reload(settings))
        self.assertEqual(anna.is_(), "anna")
        settings["clients"]["shop"]["disabled"] = True
        self.assertIn("reloaded", self.edge.reload(settings))
        self.assert_refused(anna.ask(), 403, "client_disabled")
        del settings["clients"]["shop"]["disabled"]
        settings["servers"]["renamed"]["url"] = other.url
        self.assertIn("reloaded", self.edge.reload(settings))
        self.assertIsNone(anna.is_(), "another server")
        self.assertEqual(len(other.requests), 1)

    def test_a_drain_lets_it_go(self):
        self.open()
        anna = self.caller()
        self.assertEqual(anna.log_in("anna").status, 200)
        self.edge.terminate()
        self.assertEqual(anna.client.end(), "closed")
        self.server.wait_for_no_connection()

    def test_where_requests_have_a_turn_each_has_a_connection_of_its_own(self):
        """So such a login can't last, and the log says why; nobody is taken for another all the same."""
        self.open(server={"concurrency": 1})
        anna = self.caller()
        challenge = anna.ask(first_leg())
        self.assertEqual((challenge.status, challenge.all("Proxy-Support")), (401, []))
        self.assertEqual(anna.ask(last_leg("anna", challenge.get("WWW-Authenticate"))).status, 401)
        self.assertEqual(anna.ask(kerberos("anna")).body, b"anna", "one leg is enough for Kerberos")
        self.assertEqual([anna.is_(), self.caller().is_()], [None, None])
        self.edge.said.wait("NTLM or Negotiate.*concurrency")

    def test_a_server_that_gets_a_bound_is_left_no_idle_connection(self):
        self.server = self.standin(Windows)
        settings = config(self.server, workers=1)
        self.edge = self.start(settings)
        anna = self.caller()
        self.assertEqual(anna.log_in("anna").body, b"anna")
        settings["servers"]["upstream"]["concurrency"] = 1
        self.assertIn("reloaded", self.edge.reload(settings))
        self.assertIsNone(anna.is_())
        self.server.wait_for_no_connection()

    def reload(self, settings):
        self.assertIn("reloaded", self.edge.reload(settings))

    def test_a_bound_that_comes_ends_what_idles_also_of_callers_who_ask_no_more(self):
        """The next one is alone at the server: no connection of somebody else's stands open there."""
        for change in ({"concurrency": 1}, {"profile": "mserver"}):
            with self.subTest(change=change):
                self.server = self.standin(Windows)
                settings = config(self.server, workers=1)
                self.edge = self.start(settings)
                anna, boris = self.caller(), self.caller()
                self.assertEqual([anna.log_in("anna").body, boris.ask(kerberos("boris")).body], [b"anna", b"boris"])
                self.assertEqual(self.server.open, 2)
                settings["servers"]["upstream"] |= change
                self.reload(settings)
                self.server.wait_for_no_connection()

    def test_a_bound_by_another_name_of_the_server(self):
        self.server = self.standin(Windows)
        settings = config(self.server, workers=1)
        self.edge = self.start(settings)
        anna = self.caller()
        self.assertEqual(anna.log_in("anna").body, b"anna")
        settings["servers"]["again"] = {**settings["servers"]["upstream"], "concurrency": 1}
        self.reload(settings)
        self.server.wait_for_no_connection()

    def test_a_server_that_moves_or_goes_is_left_no_connection(self):
        other = self.standin(Windows)
        for change in ({"url": other.url}, {"tls": {"verify": False}}, None):
            with self.subTest(change=change):
                self.server = self.standin(Windows)
                settings = config(self.server, workers=1)
                self.edge = self.start(settings)
                anna = self.caller()
                self.assertEqual(anna.log_in("anna").body, b"anna")
                if change is None:
                    settings["servers"] = {"another": {"profile": "http", "url": other.url}}
                    settings["routes"][0]["server"] = "another"
                elif "tls" in change:
                    settings["servers"]["upstream"] |= {"url": self.server.url.replace("http:", "https:"), **change}
                else:
                    settings["servers"]["upstream"] |= change
                self.reload(settings)
                self.server.wait_for_no_connection()

    def test_what_is_in_use_when_the_bound_comes_is_not_kept_behind_it(self):
        self.server = self.standin(Windows)
        settings = config(self.server, workers=1)
        self.edge = self.start(settings)
        anna = self.caller()
        self.assertEqual(anna.log_in("anna").body, b"anna")
        self.server.turn(hold=True)
        asked = len(self.server.requests)
        anna.client.send(ask())
        self.server.wait_for_requests(asked + 1)
        settings["servers"]["upstream"]["concurrency"] = 1
        self.reload(settings)
        self.server.release()
        self.assertEqual(anna.client.reply().body, b"anna")
        self.server.wait_for_no_connection()

    def test_other_servers_keep_theirs(self):
        one, other = self.standin(Windows), self.standin(Windows)
        settings = config(one, workers=1)
        settings["servers"]["other"] = {"url": other.url}
        settings["routes"].append({"path": "/other", "server": "other", "access": "anonymous"})
        self.server, self.edge = one, self.start(settings)
        anna = self.caller()
        self.assertEqual([anna.log_in("anna").body, anna.log_in("anna", path=b"/other").body], [b"anna", b"anna"])
        settings["servers"]["upstream"]["concurrency"] = 1
        self.reload(settings)
        one.wait_for_no_connection()
        self.assertEqual(anna.is_(b"/other"), "anna")
