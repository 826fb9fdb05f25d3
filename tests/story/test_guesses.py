"""Guesses at passwords: many at once, under a certificate, at servers of each kind. What counts, for whom, and what does not."""

import base64
import json
import re
import struct
import unittest

import test_bans
from harness import Story, config, poll, scratch
from mserver import MServer
from standin import Reply
from test_admin import series
from test_certificates import Guarded as WithCertificates
from test_identity import basic, users
from test_operations import pack
from web import Web

LOCK = {"lockout": {"failures": 3, "ban": "1h", "longest": "1h"}, "trusted_proxies": ["127.0.0.1"]}


def ask(*fields, path=b"/", method=b"GET", address=b"203.0.113.9", body=b""):
    head = method + b" " + path + b" HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: " + address + b"\r\n"
    head += b"".join(field + b"\r\n" for field in fields)
    return head + (b"Content-Length: %d\r\n" % len(body) if body or method == b"POST" else b"") + b"\r\n" + body


def at_once(edge, requests, **options):
    """The replies to all of them, none of which waits for another."""
    clients = [edge.connect(**options) for _ in requests]
    for client, request in zip(clients, requests):
        client.send(request)
    try:
        return [client.reply() for client in clients]
    finally:
        for client in clients:
            client.close()


class AtOnce(Story):
    def test_no_more_guesses_reach_a_server_than_may_fail(self):
        server, edge = self.front(Web, **LOCK)
        server.turn(hold=True)
        clients = [edge.connect("lan") for _ in range(60)]
        for n, client in enumerate(clients):
            client.send(ask(basic("boss", f"guess {n}"), path=b"/status/401"))
        server.wait_for_heads(3)
        server.release()
        statuses = []
        for client in clients:
            statuses.append(client.reply().status)
            client.close()
        self.assertEqual(server.heads, 3)
        self.assertEqual(sorted(statuses), [401] * 3 + [429] * 57)

    def test_no_more_passwords_are_verified_than_may_fail(self):
        server = self.standin(MServer)
        clients = {name: {"user": name} for name in ("shop", "desk")}
        settings = config(server, "mserver", route={"clients": list(clients)}, clients=clients, users=users(shop="right", desk="right"), **LOCK)
        del settings["routes"][0]["access"]
        edge = self.start(settings)
        for user, password in (("shop", "the same"), ("desk", None)):
            replies = at_once(edge, [ask(basic(user, password or f"guess {n}"), path=b"/status") for n in range(60)], listener="lan")
            self.assertEqual(sorted(reply.status for reply in replies), [401] * 3 + [429] * 57)
        poll("bans in the log", lambda: len([line for line in edge.said.lines if "login banned" in line]) == 2)

    def test_who_knows_the_password_is_not_held_up_by_its_own_crowd(self):
        server = self.standin(MServer)
        settings = config(server, "mserver", route={"clients": ["shop"]}, clients={"shop": {"user": "eshop"}}, users=users(eshop="right"), **LOCK)
        del settings["routes"][0]["access"]
        edge = self.start(settings)
        for _ in range(2):
            replies = at_once(edge, [ask(basic("eshop", "right"), path=b"/status") for _ in range(40)], listener="lan")
            self.assertEqual({reply.status for reply in replies}, {200})

    def test_a_login_that_the_server_knows_is_no_guess(self):
        server, edge = self.front(Web, **LOCK)
        request = ask(basic("boss", "right"))
        self.assertEqual(edge.ask(request, "lan").status, 200)
        server.turn(hold=True)
        clients = [edge.connect("lan") for _ in range(20)]
        for client in clients:
            client.send(request)
        server.wait_for_heads(21)
        server.release()
        for client in clients:
            self.assertEqual(client.reply().status, 200)
            client.close()

    def test_an_address_has_a_budget_over_all_accounts(self):
        server, edge = self.front(Web, **LOCK)
        statuses = [edge.ask(ask(basic(f"invented{n}", "x"), path=b"/status/401"), "lan").status for n in range(20)]
        self.assertEqual(statuses, [401] * 15 + [429] * 5)
        edge.said.wait(r"login banned: address=203\.0\.113\.9 account=\(all\) seconds=3600$")
        self.assertEqual(edge.ask(ask(basic("boss", "x"), address=b"192.0.2.1"), "lan").status, 200)


class UnderACertificate(WithCertificates):
    CLIENTS = {"till": {"certificate": {"san": "till.branch.test"}, "user": "till"}, "desk": {"user": "desk"}}

    def open_mserver(self, **top):
        server = self.standin(MServer)
        settings = config(server, "mserver", listen=[self.listener()], clients=self.CLIENTS, **{"users": users(till="mine", desk="right"), **LOCK, **top})
        del settings["routes"][0]["access"]
        settings["routes"][0] |= {"clients": list(self.CLIENTS)}
        return server, self.start(settings)

    def guess(self, edge, user, password, address=b"203.0.113.9", certificate=True):
        request = ask(basic(user, password), path=b"/status", address=address)
        return edge.ask(request, certificate=self.till if certificate else None)

    def test_the_exemption_holds_for_its_own_user_only(self):
        server, edge = self.open_mserver()
        for n in range(10):
            self.assert_refused(self.guess(edge, "till", f"guess {n}"), 401, "login_failed")
        self.assertNotIn("login failed", edge.said.text)
        self.assertEqual(self.guess(edge, "till", "mine").status, 200)
        for user in ("desk", "nobody"):
            for n in range(3):
                self.assert_refused(self.guess(edge, user, f"guess {n}"), 401, "login_failed")
            self.assert_refused(self.guess(edge, user, "right"), 429, "locked_out")
        edge.said.wait(r"login banned: address=203\.0\.113\.9 account=desk seconds=3600 client=till$")
        filtered = re.compile(test_bans.Bans.failregex(self))
        self.assertEqual([line for line in edge.said.lines if filtered.match(line.split(" ", 1)[1])], [], "fail2ban must not ban a branch")
        self.assertEqual(self.guess(edge, "till", "mine").status, 200)
        self.assertEqual(self.guess(edge, "desk", "right", certificate=False).status, 200, "the address is not what guessed")

    def test_even_a_right_guess_at_another_user_tells_nothing(self):
        server, edge = self.open_mserver()
        replies = [self.guess(edge, "desk", password) for password in ("wrong", "right")]
        for reply in replies:
            self.assert_refused(reply, 401, "login_failed")
        self.assertEqual(replies[0].get("Proxy-Status"), replies[1].get("Proxy-Status"))
        poll("both in the log", lambda: len([line for line in edge.said.lines if "login failed" in line]) == 2)

    def test_its_guesses_do_not_fill_the_line_for_others(self):
        server, edge = self.open_mserver(admin={"address": "127.0.0.1:0"}, users=users(1024, till="mine", desk="right"))

        def hashes():
            return series(edge.ask(ask(path=b"/metrics"), "admin", tls=False).body.decode())["ledgergate_password_hashes_total"]

        clients = [edge.connect(certificate=self.till) for _ in range(70)]
        for n, client in enumerate(clients):
            client.send(ask(basic("till", f"guess {n}"), path=b"/status"))
        before = hashes()
        poll("guesses in line", lambda: hashes() > before)
        self.assertEqual(self.guess(edge, "desk", "right", b"192.0.2.1", certificate=False).status, 200, "a stranger so far")
        self.assertLess(hashes() - before, 30)
        self.assertEqual({client.reply().status for client in clients}, {401, 429})
        for client in clients:
            client.close()

    def test_another_user_of_the_server_is_guessed_at_no_more_often_than_by_others(self):
        server, edge = self.open(**LOCK)

        def guess(password, certificate=self.till):
            return edge.ask(ask(basic("boss", password), path=b"/status/401"), certificate=certificate).status

        self.assertEqual([guess("stale") for _ in range(10)], [401] * 10, "a till with an old password is no guesser")
        self.assertNotIn("login failed", edge.said.text)
        self.assertEqual([guess(f"guess {n}") for n in range(5)], [401] * 3 + [429] * 2)


def web_token(user):
    """As 1C's web client makes them, without the secrets."""
    name = user.encode()
    return base64.b64encode(b"\1" + (b"\x30" + bytes(48)) * 2 + struct.pack("<I", len(name)) + name + b"\0\0\0\0").decode()


class WebBase(Web):
    """A base of 1C behind a web server: e1cib/login answers 402 to whoever has not logged in; /ntlm asks for Windows' own login."""

    def reply(self, request):
        fields = [("Content-Type", "text/plain")]
        if request.path.lower().rstrip(b"/").endswith(b"/e1cib/login"):
            right = b"cmlnaHQ6cmlnaHQ" in request.query + request.body
            return Reply(200, "OK", fields, b"{}") if right else Reply(402, "Payment Required", fields, b"who?")
        if request.path.startswith(b"/ntlm"):
            return self.windows(request, fields)
        return super().reply(request)

    def windows(self, request, fields):
        scheme, _, token = request.get("Authorization", b"").partition(b" ")
        message = base64.b64decode(token)
        if b"NTLMSSP\0\1" in message:
            challenge = base64.b64encode(b"NTLMSSP\0\2\0\0\0" + bytes(40)).decode()
            return Reply(401, "Unauthorized", [*fields, ("WWW-Authenticate", f"{scheme.decode()} {challenge}")], b"")
        if b"right" in message:
            return Reply(200, "OK", fields, b"in")
        return Reply(401, "Unauthorized", [*fields, ("WWW-Authenticate", "Negotiate"), ("WWW-Authenticate", "NTLM")], b"")


def ntlm(number, user="", response=b"wrong"):
    name = user.encode("utf-16-le")
    message = b"NTLMSSP\0" + struct.pack("<I", number)
    if number == 3:
        message += struct.pack("<HHI", 0, 0, 64) * 3 + struct.pack("<HHI", len(name), len(name), 64) + struct.pack("<HHI", 0, 0, 64) * 2
        message += struct.pack("<I", 1) + name + response
    return message


class AtTheServer(Story):
    def front_of(self, kind, profile, **settings):
        return self.front(kind, profile, **{**LOCK, **settings})

    def assert_guesses(self, edge, requests, locked, status=402):
        """Three of them are answered by the server, and then `locked` is not."""
        for request in requests:
            self.assertEqual(edge.ask(request, "lan").status, status)
        self.assert_refused(edge.ask(locked, "lan"), 429, "locked_out")

    def login(self, cred="", body=b"", path=b"/base/ru_RU/e1cib/login", address=b"203.0.113.9"):
        query = b"?version=8.3.25&vl=ru_RU" + (b"&cred=" + cred.encode() if cred else b"")
        return ask(path=path + query, method=b"POST", body=body, address=address)

    def test_a_wrong_login_of_1c_counts_wherever_it_stands(self):
        server, edge = self.front_of(WebBase, "onec")
        ways = {
            b"192.0.2.1": lambda cred: {"cred": cred},
            b"192.0.2.2": lambda cred: {"cred": cred.replace("=", "%3D"), "path": b"/base/E1CIB/Login/"},
            b"192.0.2.3": lambda cred: {"body": json.dumps({"cred": cred}).encode()},
            b"192.0.2.4": lambda cred: {"body": b"a=b&cred=" + cred.replace("=", "%3d").replace("+", "%2b").encode()},
        }
        for number, (address, way) in enumerate(ways.items()):
            with self.subTest(address=address):
                user = f"ivan{number}"
                creds = [base64.b64encode(f"{user}:{password}".encode()).decode() for password in ("wrong", ">>>?", "right")]
                requests = [self.login(**way(cred), address=address) for cred in (creds[0], creds[1], web_token(user.upper()))]
                asked = server.heads
                self.assert_guesses(edge, requests, self.login(creds[2], address=address))
                self.assertEqual(server.heads, asked + 3)
                edge.said.wait(rf"login banned: address=192\.0\.2\.{number + 1} account=server:{user}@\S+:\d+ seconds=3600")

    def test_what_1c_asks_before_it_has_a_login_is_no_guess(self):
        server, edge = self.front_of(WebBase, "onec")
        for body in (b"", b"{}", b'{"root":"{}"}') * 10:
            self.assertEqual(edge.ask(self.login(body=body), "lan").status, 402)
        self.assertNotIn("login failed", edge.said.text)
        self.assertEqual(edge.ask(self.login("cmlnaHQ6cmlnaHQ="), "lan").status, 200)

    def test_a_right_login_of_1c_forgives_slips(self):
        server, edge = self.front_of(WebBase, "onec")
        for _ in range(4):
            for n in range(2):
                self.assertEqual(edge.ask(self.login(web_token("right")), "lan").status, 402)
            self.assertEqual(edge.ask(self.login("cmlnaHQ6cmlnaHQ="), "lan").status, 200)

    def test_logins_that_can_not_be_read_or_are_several_are_one_account(self):
        server, edge = self.front_of(WebBase, "onec")
        odd = [self.login("%zz"), self.login(body=b'{"cred":"YTpi","cred":"YzpiCg=="}'), self.login("YTpi", b'{"cred":"YzpiCg=="}')]
        self.assert_guesses(edge, odd, self.login(body=b"{broken"))
        large = self.login(body=b" " * 20000 + b'{"cred":"YTpi"}', address=b"192.0.2.1")
        self.assert_guesses(edge, [large] * 3, large)

    def test_a_login_of_1c_counts_by_any_reading_of_its_path_and_parameter(self):
        class Careless(Web):
            def reply(self, request):
                return Reply(402, "Payment Required", [("Content-Type", "text/plain")], b"who?")

        server, edge = self.front_of(Careless, "onec")
        cred = base64.b64encode(b"boss:g").rstrip(b"=")
        whats = [(path, b"cred=") for path in (b"e1cib%5Clogin", b"e1cib/login;x", b"e1cib;v/login", b"e1cib/login%20", b"e1cib/login.",
                                               b"e1cib/login%5C", b"e1cib/%256Cogin")]
        whats += [(b"e1cib/login", name) for name in (b"x=1;cred=", b"+cred=", b"cred%20=", b"cred[]=", b"%2563red=")]
        for number, (path, name) in enumerate(whats):
            with self.subTest(path=path, name=name):
                address = b"198.51.100.%d" % number
                guess = [ask(path=b"/b/" + path + b"?" + name + cred + b"%d" % n, method=b"POST", address=address) for n in range(4)]
                self.assert_guesses(edge, guess[:3], guess[3])

    def test_only_a_post_to_the_login_itself_forgives(self):
        class Kind(Web):
            def reply(self, request):
                wrong = request.head.startswith(b"POST") and request.path == b"/b/e1cib/login"
                return Reply(402, "Payment Required", [], b"") if wrong else Reply(200, "OK", [], b"")

        server, edge = self.front_of(Kind, "onec")
        others = [(b"OPTIONS", b"/b/e1cib/login"), (b"HEAD", b"/b/e1cib/login"), (b"GET", b"/b/e1cib/login"), (b"POST", b"/b/e1cib/login;x")]
        for number, (method, path) in enumerate(others):
            with self.subTest(method=method, path=path):
                def guess(n, method=b"POST", path=b"/b/e1cib/login", address=b"198.51.100.%d" % number):
                    cred = base64.b64encode(b"boss%d:g%d" % (number, n))
                    return edge.ask(ask(path=path + b"?cred=" + cred, method=method, address=address), "lan", method=method.decode()).status

                self.assertEqual([guess(1), guess(2), guess(3, method, path), guess(4), guess(5)], [402, 402, 200, 402, 429])

    def test_what_is_right_at_one_server_forgives_nothing_at_another(self):
        class Right(Web):
            def reply(self, request):
                good = request.get("Authorization") == basic("boss", "right").partition(b": ")[2]
                return Reply(200, "OK", [("Content-Type", "application/json")], b'{"Result":1}') if good else Reply(401, "No", [], b"")

        one, other = self.standin(Right), self.standin(Web)
        settings = config(one, "apicomprem", **LOCK)
        settings["servers"]["other"] = {"profile": "apicomprem", "url": other.url}
        settings["routes"] = [{"host": f"{name}.example", "path": "/", "server": server, "access": "anonymous"}
                              for name, server in (("one", "upstream"), ("other", "other"))]
        edge = self.start(settings)
        body = b'{"command":{"inComm":"INFO"}}'

        def login(host, password):
            request = ask(basic("boss", password), b"Content-Type: application/json", path=b"/api/comm", method=b"POST", body=body)
            return edge.ask(request.replace(b"Host: localhost", b"Host: " + host), "lan").status

        other.reply = lambda request: Reply(401, "No", [], b"")
        statuses = []
        for n in range(4):
            self.assertEqual(login(b"one.example", "right"), 200)
            statuses.append(login(b"other.example", f"guess {n}"))
        self.assertEqual(statuses, [401, 401, 401, 429])
        self.assertEqual(login(b"one.example", "right"), 200)

    def test_a_401_to_what_the_route_writes_in_place_of_the_callers_is_no_guess(self):
        for rules in ({"set": {"Authorization": "Basic c3RhbGU6cHc="}}, {"remove": ["Authorization"]}):
            with self.subTest(rules=rules):
                server, edge = self.front(Web, "onec", route={"request_headers": rules}, **LOCK)
                for _ in range(6):
                    self.assertEqual(edge.ask(ask(basic("me", "right"), path=b"/status/401"), "lan").status, 401)
                self.assertNotIn("login failed", edge.said.text)

    def test_402_elsewhere_is_no_failed_login(self):
        server, edge = self.front_of(WebBase, "onec")
        for _ in range(5):
            self.assertEqual(edge.ask(ask(basic("ivan", "x"), path=b"/status/402"), "lan").status, 402)
        server, edge = self.front_of(WebBase, "http")
        for _ in range(5):
            self.assertEqual(edge.ask(self.login("YTpi"), "lan").status, 402)

    def test_windows_own_login_counts_when_it_has_failed_and_not_on_the_way(self):
        for profile in ("onec", "mobile_smarts", "http"):
            for scheme, wrap in (("NTLM", lambda message: message), ("Negotiate", lambda message: b"\x60\x50\x06\x06" + message)):
                with self.subTest(profile=profile, scheme=scheme):
                    server, edge = self.front_of(WebBase, profile)

                    def leg(number, user="", response=b"wrong", address=b"203.0.113.9"):
                        token = base64.b64encode(wrap(ntlm(number, user, response)))
                        return ask(b"Authorization: " + scheme.encode() + b" " + token, path=b"/ntlm", address=address)

                    for _ in range(10):
                        self.assertEqual(edge.ask(ask(path=b"/ntlm"), "lan").status, 401)
                        self.assertEqual(edge.ask(leg(1), "lan").status, 401)
                        self.assertEqual(edge.ask(leg(3, "ivan", b"right"), "lan").status, 200)
                    self.assertNotIn("login failed", edge.said.text)
                    for user in ("ivan", "Ivan", "IVAN"):
                        self.assertEqual(edge.ask(leg(1), "lan").status, 401)
                        self.assertEqual(edge.ask(leg(3, user), "lan").status, 401)
                    self.assert_refused(edge.ask(leg(3, "ivan", b"right"), "lan"), 429, "locked_out")
                    self.assertEqual(edge.ask(leg(1), "lan").status, 401, "nobody is named yet")
                    edge.said.wait(r"login banned: address=203\.0\.113\.9 account=server:ivan@\S+:\d+ seconds=3600")

    def test_a_wrong_basic_login_that_iis_answers_with_its_own_schemes(self):
        server, edge = self.front_of(WebBase, "onec")
        self.assert_guesses(edge, [ask(basic("ivan", str(n)), path=b"/ntlm") for n in range(3)], ask(basic("ivan", "right"), path=b"/ntlm"), 401)

    def test_a_user_is_one_account_with_any_domain_and_blanks(self):
        server, edge = self.front_of(WebBase, "onec")
        spellings = ("{}", " {}", "{}\t", "FIRMA\\{}", "firma.cz\\ {}", "{}@firma", "{} @Firma.cz", "FIRMA\\{}@firma", "\u00a0{}", '"{}"')
        for n, locked in enumerate(spellings):
            with self.subTest(locked=locked):
                user, address = f"ivan{n}x", f"192.0.2.{n + 1}".encode()
                names = [spellings[(n + step) % len(spellings)].format(user.upper() if step == 2 else user) for step in (1, 2, 3)]
                requests = [ask(basic(name, f"guess {i}"), path=b"/ntlm", address=address) for i, name in enumerate(names)]
                self.assert_guesses(edge, requests, ask(basic(locked.format(user), "right"), path=b"/ntlm", address=address), 401)
                edge.said.wait(rf"login banned: address=192\.0\.2\.{n + 1} account=server:{user}@\S+:\d+ seconds=3600")
        other = ask(basic("ivanka@firma", "right"), path=b"/ntlm", address=b"192.0.2.99")
        self.assertNotEqual(edge.ask(other, "lan").status, 429)

    def test_a_digest_counts_unless_only_its_nonce_is_old(self):
        class Digest(Web):
            def reply(self, request):
                stale = ", stale=TRUE" if b"old" in request.get("Authorization", b"") else ""
                return Reply(401, "Unauthorized", [("WWW-Authenticate", f'Digest realm="r", nonce="n"{stale}')], b"")

        server, edge = self.front_of(Digest, "http")

        def digest(nonce):
            return ask(b'Authorization: Digest realm="r", username="ivan", nonce="%s", response="x"' % nonce)

        for _ in range(5):
            self.assertEqual(edge.ask(digest(b"old"), "lan").status, 401)
        self.assert_guesses(edge, [digest(b"new")] * 3, digest(b"new"), 401)

    def test_an_expired_token_bans_no_till(self):
        server, edge = self.front_of(Web, "mobile_smarts")
        for value in (b"Bearer abc", b"SessionToken abc", b"0123456789abcdef", b"Negotiate YIIabc", b"NTLM"):
            for _ in range(20):
                self.assertEqual(edge.ask(ask(b"Authorization: " + value, path=b"/status/401"), "lan").status, 401)
        self.assertNotIn("login failed", edge.said.text)

    def units(self, credentials):
        """Two mServers by unit, and whose user and password goes where the edge's own does."""
        one, other = self.standin(MServer), self.standin(MServer)
        settings = config(one, "mserver", workers=1, route={"units": {"25313142": "upstream", "00012345": "other"}}, **LOCK)
        settings["servers"]["other"] = {"profile": "mserver", "url": other.url}
        for name in ("upstream", "other"):
            if name not in credentials:
                continue
            file = scratch() / f"{name}.cred"
            file.write_text("boss:changed")
            file.chmod(0o600)
            settings["servers"][name]["credentials"] = str(file)
        return one, other, self.start(settings)

    def pack(self, unit, password):
        body = pack("order", ico=unit)
        return ask(basic("boss", password, b"STW-Authorization"), path=b"/xml", method=b"POST", body=body)

    def test_the_unit_says_whose_login_it_is(self):
        one, other, edge = self.units({"upstream"})
        for _ in range(5):
            self.assert_refused(edge.ask(self.pack("25313142", "x"), "lan"), 502, "server_refused_edge", "maybe")
        self.assertNotIn("login failed", edge.said.text, "the edge's own password is nobody's guess")
        self.assert_guesses(edge, [self.pack("00012345", str(n)) for n in range(3)], self.pack("00012345", "x"), 401)
        self.assertEqual(other.heads, 3)
        self.assert_refused(edge.ask(self.pack("25313142", "x"), "lan"), 502, "server_refused_edge", "maybe")

    def test_the_same_where_the_units_server_alone_has_a_password_of_the_edges(self):
        one, other, edge = self.units({"other"})
        for _ in range(5):
            self.assert_refused(edge.ask(self.pack("00012345", "x"), "lan"), 502, "server_refused_edge", "maybe")
        self.assertNotIn("login failed", edge.said.text)
        self.assert_guesses(edge, [self.pack("25313142", str(n)) for n in range(3)], self.pack("25313142", "x"), 401)


if __name__ == "__main__":
    unittest.main()
