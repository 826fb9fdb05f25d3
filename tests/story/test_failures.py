"""A server that goes wrong in every way, and what the caller is told."""

import socket
import unittest

from client import Ended
from harness import Story, certificates, config, free_port, pair

from mserver import MServer
from raw import Raw
from web import Web

ASK = b"GET /bytes/1000 HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"
SHORT = {"timeouts": {"reply": "300ms", "stall": "300ms", "connect": "1s"}}


class NotReached(Story):
    """Nothing left the edge: it says so, and a caller may send it again."""

    def test_refused(self):
        edge = self.start(config(f"http://127.0.0.1:{free_port()}"))
        for request in (ASK, POST):
            reply = edge.ask(request)
            self.assert_refused(reply, 502, "connect_refused")
            self.assertIn(b"not forwarded", reply.body)

    def test_a_name_that_does_not_exist(self):
        edge = self.start(config("http://no-such-server.invalid"))
        self.assert_refused(edge.ask(ASK), 502, "dns_error")

    def test_a_server_that_does_not_accept(self):
        # A listener whose queue is full: connections stay half open.
        with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
            waiting = []
            for _ in range(4):
                sock = socket.socket()
                sock.setblocking(False)
                sock.connect_ex(listener.getsockname())
                waiting.append(sock)
            edge = self.start(config(f"http://127.0.0.1:{listener.getsockname()[1]}", server={"timeouts": {"connect": "500ms"}}))
            self.assert_refused(edge.ask(ASK), 504, "connect_timeout")
            for sock in waiting:
                sock.close()

    def test_no_lan_address_is_shown(self):
        port = free_port()
        edge = self.start(config(f"http://127.0.0.1:{port}"))
        reply = edge.ask(ASK)
        for part in (reply.raw_head, reply.body):
            self.assertNotIn(str(port).encode(), part)


class NoReply(Story):
    def cause(self, fault, status, cause, request=ASK, profile="http", **settings):
        _, edge = self.front(Web, profile, knobs={"fault": fault}, **settings)
        reply = edge.ask(request)
        self.assert_refused(reply, status, cause, "maybe")
        return reply

    def test_reset_before_a_reply(self):
        self.cause("reset", 502, "upstream_reset|upstream_closed|upstream_write_failed")

    def assert_refused(self, reply, status, cause, forwarded="no"):
        self.assertEqual(reply.status, status, reply)
        self.assertRegex(reply.get("Proxy-Status"), f'details="({cause})"; forwarded={forwarded}')

    def test_closed_before_a_reply(self):
        self.cause("close", 502, "upstream_closed|upstream_reset")

    def test_in_doubt_is_said_where_it_is(self):
        self.assertIn(b"check before sending it again", self.cause("close", 502, "upstream_closed|upstream_reset", POST).body)
        self.assertNotIn(b"check before", self.cause("close", 502, "upstream_closed|upstream_reset").body)

    def test_garbage(self):
        self.cause("garbage", 502, "reply_unparsable")

    def test_half_a_head(self):
        self.cause("half_head", 502, "reply_truncated")

    def test_a_head_without_end(self):
        self.cause("huge_head", 502, "reply_head_too_large")

    def test_a_status_that_is_none(self):
        self.cause("bad_status", 502, "reply_unparsable")

    def test_nul_in_the_head(self):
        self.cause("null_in_head", 502, "reply_unparsable")

    def test_two_lengths(self):
        self.cause("two_lengths", 502, "reply_bad_coding|reply_unparsable")

    def test_length_and_coding(self):
        self.cause("both_framings", 502, "reply_bad_coding|reply_unparsable")

    def test_informational_without_end(self):
        self.cause("informational_flood", 502, "reply_unparsable|reply_head_too_large")

    def test_no_reply_in_time(self):
        for fault in ("hang", "hang_head"):
            self.cause(fault, 504, "reply_timeout", server=SHORT)

    def test_a_refused_request_leaves_the_callers_connection_usable(self):
        server, edge = self.front(Web, knobs={"fault": "garbage", "times": 1})
        with edge.connect() as client:
            client.send(ASK)
            self.assertEqual(client.reply().status, 502)
            client.send(ASK)
            self.assertEqual(client.reply().status, 200)


class BrokenReply(Story):
    """Its head was sent: the caller must see the break."""

    def broken(self, fault, upstream_tls=None, release=False, **settings):
        server = self.standin(Web, tls=upstream_tls, fault=fault)
        more = {"server": {"tls": {"ca": str(certificates() / "ca.pem"), "name": "localhost"}}} if upstream_tls else {}
        edge = self.start(config(server, **{**more, **settings}))
        for listener, ways in (("internet", {"cut", "reset"}), ("lan", {"reset", "closed"})):
            with self.subTest(fault=fault, listener=listener), edge.connect(listener) as client:
                client.send(ASK)
                head = client.head()
                self.assertEqual(head.status, 200)
                if release:
                    server.release()
                how = client.end(head)
                self.assertIn(how, ways)
                self.assertNotIn(b"0\r\n\r\n", head.body[-5:], "the chunked body must not look complete")
                if head.get("Content-Length"):
                    self.assertLess(len(head.body), int(head.get("Content-Length")))

    def test_half_a_body(self):
        self.broken("half_body")

    def test_half_a_body_then_reset(self):
        self.broken("reset_body", release=True)

    def test_half_a_chunk(self):
        self.broken("chunked_half")

    def test_silence_in_the_body(self):
        self.broken("stall", server={"timeouts": {"stall": "300ms"}})

    def test_a_body_ended_by_reset(self):
        self.broken("until_close_cut", release=True)

    def test_half_a_body_over_tls(self):
        self.broken("half_body", upstream_tls=(certificates() / "server-ecdsa.pem", certificates() / "server-ecdsa.key"))

    def test_http_1_0_callers_see_it_too(self):
        _, edge = self.front(Web, knobs={"fault": "chunked_half"})
        for listener, ways in (("internet", {"cut", "reset"}), ("lan", {"reset"})):
            # Without chunked there is nothing but the end of the connection to tell by: it must not be a polite one.
            with self.subTest(listener=listener), edge.connect(listener) as client:
                client.send(b"GET /bytes/1000 HTTP/1.0\r\nHost: localhost\r\n\r\n")
                with self.assertRaises(Ended) as raised:
                    client.reply()
                self.assertIn(raised.exception.how, ways)

    def test_the_log_names_it(self):
        _, edge = self.front(Web, knobs={"fault": "half_body"})
        with edge.connect() as client:
            client.send(ASK)
            with self.assertRaises(Ended):
                client.reply()
        line = edge.access_log(1)[0]
        self.assertIn("reply_truncated", str(line))
        self.assertIn("upstream", str(line))


class Fine(Story):
    """Odd, and allowed."""

    def test_informational_replies_before_the_real_one(self):
        _, edge = self.front(Web, knobs={"fault": "informational"})
        self.assertEqual(edge.ask(ASK).status, 200)

    def test_an_early_refusal_by_the_server_is_relayed(self):
        _, edge = self.front(Web, knobs={"fault": "early_reply"})
        reply = edge.ask(b"POST /sink HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000\r\n\r\n" + bytes(20000))
        self.assertEqual((reply.status, reply.body), (413, b"too large"))

    def test_a_slow_reply(self):
        server, edge = self.front(Web, knobs={"fault": "slow"})
        self.assertEqual(edge.ask(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").body, b"hello")

    def test_a_server_that_closes_after_each_reply(self):
        server, edge = self.front(Web, knobs={"fault": "close_after"})
        with edge.connect() as client:
            for _ in range(20):
                client.send(ASK)
                self.assertEqual(client.reply().status, 200)

    def test_every_status_of_the_server_passes(self):
        _, edge = self.front(Web)
        with edge.connect() as client:
            for status in (200, 201, 204, 301, 304, 400, 401, 403, 404, 405, 408, 409, 413, 429, 500, 501, 502, 503, 504, 505, 599):
                client.send(b"GET /status/%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % status)
                reply = client.reply()
                self.assertEqual((reply.status, reply.reason), (status, "As Asked"))
                self.assertIsNone(reply.get("Proxy-Status"))


class Repeating(Story):
    """What may have been carried out is never sent twice (docs/invariants.md, "Nothing is sent twice")."""

    def prime(self, edge, client):
        client.send(ASK)
        self.assertEqual(client.reply().status, 200)

    def test_a_post_that_a_kept_connection_swallowed_is_not_sent_again(self):
        server, edge = self.front(Web)
        with edge.connect() as client:
            self.prime(edge, client)
            server.turn(fault="close", times=1)
            client.send(POST)
            reply = client.reply()
        self.assertEqual(reply.status, 502)
        self.assertEqual(server.heads, 2, "the POST came once")

    def test_a_get_that_a_kept_connection_swallowed_is_sent_again_once(self):
        server, edge = self.front(Web)
        with edge.connect() as client:
            self.prime(edge, client)
            server.turn(fault="close", times=1)
            client.send(ASK)
            self.assertEqual(client.reply().status, 200)
        self.assertEqual(server.heads, 3)

    def test_a_get_that_says_no_content_comes_is_sent_again_like_any(self):
        server, edge = self.front(Web)
        with edge.connect() as client:
            self.prime(edge, client)
            server.turn(fault="close", times=1)
            client.send(ASK.replace(b"\r\n\r\n", b"\r\nContent-Length: 0\r\n\r\n"))
            self.assertEqual(client.reply().status, 200)
            server.turn(fault="close", times=1)
            client.send(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
            self.assertEqual(client.reply().status, 502, "a POST may have been carried out, whatever it carries")
        self.assertEqual(server.heads, 4)

    def test_a_get_of_no_content_goes_to_an_mserver_over_a_kept_connection(self):
        server, edge = self.front(MServer, "mserver", server={"concurrency": "none"})
        with edge.connect() as client:
            for field in (b"", b"Content-Length: 0\r\n", b"Content-Length: 00\r\n"):
                client.send(b"GET /documents/a.pdf HTTP/1.1\r\nHost: localhost\r\nSTW-Authorization: Basic QDo=\r\n" + field + b"\r\n")
                client.reply()
        self.assertEqual({request.connection for request in server.requests}, {1})

    def test_a_get_on_a_fresh_connection_is_not_sent_again(self):
        server, edge = self.front(Web, knobs={"fault": "close"})
        self.assertEqual(edge.ask(ASK).status, 502)
        self.assertEqual(server.heads, 1)

    def test_a_post_for_mserver_uses_a_fresh_connection(self):
        server, edge = self.front(MServer, "mserver")
        with edge.connect() as client:
            for _ in range(3):
                client.send(b"POST /xml HTTP/1.1\r\nHost: localhost\r\nSTW-Authorization: Basic QDo=\r\nContent-Length: 2\r\n\r\n<>")
                self.assertEqual(client.reply().status, 200)
        self.assertEqual([request.connection for request in server.requests], [1, 2, 3])

    def test_a_restarted_server_is_found_again(self):
        server = Web()
        edge = self.start(config(server))
        self.assertEqual(edge.ask(ASK).status, 200)
        port = server.port
        server.stop()
        server.wait_for_no_connection()
        self.assertEqual(edge.ask(ASK).status, 502)
        again = Web(port=port)
        self.addCleanup(again.stop)
        self.assertEqual(edge.ask(ASK).status, 200)


class UpstreamTls(Story):
    def server(self, name, *more):
        return self.standin(Web, tls=(certificates() / f"{name}.pem", certificates() / f"{name}.key", *more))

    def edge(self, server, **tls):
        return self.start(config(server, server={"tls": tls}))

    def test_a_trusted_server(self):
        edge = self.edge(self.server("server-rsa"), ca=str(certificates() / "ca.pem"))
        self.assertEqual(edge.ask(ASK).status, 200)

    def test_a_server_of_another_authority(self):
        edge = self.edge(self.server("other-server"), ca=str(certificates() / "ca.pem"))
        self.assert_refused(edge.ask(ASK), 502, "upstream_certificate")

    def test_verification_is_on_by_default(self):
        edge = self.edge(self.server("server-rsa"))
        self.assert_refused(edge.ask(ASK), 502, "upstream_certificate")

    def test_another_name(self):
        edge = self.edge(self.server("wrong-name"), ca=str(certificates() / "ca.pem"))
        self.assert_refused(edge.ask(ASK), 502, "upstream_certificate")

    def test_a_name_that_the_settings_give(self):
        edge = self.edge(self.server("wrong-name"), ca=str(certificates() / "ca.pem"), name="somebody-else.invalid")
        self.assertEqual(edge.ask(ASK).status, 200)

    def test_expired(self):
        edge = self.edge(self.server("expired"), ca=str(certificates() / "ca.pem"))
        self.assert_refused(edge.ask(ASK), 502, "upstream_certificate")

    def test_verification_can_be_switched_off(self):
        edge = self.edge(self.server("expired"), verify=False)
        self.assertEqual(edge.ask(ASK).status, 200)

    def test_a_client_certificate(self):
        server = self.server("server-ecdsa", certificates() / "ca.pem")
        edge = self.edge(server, ca=str(certificates() / "ca.pem"), client_certificate=pair("client"))
        self.assertEqual(edge.ask(ASK).status, 200)

    def test_no_client_certificate_where_one_is_asked_for(self):
        server = self.server("server-ecdsa", certificates() / "ca.pem")
        reply = self.edge(server, ca=str(certificates() / "ca.pem")).ask(ASK)
        self.assertEqual(reply.status, 502)

    def test_a_server_that_does_not_speak_tls(self):
        server = self.standin(Raw, when="accept", answer=b"220 mail.example ESMTP\r\n")
        edge = self.start(config(server.url.replace("http:", "https:"), server={"tls": {"verify": False}}))
        self.assert_refused(edge.ask(ASK), 502, "upstream_tls")

    def test_bodies_both_ways(self):
        edge = self.edge(self.server("server-ecdsa"), ca=str(certificates() / "ca.pem"))
        body = bytes(range(256)) * 4000
        reply = edge.ask(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        self.assertEqual(reply.body, body)


if __name__ == "__main__":
    unittest.main()
