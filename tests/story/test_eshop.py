"""POHODA calls the web service of a shop through the edge: plain HTTP on the LAN, verified TLS to the shop (docs/vendors.md, Shops)."""

import unittest

from harness import SOURCE, Story, certificates, config, pair

from raw import Raw
from shop import Shop
from texts import text

LITERAL = (
    b"POST http://elektro-net.cz%s HTTP/1.1\r\n"
    b"User-Agent: STORMWARE-HTTP-client. http://www.stormware.cz\r\n"
    b"Content-Type: text/xml\r\n"
    b"Accept-Encoding: gzip, deflate\r\n"
    b"Host: http://elektro-net.cz\r\n"
    b"Content-Length: %d\r\n"
    b"Pragma: no-cache\r\n"
    b"Connection: Keep-Alive\r\n"
    b"Authorization: Basic bXV6YXRrb0BzdG9ybXdhcmUuY3o6dmFub2Nl\r\n\r\n"
)


def literal(path=b"/adresy.php"):
    body = text("shop-addresses-request.xml")
    return LITERAL % (path, len(body)) + body


class EShop(Story):
    def over_tls(self, name="shop.example.test", **knobs):
        chain = pair("shop")
        shop = self.standin(Shop, tls=(chain["chain"], chain["key"]), **knobs)
        server = {"tls": {"ca": str(certificates() / "ca.pem"), "name": name}}
        return shop, self.start(config(shop.url, "eshop", server=server, route={"listeners": ["lan"]}))

    def test_the_example_serves_pohodas_literal_request(self):
        chain = pair("shop")
        shop = self.standin(Shop, tls=(chain["chain"], chain["key"]), require_auth=True)
        example = (SOURCE / "config" / "examples" / "eshop.yaml").read_text(encoding="utf-8")
        for written, here in (
            ("192.168.0.5:8080", "127.0.0.1:0"),
            ('"https://www.elektro-net.cz"', f'"{shop.url}", tls: {{ ca: {certificates() / "ca.pem"}, name: shop.example.test }}'),
            ("path: /pohoda,", "path: /pohoda, strip_prefix: true,"),  # the stand-in's pages are at its root
        ):
            self.assertIn(written, example)
            example = example.replace(written, here)
        edge = self.start(example)
        reply = edge.ask(literal(b"/pohoda/adresy.php"), "lan")
        self.assertEqual((reply.status, reply.body), (200, text("shop-addresses-reply.xml")))
        self.assertEqual(reply.get("Content-Type"), "text/xml")
        self.assertEqual(shop.requests[-1].get("Authorization"), b"Basic bXV6YXRrb0BzdG9ybXdhcmUuY3o6dmFub2Nl")
        self.assert_refused(edge.ask(literal(b"/admin/"), "lan"), 404, "no_route")
        self.assertEqual(shop.heads, 1)

    def test_a_shop_under_another_name_is_not_asked(self):
        shop, edge = self.over_tls("www.example.test")
        self.assert_refused(edge.ask(literal(), "lan"), 502, "upstream_certificate")
        self.assertEqual(shop.heads, 0)

    def test_a_page_for_people_becomes_a_failure_that_pohoda_can_show(self):
        shop, edge = self.over_tls(html_error=True)
        reply = edge.ask(literal(), "lan")
        self.assert_refused(reply, 502, "reply_wrong_type", "maybe")
        self.assertTrue(reply.get("Content-Type").startswith("text/xml"), reply)
        self.assertIn(b'state="error"', reply.body)
        self.assertNotIn(b"<html", reply.body)
        self.assertEqual(edge.access_log(1)[0]["cause"], "reply_wrong_type")
        # The shop is well again, and the edge keeps nothing against it.
        shop.turn(html_error=False)
        self.assertEqual(edge.ask(literal(), "lan").status, 200)

    def test_a_password_that_the_shop_refuses_is_pohodas_to_hear(self):
        shop, edge = self.over_tls(require_auth=True)
        reply = edge.ask(literal().replace(b"bXV6YXRrb0BzdG9ybXdhcmUuY3o6dmFub2Nl", b"YTpi"), "lan")
        self.assertEqual(reply.status, 401)
        self.assertEqual(reply.get("WWW-Authenticate"), 'Basic realm="shop"')

    def test_only_text_xml_gets_through_and_no_redirect(self):
        raw = self.standin(Raw)
        edge = self.start(config(raw, "eshop", route={"listeners": ["lan"]}))
        for head, cause in (
            ("200 OK\r\nContent-Type: application/xml", "reply_wrong_type"),
            ("200 OK", "reply_wrong_type"),
            ("204 No Content", "reply_wrong_type"),
            ("301 Moved Permanently\r\nContent-Type: text/xml\r\nLocation: https://elsewhere.example", "reply_wrong_type"),
            ("200 OK\r\nContent-Type: text/xml; charset=utf-8", None),
            ("500 Internal Server Error\r\nContent-Type: text/xml", None),
        ):
            with self.subTest(head=head):
                length = "" if head.startswith("204") else "Content-Length: 4\r\n"
                raw.turn(answer=f"HTTP/1.1 {head}\r\n{length}\r\n" + ("<a/>" if length else ""))
                reply = edge.ask(literal(), "lan")
                if cause:
                    self.assert_refused(reply, 502, cause, "maybe")
                    self.assertIsNone(reply.get("Location"))
                else:
                    self.assertEqual((reply.status, reply.body), (int(head[:3]), b"<a/>"))


if __name__ == "__main__":
    unittest.main()
