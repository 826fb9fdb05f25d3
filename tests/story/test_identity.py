"""Who may come in: proofs, permissions by head, and what reaches the server of it."""

import base64
import hashlib
import re
import secrets
import socket
import ssl

from client import context
from harness import Story, certificates, config, pair, poll, scratch
from mserver import MServer
from web import Web


def ask(*fields, path=b"/", method=b"GET"):
    return method + b" " + path + b" HTTP/1.1\r\nHost: localhost\r\n" + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


def digest(key):
    return hashlib.sha256(key.encode()).hexdigest()


def basic(user, password, name=b"Authorization"):
    return name + b": Basic " + base64.b64encode(f"{user}:{password}".encode())


def bcrypt(password, rounds=16):
    import crypt
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return crypt.crypt(password, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=rounds))


def users(rounds=16, /, **passwords):
    file = scratch() / f"users-{secrets.token_hex(4)}"
    file.write_text("".join(f"{user}:{bcrypt(password, rounds)}\n" for user, password in passwords.items()))
    file.chmod(0o600)
    return str(file)


class Guarded(Story):
    def open(self, clients, profile="http", server=None, route=None, kind=Web, **top):
        standin = self.standin(kind)
        settings = config(standin, profile, server=server, route={"access": None, "clients": list(clients), **(route or {})}, clients=clients, **top)
        del settings["routes"][0]["access"]
        return standin, self.start(settings)


class Keys(Guarded):
    def test_a_key_opens_and_never_reaches_the_server(self):
        key = secrets.token_urlsafe(32)
        server, edge = self.open({"shop": {"api_key_sha256": digest(key)}})
        self.assertEqual(edge.ask(ask(b"X-Edge-Key: " + key.encode())).status, 200)
        request = server.requests[0]
        self.assertEqual(request.get("X-Client-Name"), b"shop")
        self.assertNotIn(key.encode(), b"".join(name + value for name, value in request.fields))
        line = edge.access_log(1)[0]
        self.assertEqual(line["client_name"], "shop")
        self.assertNotIn(key, str(line))

    def test_without_a_key_or_with_a_wrong_one_nothing_reaches_the_server(self):
        server, edge = self.open({"shop": {"api_key_sha256": digest(secrets.token_urlsafe(32))}})
        reply = edge.ask(ask())
        self.assert_refused(reply, 401, "login_required")
        self.assertIsNotNone(reply.get("WWW-Authenticate"))
        self.assert_refused(edge.ask(ask(b"X-Edge-Key: wrong")), 401, "login_failed")
        self.assertEqual(server.heads, 0)
        edge.said.wait(r"login failed: address=127\.0\.0\.1 account= way=key listener=internet request=\S+")

    def test_names_that_only_the_edge_writes_never_pass(self):
        key = secrets.token_urlsafe(32)
        server, edge = self.open({"shop": {"api_key_sha256": digest(key)}})
        reply = edge.ask(ask(b"X-Edge-Key: " + key.encode(), b"X-Client-Name: boss", b"x_client_name: boss", b"X-Edge-Anything: 1", b"Connection: X-Client-Name"))
        self.assertEqual(reply.status, 200)
        fields = {name.lower(): value for name, value in server.requests[0].fields}
        self.assertEqual([value for name, value in server.requests[0].fields if re.sub(rb"[^a-z]", b"-", name.lower()) == b"x-client-name"], [b"shop"])
        self.assertNotIn(b"x-edge-anything", fields)

    def test_a_client_of_another_route_is_refused(self):
        mine, other = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        clients = {"mine": {"api_key_sha256": digest(mine)}, "other": {"api_key_sha256": digest(other)}}
        server, edge = self.open(clients, route={"clients": ["mine"]})
        self.assert_refused(edge.ask(ask(b"X-Edge-Key: " + other.encode())), 403, "forbidden")
        self.assertEqual(edge.ask(ask(b"X-Edge-Key: " + mine.encode())).status, 200)

    def test_disabled_outdated_and_from_elsewhere(self):
        keys = {name: secrets.token_urlsafe(32) for name in ("off", "past", "future", "away", "good")}
        extra = {
            "off": {"disabled": True},
            "past": {"valid_until": "2020-01-01"},
            "future": {"valid_from": "2999-01-01"},
            "away": {"from": ["203.0.113.0/24"]},
            "good": {"from": ["127.0.0.0/8"], "valid_from": "2020-01-01", "valid_until": "2999-01-01"},
        }
        server, edge = self.open({name: {"api_key_sha256": digest(key), **extra[name]} for name, key in keys.items()})
        for name in ("off", "past", "future"):
            self.assert_refused(edge.ask(ask(b"X-Edge-Key: " + keys[name].encode())), 403, "client_disabled")
        self.assert_refused(edge.ask(ask(b"X-Edge-Key: " + keys["away"].encode())), 403, "address_denied")
        self.assertEqual(edge.ask(ask(b"X-Edge-Key: " + keys["good"].encode())).status, 200)
        self.assertEqual(server.heads, 1)

    def test_the_address_alone_can_be_the_proof(self):
        server, edge = self.open({"lan": {"from": ["127.0.0.1"]}})
        self.assertEqual(edge.ask(ask()).status, 200)
        self.assertEqual(server.requests[0].get("X-Client-Name"), b"lan")

    def test_a_key_while_it_is_rotated(self):
        old, new = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        server, edge = self.open({"shop": {"api_key_sha256": [digest(old), digest(new)]}})
        for key in (old, new):
            self.assertEqual(edge.ask(ask(b"X-Edge-Key: " + key.encode())).status, 200)

    def test_a_refused_body_is_not_read(self):
        server, edge = self.open({"shop": {"api_key_sha256": digest("x")}}, profile="mserver", kind=MServer)
        with edge.connect() as client:
            client.send(b"POST /xml HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n")
            reply = client.reply()
            self.assert_refused(reply, 401, "login_required")
            self.assertIn(b"responsePack", reply.body)
        self.assertEqual(server.heads, 0)


class Passwords(Guarded):
    def test_basic_against_a_file_where_the_server_has_its_own_header(self):
        server, edge = self.open({"shop": {"user": "eshop"}}, profile="mserver", kind=MServer, users=users(eshop="tajné heslo"))
        body = b"<x/>"
        post = ask(basic("eshop", "tajné heslo"), basic("@", "", b"STW-Authorization"), b"Content-Length: 4", path=b"/xml", method=b"POST") + body
        self.assertEqual(edge.ask(post).status, 200)
        request = server.requests[0]
        self.assertEqual(request.get("STW-Authorization"), b"Basic QDo=", "the caller's own for the server goes through")
        self.assertIsNone(request.get("Authorization"), "the edge's login goes no further")
        self.assertEqual(request.get("X-Client-Name"), b"shop")

    def test_a_wrong_password_and_an_unknown_user_are_the_same(self):
        server, edge = self.open({"shop": {"user": "eshop"}}, profile="mserver", kind=MServer, users=users(eshop="right"))
        replies = []
        for login in (basic("eshop", "wrong"), basic("nobody", "right")):
            reply = edge.ask(ask(login, path=b"/status?companyDetail"))
            self.assert_refused(reply, 401, "login_failed")
            self.assertIn("Basic", reply.get("WWW-Authenticate"))
            replies.append(re.sub(rb"[0-9a-f-]{16,}", b"", reply.body))
        self.assertEqual(replies[0], replies[1])
        self.assertEqual(server.heads, 0)

    def test_a_key_can_be_the_password_of_basic(self):
        key = secrets.token_urlsafe(32)
        server, edge = self.open({"shop": {"api_key_sha256": digest(key)}}, profile="mserver", kind=MServer)
        self.assertEqual(edge.ask(ask(basic("shop", key), path=b"/status")).status, 200)
        self.assert_refused(edge.ask(ask(basic("other", key), path=b"/status")), 401, "login_failed")

    def test_an_empty_password_opens_nothing_whatever_hash_there_is_of_it(self):
        server, edge = self.open({"desk": {"user": "novakova"}}, profile="mserver", kind=MServer, users=users(novakova=""))
        self.assert_refused(edge.ask(ask(basic("novakova", ""), path=b"/status")), 401, "login_failed")
        self.assertEqual(server.heads, 0)

    def test_authorization_that_the_server_needs_is_not_the_edges(self):
        key = secrets.token_urlsafe(32)
        server, edge = self.open({"shop": {"api_key_sha256": digest(key)}})
        self.assertEqual(edge.ask(ask(b"X-Edge-Key: " + key.encode(), basic("server", "own"))).status, 200)
        self.assertEqual(server.requests[0].get("Authorization"), basic("server", "own").split(b": ")[1])

    def test_both_proofs_where_both_are_asked_for(self):
        key = secrets.token_urlsafe(32)
        client = {"api_key_sha256": digest(key), "user": "eshop", "prove": "all"}
        server, edge = self.open({"shop": client}, profile="mserver", kind=MServer, users=users(eshop="right"))
        edge_key = b"X-Edge-Key: " + key.encode()
        self.assert_refused(edge.ask(ask(edge_key, path=b"/status")), 401, "login_required")
        self.assert_refused(edge.ask(ask(basic("eshop", "right"), path=b"/status")), 401, "login_required")
        self.assertEqual(edge.ask(ask(edge_key, basic("eshop", "right"), path=b"/status")).status, 200)

    def test_proofs_of_two_clients_are_none(self):
        one, two = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        server, edge = self.open({"one": {"api_key_sha256": digest(one)}, "two": {"api_key_sha256": digest(two)}}, profile="mserver", kind=MServer)
        reply = edge.ask(ask(b"X-Edge-Key: " + one.encode(), basic("two", two), path=b"/status"))
        self.assert_refused(reply, 401, "login_failed")


class LockOut(Guarded):
    LOCK = {"lockout": {"failures": 3, "ban": "1h", "longest": "1h"}}

    def test_after_so_many_failures_even_the_right_password_waits(self):
        key = secrets.token_urlsafe(32)
        server, edge = self.open({"shop": {"user": "eshop"}, "key": {"api_key_sha256": digest(key)}}, profile="mserver", kind=MServer, users=users(eshop="right"), **self.LOCK)
        for _ in range(3):
            self.assert_refused(edge.ask(ask(basic("eshop", "wrong"), path=b"/status")), 401, "login_failed")
        edge.said.wait(r"login banned: address=127\.0\.0\.1 account=eshop seconds=3600")
        reply = edge.ask(ask(basic("eshop", "right"), path=b"/status"))
        self.assert_refused(reply, 429, "locked_out")
        self.assertGreater(int(reply.get("Retry-After")), 3000)
        self.assertLessEqual(int(reply.get("Retry-After")), 3600)
        self.assertEqual(edge.ask(ask(b"X-Edge-Key: " + key.encode(), path=b"/status")).status, 200, "another account from there is not locked")


    def test_who_is_banned_learns_nothing_from_what_others_have_just_logged_in_with(self):
        server, edge = self.open({"shop": {"user": "eshop"}}, profile="mserver", kind=MServer, users=users(eshop="right"), trusted_proxies=["127.0.0.1"], **self.LOCK)

        def login(password, address):
            return edge.ask(ask(basic("eshop", password), b"X-Forwarded-For: " + address, path=b"/status"))

        self.assertEqual(login("right", b"192.0.2.5").status, 200)
        for _ in range(3):
            self.assert_refused(login("wrong", b"203.0.113.9"), 401, "login_failed")
        self.assert_refused(login("right", b"203.0.113.9"), 429, "locked_out")
        self.assertEqual(login("right", b"192.0.2.5").status, 200)


class ServersUsers(Guarded):
    """Guesses at the server's own users, which the edge passes on."""

    LOCK = {"lockout": {"failures": 3, "ban": "1h", "longest": "1h"}, "trusted_proxies": ["127.0.0.1"]}

    def front_of(self, kind, profile, **settings):
        server = self.standin(kind)
        if kind is MServer:
            server.users[b"boss"] = server.users[b"BOSS"] = (b"right", True)
        return server, self.start(config(server, profile, **{**self.LOCK, **settings}))

    def post(self, *fields, address=b"203.0.113.9"):
        return ask(b"X-Forwarded-For: " + address, b"Content-Length: 4", *fields, path=b"/xml", method=b"POST") + b"<x/>"

    def login(self, user, password, address=b"203.0.113.9"):
        return self.post(basic(user, password, b"STW-Authorization"), address=address)

    def test_after_so_many_401s_the_address_waits_with_this_user_and_the_server_is_not_asked(self):
        server, edge = self.front_of(MServer, "mserver")
        for user in ("boss", "BOSS", "Boss"):
            self.assertEqual(edge.ask(self.login(user, "wrong")).status, 401)
        edge.said.wait(r"login failed: address=203\.0\.113\.9 account=server:boss@\S+:\d+ way=server listener=internet request=\S+")
        edge.said.wait(r"login banned: address=203\.0\.113\.9 account=server:boss@\S+:\d+ seconds=3600")
        asked = server.heads
        with edge.connect() as client:
            client.send(self.login("boss", "right").replace(b"Content-Length: 4", b"Content-Length: 9999\r\nExpect: 100-continue")[:-4])
            self.assert_refused(client.reply(), 429, "locked_out")
        self.assertEqual(server.heads, asked)
        self.assertEqual(edge.ask(self.login("@", "")).status, 200, "another user from there")
        self.assertEqual(edge.ask(self.login("boss", "right", b"192.0.2.5")).status, 200, "this user from elsewhere")

    def test_a_name_is_one_account_in_any_case_of_its_letters_and_in_any_character_set(self):
        def login(user, password):
            return self.post(b"STW-Authorization: Basic " + base64.b64encode(user + b":" + password))

        spellings = ["ÚČTÁRNA", "účtárna", "Účtárna", "úČtárna"]
        for charset in ("utf-8", "cp1250"):
            server, edge = self.front_of(MServer, "mserver")
            for user in spellings[:3]:
                self.assertEqual(edge.ask(login(user.encode(charset), b"wrong")).status, 401)
            for user in spellings:
                for other in ("utf-8", "cp1250"):
                    self.assert_refused(edge.ask(login(user.encode(other), b"x")), 429, "locked_out")
            self.assertNotEqual(edge.ask(login(b"uctarna", b"x")).status, 429, "a letter with a mark is another letter")

    def test_what_the_caller_did_not_bring_is_not_counted(self):
        server, edge = self.front_of(MServer, "mserver")
        for _ in range(5):
            self.assertEqual(edge.ask(self.post()).status, 401)
        self.assertEqual(edge.ask(self.login("boss", "right")).status, 200)
        self.assertNotIn("login failed", edge.said.text)

    def test_a_wrong_password_of_the_edges_own_bans_nobody(self):
        file = scratch() / "wrong.cred"
        file.write_text("boss:changed")
        file.chmod(0o600)
        server, edge = self.front_of(MServer, "mserver", server={"credentials": str(file)})
        for _ in range(5):
            self.assert_refused(edge.ask(self.login("boss", "wrong")), 502, "server_refused_edge", "maybe")
        self.assertNotIn("login failed", edge.said.text)

    def test_a_user_without_the_right_bans_nobody(self):
        server, edge = self.front_of(MServer, "mserver")
        server.users[b"boss"] = (b"right", False)
        for _ in range(5):
            self.assertEqual(edge.ask(self.login("boss", "right")).status, 403)
        self.assertNotIn("login failed", edge.said.text)

    def test_status_which_asks_nobody_forgives_no_failure(self):
        server, edge = self.front_of(MServer, "mserver")
        status = ask(b"X-Forwarded-For: 203.0.113.9", basic("boss", "wrong", b"STW-Authorization"), b"Content-Length: 1", path=b"/status", method=b"POST") + b"x"
        for _ in range(3):
            edge.ask(status)
            self.assertEqual(edge.ask(self.login("boss", "wrong")).status, 401)
        self.assert_refused(edge.ask(self.login("boss", "right")), 429, "locked_out")

    def test_a_right_password_forgives_slips(self):
        server, edge = self.front_of(MServer, "mserver")
        for _ in range(4):
            for _ in range(2):
                self.assertEqual(edge.ask(self.login("boss", "wrong")).status, 401)
            self.assertEqual(edge.ask(self.login("boss", "right")).status, 200)

    def test_two_headers_are_no_way_around(self):
        server, edge = self.front_of(Web, "http")
        for n in range(3):
            request = ask(b"X-Forwarded-For: 203.0.113.9", basic(f"invented{n}", "x"), basic("boss", "wrong", b"authorization"), path=b"/status/401")
            self.assertEqual(edge.ask(request).status, 401)
        self.assert_refused(edge.ask(request), 429, "locked_out")

    def test_an_expired_token_is_no_guess(self):
        server, edge = self.front_of(Web, "http")
        for _ in range(5):
            self.assertEqual(edge.ask(ask(b"Authorization: Bearer abc", path=b"/status/401")).status, 401)

    def test_a_public_page_does_not_free_a_guesser_and_the_owner_is_not_slowed(self):
        server, edge = self.front_of(Web, "http")

        def request(address, path=b"/status/401"):
            return ask(b"X-Forwarded-For: " + address, basic("boss", "x"), path=path)

        self.assertEqual(edge.ask(request(b"192.0.2.5", b"/")).status, 200)
        for n in range(3):
            self.assertEqual(edge.ask(request(b"203.0.113.9", b"/")).status, 200)
            self.assertEqual(edge.ask(request(b"203.0.113.9")).status, 401)
        self.assert_refused(edge.ask(request(b"203.0.113.9", b"/")), 429, "locked_out")
        for _ in range(5):
            self.assertEqual(edge.ask(request(b"192.0.2.5", b"/")).status, 200)


class Limits(Guarded):
    def test_more_requests_than_a_client_may_send_are_429(self):
        key = secrets.token_urlsafe(32)
        server, edge = self.open({"shop": {"api_key_sha256": digest(key), "limits": {"requests": "2/h"}}})
        request = ask(b"X-Edge-Key: " + key.encode())
        first = edge.ask(request)
        self.assertEqual(first.status, 200)
        self.assertEqual(first.get("RateLimit-Policy"), '"client";q=2;w=3600')
        self.assertRegex(first.get("RateLimit"), r'^"client";r=1;t=\d+$')
        self.assertEqual(edge.ask(request).status, 200)
        third = edge.ask(request)
        self.assert_refused(third, 429, "rate_limited")
        self.assertGreater(int(third.get("Retry-After")), 1000)
        self.assertLessEqual(int(third.get("Retry-After")), 1801, "one of two an hour comes back in half an hour")
        self.assertRegex(third.get("RateLimit"), r'^"client";r=0;t=\d+$')
        self.assertEqual(len(server.requests), 2)

    def test_strangers_are_limited_by_address_and_clients_are_not(self):
        key = secrets.token_urlsafe(32)
        server, edge = self.open({"shop": {"api_key_sha256": digest(key)}}, address_limits={"requests": "2/h"})
        for _ in range(2):
            self.assert_refused(edge.ask(ask()), 401, "login_required")
        self.assert_refused(edge.ask(ask()), 429, "rate_limited")
        for _ in range(5):
            self.assertEqual(edge.ask(ask(b"X-Edge-Key: " + key.encode())).status, 200)

    def test_bytes_are_a_debt_for_the_next_request(self):
        key = secrets.token_urlsafe(32)
        server, edge = self.open({"shop": {"api_key_sha256": digest(key), "limits": {"bytes_in": "1KiB/h"}}})
        post = ask(b"X-Edge-Key: " + key.encode(), b"Content-Length: 5000", method=b"POST") + b"x" * 5000
        self.assertEqual(edge.ask(post).status, 200)
        edge.access_log(1)  # behind the line it is paid for
        self.assert_refused(edge.ask(post), 429, "rate_limited")

    def test_what_is_refused_makes_no_new_debt(self):
        key = secrets.token_urlsafe(32)
        server, edge = self.open({"shop": {"api_key_sha256": digest(key), "limits": {"bytes_out": "1KiB/h", "concurrent": 1}}})
        request = ask(b"X-Edge-Key: " + key.encode(), path=b"/bytes/2000")
        self.assertEqual(edge.ask(request).status, 200)
        edge.access_log(1)  # behind the line it is paid for, and no longer counted as open
        waits = []
        with edge.connect() as client:
            for _ in range(20):
                client.send(request)
                reply = client.reply()
                self.assert_refused(reply, 429, "rate_limited")
                waits.append(int(reply.get("Retry-After")))
        self.assertLessEqual(waits[-1], waits[0])

    def test_a_known_client_is_not_bound_by_what_others_do_at_its_address(self):
        server = self.standin(MServer)
        clients = {"shop": {"user": "eshop"}}
        settings = config(server, "mserver", route={"access": None, "clients": ["shop"]}, clients=clients, users=users(eshop="right"), address_limits={"requests": "3/h"})
        del settings["routes"][0]["access"]
        edge = self.start(settings)
        login = ask(basic("eshop", "right"), path=b"/status")
        first = edge.ask(login)
        self.assertEqual(first.status, 200)
        self.assertIsNone(first.get("RateLimit"), "it is bound by its own limits only")
        while edge.ask(ask(path=b"/status")).status != 429:
            pass
        edge.reload({**settings, "users": users(eshop="right")})  # a new hash, so that it has to be made again
        self.assertEqual(edge.ask(login).status, 200)

    def test_requests_at_once(self):
        key = secrets.token_urlsafe(32)
        server, edge = self.open({"shop": {"api_key_sha256": digest(key), "limits": {"concurrent": 1}}})
        server.turn(hold=True)
        request = ask(b"X-Edge-Key: " + key.encode())
        with edge.connect() as first:
            first.send(request)
            server.wait_for_heads(1)
            second = edge.ask(request)
            self.assert_refused(second, 429, "rate_limited")
            self.assertEqual(second.get("Retry-After"), "1")
            server.release()
            self.assertEqual(first.reply().status, 200)
        self.assertEqual(edge.ask(request).status, 200)

    def test_connections_at_once(self):
        key, other = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        server, edge = self.open({"shop": {"api_key_sha256": digest(key), "limits": {"connections": 1}}, "till": {"api_key_sha256": digest(other)}})
        request = ask(b"X-Edge-Key: " + key.encode())
        with edge.connect() as second:
            with edge.connect() as first:
                for _ in range(2):  # the same connection is counted once
                    first.send(request)
                    self.assertEqual(first.reply().status, 200)
                second.send(request)
                refused = second.reply()
                self.assert_refused(refused, 429, "rate_limited")
                self.assertEqual(refused.get("Retry-After"), "1")
                second.send(ask(b"X-Edge-Key: " + other.encode()))
                self.assertEqual(second.reply().status, 200)
                first.send(request)
                self.assertEqual(first.reply().status, 200)

            def served():
                second.send(request)
                return second.reply().status == 200

            poll("the place of the one that is closed", served)

    def test_a_reload_gives_nobody_a_fresh_share(self):
        key = secrets.token_urlsafe(32)
        server, edge = self.open({"shop": {"api_key_sha256": digest(key), "limits": {"requests": "1/h"}}})
        request = ask(b"X-Edge-Key: " + key.encode())
        self.assertEqual(edge.ask(request).status, 200)
        edge.reload()
        self.assert_refused(edge.ask(request), 429, "rate_limited")


class Addresses(Guarded):
    def test_connections_beyond_the_bound_of_an_address_are_closed_before_tls(self):
        server = self.standin(Web)
        edge = self.start(config(server, address_limits={"connections": 2}))
        with edge.connect() as first, edge.connect() as second:
            for client in (first, second):
                client.send(ask())
                self.assertEqual(client.reply().status, 200)
            with self.assertRaises((OSError, AssertionError)):
                edge.connect()
            edge.said.wait("connection refused: .*connections or handshakes")
        poll("a free place", lambda: self.opens(edge))

    def opens(self, edge):
        try:
            with edge.connect():
                return True
        except OSError:
            return False

    def test_full_handshakes_are_counted_and_resumed_ones_are_not(self):
        server = self.standin(Web)
        edge = self.start(config(server, address_limits={"handshakes": "2/h"}))
        made = context(certificates() / "ca.pem")
        session = None
        for turn in range(4):
            with edge.connect(context=made, session=session) as client:
                client.send(ask())
                self.assertEqual(client.reply().status, 200)
                session = client.sock.session
                self.assertEqual(client.sock.session_reused, turn > 0)
        edge.connect(context=made).close()
        with self.assertRaises(OSError):
            edge.connect(context=made)


    def test_handshakes_that_are_broken_off_are_counted_and_looks_at_the_port_are_not(self):
        server = self.standin(Web)
        edge = self.start(config(server, address_limits={"handshakes": "2/h"}))

        def look():
            with socket.create_connection(("127.0.0.1", edge.ports["internet"])) as sock:
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(1000):
                    pass

        def break_off():
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            made = context(certificates() / "ca.pem").wrap_bio(incoming, outgoing, server_hostname="localhost")
            with self.assertRaises(ssl.SSLWantReadError):
                made.do_handshake()
            with socket.create_connection(("127.0.0.1", edge.ports["internet"])) as sock:
                sock.sendall(outgoing.read())
                self.assertTrue(sock.recv(1), "the server has computed its part")

        for _ in range(5):
            look()
        for _ in range(2):
            break_off()
        with self.assertRaises(OSError):
            edge.connect()
        edge.said.wait("connection refused: .*connections or handshakes")


class FrontProxies(Guarded):
    def test_before_tls(self):
        server = self.standin(Web)
        listen = [{"name": "internet", "address": "127.0.0.1:0", "certificates": [pair("server-ecdsa")], "proxy_protocol": True}]
        edge = self.start(config(server, listen=listen, trusted_proxies=["127.0.0.1"]))
        for together in (True, False):
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            made = context(certificates() / "ca.pem").wrap_bio(incoming, outgoing, server_hostname="localhost")
            with socket.create_connection(("127.0.0.1", edge.ports["internet"]), timeout=30) as sock:

                def until(step):
                    while True:
                        try:
                            return step()
                        except ssl.SSLWantReadError:
                            if out := outgoing.read():
                                sock.sendall(out)
                            got = sock.recv(65536)
                            self.assertTrue(got, "it goes on")
                            incoming.write(got)

                with self.assertRaises(ssl.SSLWantReadError):
                    made.do_handshake()
                hello = outgoing.read()
                if together:
                    sock.sendall(self.LINE + hello)
                else:
                    for piece in (self.LINE[:9], self.LINE[9:], hello[:7], hello[7:]):
                        sock.sendall(piece)
                until(made.do_handshake)
                made.write(ask())
                self.assertIn(b"200 OK", until(lambda: made.read(4096)))
            self.assertEqual(server.requests[-1].get("X-Forwarded-For"), b"203.0.113.7")

    LINE = b"PROXY TCP4 203.0.113.7 127.0.0.1 40000 443\r\n"

    def open_behind(self, trusted, proxy=True):
        server = self.standin(Web)
        listen = [{"name": "lan", "address": "127.0.0.1:0", "tls": "off", "proxy_protocol": proxy}]
        return server, self.start(config(server, listen=listen, trusted_proxies=trusted))

    def test_a_trusted_proxy_says_who_calls(self):
        server, edge = self.open_behind(["127.0.0.1"])
        for header in (self.LINE, b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x07\x7f\x00\x00\x01\x9c\x40\x01\xbb"):
            self.assertEqual(edge.ask(header + ask(), "lan").status, 200)
            self.assertEqual(server.requests[-1].get("X-Forwarded-For"), b"203.0.113.7")
        self.assertEqual(edge.access_log(1)[0]["client"], "203.0.113.7")

    def test_piece_by_piece(self):
        server, edge = self.open_behind(["127.0.0.1"])
        with edge.connect("lan") as client:
            for byte in self.LINE + ask():
                client.send(bytes([byte]))
            self.assertEqual(client.reply().status, 200)

    def test_from_others_it_is_no_http(self):
        server, edge = self.open_behind(["192.0.2.1"])
        self.assertEqual(edge.ask(self.LINE + ask(), "lan").status, 400)
        self.assertEqual(edge.ask(ask(), "lan").status, 200)

    def test_a_trusted_proxy_that_does_not_begin_with_it_gets_nothing(self):
        server, edge = self.open_behind(["127.0.0.1"])
        with edge.connect("lan") as client:
            client.send(ask())
            self.assertIn(client.more(), ("closed", "reset"))
        edge.said.wait("no PROXY header")
        self.assertEqual(server.heads, 0)
