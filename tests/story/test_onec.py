"""What 1C bases and Mobile SMARTS servers need of an edge (docs/vendors.md, 1C and Mobile SMARTS)."""

import unittest

from harness import SOURCE, Story, config, pair

from raw import Raw
from web import Web

H = b"Host: localhost\r\n"
ODATA = b"/base/odata/standard.odata/Catalog_%D0%9A%D0%BE%D0%BD%D1%82%D1%80(guid'0e1f'%29?$filter=%D0%9A%D0%BE%D0%B4%20eq%20'1'"


class OneC(Story):
    def test_odata_with_cyrillic_is_patched_byte_for_byte(self):
        server, edge = self.front(Web, "onec")
        body = '{"Наименование":"Ромашка"}'.encode()
        reply = edge.ask(b"PATCH " + ODATA + b" HTTP/1.1\r\n" + H + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.assertEqual(reply.status, 200)
        self.assertEqual(server.requests[-1].head.split(b"\r\n")[0], b"PATCH " + ODATA + b" HTTP/1.1")
        self.assertEqual(server.requests[-1].body, body)

    def test_a_bank_client_asks_head_before_each_request(self):
        server, edge = self.front(Web, "onec")
        with edge.connect() as client:
            for _ in range(3):
                client.send(b"HEAD /base/ws/bank.1cws HTTP/1.1\r\n" + H + b"\r\n")
                self.assertEqual(client.reply("HEAD").status, 200)
                client.send(b"POST /echo HTTP/1.1\r\n" + H + b"Content-Length: 4\r\n\r\n<s/>")
                self.assertEqual(client.reply().body, b"<s/>")
        self.assertEqual([request.method for request in server.requests], ["HEAD", "POST"] * 3)

    def test_sessions_live_by_their_cookies(self):
        server = self.standin(Raw)
        edge = self.start(config(server, "onec"))
        cookie = "vrs_session=0123; path=/base; HttpOnly"
        server.turn(answer=f"HTTP/1.1 200 OK\r\nSet-Cookie: {cookie}\r\nSet-Cookie: other=1\r\nContent-Length: 0\r\n\r\n")
        reply = edge.ask(b"GET /base/hs/x HTTP/1.1\r\n" + H + b"Cookie: vrs_session=0123\r\nIBSession: start\r\n\r\n")
        self.assertEqual(reply.all("Set-Cookie"), [cookie, "other=1"])
        self.assertIn(b"\r\nCookie: vrs_session=0123\r\nIBSession: start\r\n", server.transcript())

    def test_a_stripped_path_is_put_before_the_cookies(self):
        server = self.standin(Raw)
        edge = self.start(config(server, "onec", route={"path": "/accounting", "strip_prefix": True}))
        server.turn(answer="HTTP/1.1 200 OK\r\nSet-Cookie: vrs=1; path=/base\r\nContent-Length: 0\r\n\r\n")
        reply = edge.ask(b"GET /accounting/base/ HTTP/1.1\r\n" + H + b"\r\n")
        self.assertEqual(reply.get("Set-Cookie"), "vrs=1; path=/accounting/base")

    def test_a_long_call_outlives_every_other_time(self):
        # 99 s and more in the field; here it is longer than all that is set, but `reply`, whose default is 10 min.
        times = {"head": "200ms", "idle": "200ms", "linger": "200ms", "handshake": "5s"}
        server, edge = self.front(
            Web,
            "onec",
            {"delay": 1.5},
            server={"timeouts": {"connect": "200ms", "send": "200ms", "stall": "200ms", "idle": "200ms"}},
            timeouts=times,
            body_rate={"over": "1s"},
        )
        reply = edge.ask(b"POST /echo HTTP/1.1\r\n" + H + b"Content-Length: 2\r\n\r\nok")
        self.assertEqual((reply.status, reply.body), (200, b"ok"))

    def test_a_soap_caller_gets_its_failures_as_faults(self):
        server, edge = self.front(Web, "onec", {"fault": "close"})
        reply = edge.ask(
            b"POST /base/ws/exchange.1cws HTTP/1.1\r\n" + H + b'Content-Type: text/xml\r\nSOAPAction: "x"\r\nContent-Length: 4\r\n\r\n<s/>'
        )
        self.assert_refused(reply, 502, "upstream_closed", "maybe")
        self.assertIn(b"Fault", reply.body)


class MobileSmarts(Story):
    def test_two_ports_are_two_routes(self):
        server = self.standin(Web)
        base = self.standin(Web)
        example = (SOURCE / "config" / "examples" / "mobile-smarts.yaml").read_text(encoding="utf-8")
        files = pair("server-ecdsa")
        for written, here in (
            ('- address: "[::]:443"', '- name: internet\n    address: "127.0.0.1:0"'),
            ('"http://192.168.0.21:9000"', f'"{server.url}"'),
            ('"http://192.168.0.21:10501"', f'"{base.url}"'),
            ("/etc/ledgergate/edge.pem", files["chain"]),
            ("/etc/ledgergate/edge.key", files["key"]),
        ):
            self.assertIn(written, example)
            example = example.replace(written, here)
        edge = self.start(example)
        key = b"/MobileSMARTS/api/v1/Tables/Lot('%D0%90-1')"
        for prefix in (b"", b"/warehouse"):
            self.assertEqual(edge.ask(b"GET " + prefix + key + b" HTTP/1.1\r\nHost: sklad.example.cz\r\n\r\n").status, 200)
        self.assertEqual([request.target for request in server.requests + base.requests], [key, key])
        for path in (b"/MobileSMARTS/swagger", b"/warehouse/MobileSMARTS/", b"/"):
            reply = edge.ask(b"GET " + path + b" HTTP/1.1\r\nHost: sklad.example.cz\r\n\r\n")
            self.assert_refused(reply, 404, "no_route")

    def test_no_content_and_an_expired_token_are_normal(self):
        server, edge = self.front(Web, "mobile_smarts")
        self.assertEqual(edge.ask(b"GET /status/204 HTTP/1.1\r\n" + H + b"\r\n").status, 204)
        reply = edge.ask(b"GET /status/401 HTTP/1.1\r\n" + H + b"Authorization: Bearer old\r\n\r\n")
        self.assertEqual((reply.status, reply.body), (401, b"as asked"))
        self.assertIsNone(reply.get("Proxy-Status"))

    def test_swagger_is_published_only_by_a_route_that_names_it(self):
        server, edge = self.front(Web, "mobile_smarts")
        for path in (b"/swagger", b"/MobileSMARTS/Swagger/ui/index", b"/%73wagger/", b"/a/../swagger.json"):
            reply = edge.ask(b"GET " + path + b" HTTP/1.1\r\n" + H + b"\r\n")
            self.assertIn(reply.status, (400, 404), path)
        self.assertEqual(server.heads, 0)
        server, edge = self.front(Web, "mobile_smarts", route={"path": "/swagger"})
        self.assertEqual(edge.ask(b"GET /swagger/ui/index HTTP/1.1\r\n" + H + b"\r\n").status, 200)


if __name__ == "__main__":
    unittest.main()
