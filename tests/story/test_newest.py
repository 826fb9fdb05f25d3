"""The newest settings judge every request: one whose listener a reload takes away, one whose body is slow, one that waits in line."""

import secrets
import unittest

from authority import Authority
from client import Ended
from harness import Story, config, free_port, poll, scratch
from test_certificates import Guarded as Certified
from test_identity import basic, bcrypt, digest

from mserver import MServer
from texts import text
from web import Web

H = b"Host: localhost\r\n"
AUTH = b"STW-Authorization: Basic QDo=\r\n"
BODY = text("stock-request.xml")


class Newest(Story):
    def setUp(self):
        self.key = secrets.token_urlsafe(32)
        self.proof = b"X-Edge-Key: " + self.key.encode() + b"\r\n"
        self.new_ports()

    def new_ports(self):
        """For another edge: a door keeps its port across reloads, so that it is the same one."""
        self.ports = {name: free_port() for name in ("lan", "extra")}

    def settings(self, server, profile="http", client=None, listen=("lan", "extra"), route=None, **top):
        doors = [{"name": name, "address": f"127.0.0.1:{self.ports[name]}", "tls": "off"} for name in listen]
        clients = {"till": {"api_key_sha256": digest(self.key), **(client or {})}, "other": {"from": ["192.0.2.1"]}}
        made = config(server, profile, listen=doors, clients=clients, workers=1, **top)
        del made["routes"][0]["access"]
        made["routes"][0] |= {"clients": ["till"], **(route or {})}
        return made

    def reload(self, edge, settings):
        """Returns when the one worker has them: what is sent from now on comes behind that."""
        self.assertIn("reloaded", edge.reload(settings))
        edge.ask(b"GET /nothing HTTP/1.1\r\n" + H + b"\r\n", "extra", tls=False)

    def ask(self, extra=b""):
        return b"GET / HTTP/1.1\r\n" + H + self.proof + extra + b"\r\n"

    @staticmethod
    def refused_or_ended(client):
        """The status of a refusal, or 0 where the connection is just over."""
        try:
            return client.reply().status
        except Ended as end:
            assert end.how in ("closed", "cut"), end.how
            return 0
        except (ConnectionResetError, BrokenPipeError):
            return 0

    # a listener that is gone ------------------------------------------------------------------------------------------------------

    def test_an_open_connection_asks_nothing_more_once_its_listener_is_gone(self):
        server = self.standin(Web)
        edge = self.start(self.settings(server))
        with edge.connect("lan") as idle, edge.connect("lan") as quick:
            for client in (idle, quick):
                client.send(self.ask())
                self.assertEqual(client.reply().status, 200)
            self.reload(edge, self.settings(server, client={"disabled": True}, listen=["extra"]))
            try:
                quick.send(self.ask())
            except OSError:
                pass
            self.assertIn(self.refused_or_ended(quick), (0, 404))
            self.assertEqual(idle.more(), "closed", "it idles at a listener that is gone")
        self.assertEqual(len(server.requests), 2)

    def test_a_head_that_is_on_its_way_when_its_listener_goes(self):
        server = self.standin(Web)
        edge = self.start(self.settings(server))
        with edge.connect("lan") as client, edge.connect("extra", tls=False) as other:
            client.send(b"GET / HTTP/1.1\r\n" + H)
            other.send(self.ask())  # one worker: what came before this has been read
            self.assertEqual(other.reply().status, 200)
            self.reload(edge, self.settings(server, listen=["extra"]))
            client.send(self.proof + b"\r\n")
            self.assertIn(self.refused_or_ended(client), (0, 404))
        self.assertEqual(len(server.requests), 1)

    def test_what_is_pipelined_behind_a_request_when_the_listener_goes(self):
        server = self.standin(Web)
        server.turn(hold=True)
        edge = self.start(self.settings(server))
        with edge.connect("lan") as client:
            client.send(self.ask() + self.ask() + self.ask())
            server.wait_for_requests(1)
            self.reload(edge, self.settings(server, client={"disabled": True}, listen=["extra"]))
            server.release()
            self.assertEqual(client.reply().status, 200, "it was at the server already")
            self.assertIn(self.refused_or_ended(client), (0, 404))
        self.assertEqual(len(server.requests), 1)

    def test_a_listener_that_turns_to_tls_or_to_a_redirect_ends_what_is_open(self):
        server = self.standin(Web)
        for kind in ({"certificates": config(server)["listen"][0]["certificates"]}, {"redirect": "https"}):
            with self.subTest(kind=kind):
                self.new_ports()
                edge = self.start(self.settings(server))
                asked = len(server.requests)
                with edge.connect("lan") as client:
                    client.send(self.ask())
                    self.assertEqual(client.reply().status, 200)
                    changed = self.settings(server)
                    del changed["listen"][0]["tls"]
                    changed["listen"][0] |= kind
                    self.reload(edge, changed)
                    try:
                        client.send(self.ask())
                    except OSError:
                        pass
                    self.assertIn(self.refused_or_ended(client), (0, 308, 403, 404))
                self.assertEqual(len(server.requests), asked + 1)

    def test_a_listener_that_comes_back_serves_its_open_connections(self):
        server = self.standin(Web)
        server.turn(hold=True)
        edge = self.start(self.settings(server))
        with edge.connect("lan") as client:
            client.send(self.ask())
            server.wait_for_requests(1)
            self.reload(edge, self.settings(server, listen=["extra"]))
            self.reload(edge, self.settings(server))
            server.release()
            self.assertEqual(client.reply().status, 200)
            client.send(self.ask())
            self.assertEqual(client.reply().status, 200)

    # a head that is slow ----------------------------------------------------------------------------------------------------------

    def test_a_slow_head_is_judged_by_the_settings_at_its_end(self):
        server = self.standin(Web)
        for change, cause in (({"client": {"disabled": True}}, "client_disabled"), ({"route": {"clients": ["other"]}}, "forbidden")):
            with self.subTest(cause=cause):
                self.new_ports()
                edge = self.start(self.settings(server))
                with edge.connect("lan") as client, edge.connect("extra", tls=False) as other:
                    client.send(b"GET / HTTP/1.1\r\n" + H)
                    other.send(self.ask())
                    self.assertEqual(other.reply().status, 200)
                    self.reload(edge, self.settings(server, **change))
                    client.send(self.proof + b"\r\n")
                    self.assert_refused(client.reply(), 403, cause)

    # a body that is slow ----------------------------------------------------------------------------------------------------------

    def post(self, extra=b""):
        return b"POST /xml HTTP/1.1\r\n" + H + AUTH + self.proof + extra + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY)

    def slow_upload(self, before, after, status, cause, forwarded="no", kind=MServer, profile="mserver", extra=b""):
        self.new_ports()
        server = self.standin(kind)
        edge = self.start(self.settings(server, profile, **before))
        with edge.connect("lan") as client:
            client.send(self.post(extra))
            client.until(b"100 Continue\r\n\r\n")
            client.send(BODY[:20])
            self.reload(edge, self.settings(server, profile, **after))
            try:
                client.send(BODY[20:])
            except OSError:
                pass  # the refusal came first
            reply = client.reply("POST")
            if cause:
                self.assert_refused(reply, status, cause, forwarded)
            else:
                self.assertEqual(reply.status, status)
        if cause:
            self.assertEqual([r.path for r in server.requests], [])

    def test_a_slow_upload_of_a_client_that_is_taken_back(self):
        other_key = {"client": {"api_key_sha256": digest("another")}}
        for after, status, cause in (
            ({"client": {"disabled": True}}, 403, "client_disabled"),
            ({"client": {"valid_until": "2020-01-01"}}, 403, "client_disabled"),
            ({"client": {"from": ["203.0.113.0/24"]}}, 403, "address_denied"),
            (other_key, 401, "login_failed"),
            ({"route": {"clients": ["other"]}}, 403, "forbidden"),
            ({"route": {"path": "/documents"}}, 404, "no_route"),
            ({"route": {"listeners": ["extra"]}}, 404, "no_route"),
            ({"client": {"disabled": True}, "listen": ["extra"]}, 403, "client_disabled"),
        ):
            with self.subTest(after=after):
                self.slow_upload({}, after, status, cause)

    def test_a_slow_upload_to_a_route_that_is_open_no_more(self):
        server = self.standin(MServer)
        before = self.settings(server, "mserver")
        del before["routes"][0]["clients"]
        before["routes"][0]["access"] = "anonymous"
        edge = self.start(before)
        with edge.connect("lan") as client:
            client.send(self.post().replace(self.proof, b""))
            client.until(b"100 Continue\r\n\r\n")
            self.reload(edge, self.settings(server, "mserver"))
            try:
                client.send(BODY)
            except OSError:
                pass
            self.assert_refused(client.reply("POST"), 401, "login_required")
        self.assertEqual(server.requests, [])

    def test_a_slow_upload_of_a_password_that_was_changed(self):
        users = scratch() / f"users-{secrets.token_hex(4)}"
        server = self.standin(MServer)
        own = {"api_key_sha256": digest("another"), "user": "till"}
        self.proof = basic("till", "right") + b"\r\n"
        for password, status in (("right", 200), ("other", 401)):
            with self.subTest(password=password):
                right = bcrypt("right")
                users.write_text(f"till:{right}\n")
                users.chmod(0o600)
                self.new_ports()
                made = self.settings(server, "mserver", client=own, users=[str(users)])
                edge = self.start(made)
                with edge.connect("lan") as client:
                    client.send(self.post())
                    client.until(b"100 Continue\r\n\r\n")
                    users.write_text(f"till:{right if password == 'right' else bcrypt(password)}\n")
                    self.reload(edge, made)
                    try:
                        client.send(BODY)
                    except OSError:
                        pass
                    self.assertEqual(client.reply("POST").status, status)
        self.assertEqual(len(server.requests), 1)

    def test_a_slow_upload_that_newer_operations_do_not_allow(self):
        everything = {"route": {"operations": ["*"]}}
        self.slow_upload(everything, {"route": {"operations": ["order"]}}, 403, "operation_denied")
        self.slow_upload({}, {"client": {"operations": ["order"]}}, 403, "operation_denied")

    def test_a_slow_upload_whose_rules_stay_goes_out(self):
        self.slow_upload({}, {}, 200, None)
        self.slow_upload({}, {"client": {"limits": {"concurrent": 9}}}, 200, None)
        self.slow_upload({}, {"listen": ["extra"]}, 200, None)  # what has begun goes on
        self.slow_upload({"route": {"operations": ["*"]}}, {"route": {"operations": ["*"]}, "client": {"operations": ["*"]}}, 200, None)

    def test_a_streamed_upload_is_cut_off_when_its_client_is_taken_back(self):
        server = self.standin(Web)
        edge = self.start(self.settings(server))
        with edge.connect("lan") as client:
            client.send(self.post())
            server.wait_for_heads(1)
            client.send(BODY[:20])
            self.reload(edge, self.settings(server, client={"disabled": True}))
            try:
                client.send(BODY[20:])
            except OSError:
                pass
            self.assert_refused(client.reply("POST"), 403, "client_disabled", "maybe")
        server.wait_for_no_connection()
        self.assertEqual(server.requests, [], "the server has got it whole")

    # a line that is long ----------------------------------------------------------------------------------------------------------

    def test_who_waits_in_line_is_judged_when_its_turn_comes(self):
        server = self.standin(MServer)
        server.turn(hold=True)
        admin = {"admin": {"address": "127.0.0.1:0"}}
        edge = self.start(self.settings(server, "mserver", **admin))
        metrics = b"GET /metrics HTTP/1.1\r\n" + H + b"\r\n"
        document = b"GET /documents/faktura.pdf HTTP/1.1\r\n" + H + AUTH + self.proof + b"\r\n"
        with edge.connect("lan") as first, edge.connect("lan") as second:
            first.send(document)
            server.wait_for_requests(1)
            second.send(document)
            poll("the second in line", lambda: b'turns_waiting{server="upstream"} 1' in edge.ask(metrics, "admin", tls=False).body)
            self.reload(edge, self.settings(server, "mserver", client={"disabled": True}, **admin))
            server.release()
            self.assertEqual(first.reply().status, 200)
            self.assert_refused(second.reply(), 403, "client_disabled")
        self.assertEqual(len(server.requests), 1)

    def test_a_ban_counts_for_who_waits_in_line(self):
        users = scratch() / f"users-{secrets.token_hex(4)}"
        users.write_text(f"till:{bcrypt('right')}\n")
        users.chmod(0o600)
        server = self.standin(MServer)
        server.turn(hold=True)
        own = {"api_key_sha256": digest("another"), "user": "till"}
        extra = {"users": [str(users)], "admin": {"address": "127.0.0.1:0"}, "lockout": {"failures": 2}}
        edge = self.start(self.settings(server, "mserver", client=own, **extra))
        self.proof = basic("till", "right") + b"\r\n"
        document = b"GET /documents/faktura.pdf HTTP/1.1\r\n" + H + AUTH + self.proof + b"\r\n"
        metrics = b"GET /metrics HTTP/1.1\r\n" + H + b"\r\n"
        with edge.connect("lan") as first, edge.connect("lan") as second:
            first.send(document)
            server.wait_for_requests(1)
            second.send(document)
            poll("the second in line", lambda: b'turns_waiting{server="upstream"} 1' in edge.ask(metrics, "admin", tls=False).body)
            wrong = document.replace(self.proof, basic("till", "wrong") + b"\r\n")
            for _ in range(2):
                edge.ask(wrong, "lan")
            edge.said.wait("login banned")
            server.release()
            self.assertEqual(first.reply().status, 200)
            self.assert_refused(second.reply(), 429, "locked_out")
        self.assertEqual(len(server.requests), 1)


class Revoked(Certified):
    def setUp(self):
        self.authority = Authority()  # what is revoked in one test is good in the next
        self.till = self.authority.issue("till")

    def slow_upload(self, change, status=403, cause="certificate_required", listener=None):
        server = self.standin(MServer)
        settings = config(server, "mserver", listen=[self.listener(client_crl=str(self.authority.revoke())), *(listener or [])],
                          clients={"till": {"certificate": {"san": "till.branch.test"}}})
        del settings["routes"][0]["access"]
        settings["routes"][0]["clients"] = ["till"]
        edge = self.start(settings)
        with edge.connect(certificate=self.till) as client:
            client.send(b"POST /xml HTTP/1.1\r\n" + H + AUTH + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n")
            client.until(b"100 Continue\r\n\r\n")
            change(edge, settings)
            try:
                client.send(b"<x/>")
            except OSError:
                pass
            self.assert_refused(client.reply("POST"), status, cause)
        self.assertEqual(server.requests, [])

    def test_a_slow_upload_of_a_certificate_that_is_revoked(self):
        def revoke(edge, _):
            self.authority.revoke("till")
            edge.said.wait("a changed revocation list is in use")

        self.slow_upload(revoke)

    def test_a_slow_upload_of_a_certificate_whose_listener_is_gone(self):
        other = self.listener(name="other")

        def close_the_door(edge, settings):
            settings["listen"] = [other]
            self.assertIn("reloaded", edge.reload(settings))

        self.slow_upload(close_the_door, listener=[other])

    def test_a_slow_upload_of_a_client_that_has_another_certificate_now(self):
        def replace(edge, settings):
            settings["clients"]["till"]["certificate"]["san"] = "other.branch.test"
            self.assertIn("reloaded", edge.reload(settings))

        self.slow_upload(replace, 403, "forbidden")


if __name__ == "__main__":
    unittest.main()
