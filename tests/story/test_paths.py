"""Spellings of a path against routes: no lock is passed by one, and nothing is refused for being odd (docs/paths.md)."""

import base64
import hashlib
import random
import secrets
import unittest
from urllib.parse import quote

from harness import Story, config

from mserver import MServer
from texts import text
from web import Web

KEY = secrets.token_urlsafe(32)
H = b"Host: localhost\r\n"

# What some server or other takes for /admin.
ADMIN = [
    b"//admin", b"///admin", b"/ADMIN", b"/aDmin/x", b"/admin.", b"/admin..", b"/admin%20", b"/admin%2e", b"/admin+", b"/admin.%20.", b"/admin;x", b"/admin;x=1/y",
    b"/;x/admin", b"/;a%2Fb/admin", b"/:a%5Cb/admin", b"/;a%252fb/admin", b"/admin%3bx", b"/admin::$DATA", b"/admin:$I30:$INDEX_ALLOCATION", b"/admin%3A%3A$DATA", b"/admin~1", b"/ADMIN~2/x", b"/admin%7e1", b"/%2561dmin",
    b"/%252561dmin", b"/%25u0061dmin", b"/%5Cadmin", b"/%2Fadmin", b"/admin%2Fx", b"/admin%5Cx", b"/admin%252Fx", b"/admin%3Fx", b"/admin%23x", b"/%EF%BD%81dmin",
    b"/%ef%bc%a1DMIN", b"/adm%C3%ADn", b"/%E1dmin", b"/\xe1dmin", b"/\xc3\xa1dmin", b"/%C1%A1dmin", b"/%C1!dmin", b"/%E0%81%A1dmin", b"/adm%E2%80%8Bin", b"/ad%FFmin",
    b"/admin%EF%BC%8E", b"/admin%EF%BC%8Fx", b"/admin%C2%A0", b"/(S(abc))/admin", b"/(A(x)F(y))/admin/x", b"/ad/(S(x))min", b"/./admin", b"/x/../admin", b"/x/..;/admin",
    b"/x/%2e%2e/admin", b"/%c0%aeadmin", b"/x/..%2fadmin", b"/x/..%5cadmin", b"/%c0%afadmin", b"/a%CC%81dmin",
]  # fmt: skip
# Letters that NFKC or a Windows code page makes plain ones of, letters that nobody sees, and marks (docs/paths.md, the readings).
ADMIN += [
    b"/" + quote(text).encode()
    for text in (
        "\u1d43dmin", "\u2090dmin", "ad\u2133in", "ad\u217fin", "a\u217emin", "adm\u2170n", "\u03b1dmin", "a\u03b4min", "adm\u2148n", "\U0001f130dmin", "a\u1d48min", "\uff41\uff44min",
        "admin\ufe0f", "ad\ufe0fmin", "ad\u061cmin", "ad\u180emin", "ad\U000e0041min", "ad\U000e0101min", "ad\u3164min", "\u115fadmin", "admin\uffa0", "ad\u034fmin", "ad\u202emin",
        "ad\u2066min", "a\u20d0dmin", "a\u1dc0dmin", "a\ufe20dmin", "admin\u0589x", "admin\u037ex", "admin\ufe13x", "admin\ufe14x", "admin\ufe54x", "admin\ufe55x", "admin\ufe56x", "admin\ufe16x",
        "admin\ufe5fx", "admin\uff03x", "admin\uff1fx", "admin\u2047x", "admin\u1680", "admin\u2028", "admin\u2029", "admin\u2026", "admin\ufe30", "admin\ufe19", "admin\ufe52",
        "admin\u2044x", "admin\u2215x", "admin\ufe68x", "admin\u20a9x", "\uff0561dmin", "\ufe6a61dmin", "\u066a61dmin", "%\uff16\uff11dmin", "\uff05\uff5500\uff16\uff11dmin", "\uff05EF\uff05BD\uff0581dmin",
        "adm\u1d62\u2099", "admin\u02dc1", "admin\u03031", "admin~\u200b1",
        "a\u0308dmin", "\U0001d41admin", "adm\u2071n",
    )
]  # fmt: skip
CLIMBING = [
    b"/" + quote(text).encode()
    for text in ("x/\uff052e\uff052e/admin", "x/\ufe30/admin", "x/\u2025/admin", "x/.\u200b./admin", "x/.\ufe0f./admin", "x/.\u0301./admin", "x/..\ufe55x/admin", "x/..\u2060/admin", "x/..\u3164/admin", "x/\uff05u002e./admin")
]  # fmt: skip
# It has more readings than are looked at.
ENDLESS = b"/" + quote("%41\uff0541\u00b4/x;a").encode() + b"%2Fb%5Cc/(S(x))y/" + b"x" * 7000
ADMIN += [b"/%25uD835%25uDC1Admin", b"/%ED%A0%B5%ED%B0%9Admin", b"/ad/%E2%80%8B(S(x))min"]
# For these the lock itself is asked: they are /admin to everybody.
PLAIN = [b"/admin", b"/admin/", b"/admin/x", b"/adm%69n", b"/%61dmin/x", b"/admin//x", b"/admin/A%2F1", b"/admin/\xc8\xe0"]
# What is nowhere near.
OTHERS = [
    b"/", b"/x", b"/administration", b"/x/admin", b"/admin.css", b"/xadmin", b"/admi", b"/X(Code='A%2F1')", b"/a%5Cb", b"/a%5c%5Cb", b"/a//b", b"/a;b/c", b"/a:b", b"/~user/x",
    b"/sleva%20100%25", b"/%D0%91%D0%B0%D0%B7%D0%B0", b"/\xd0\x91\xd0\xb0\xd0\xb7\xd0\xb0?\xd0\x91=\\x", b"/\xc1\xe0\xe7\xe0/hs", b"/x?a=\\admin", b"/\xe1",
    b"/(S(abc))/page.aspx",
    *(b"/" + quote(text).encode() for text in (
        "š\u030ckola", "Ceník – léto.pdf", "účty.admin", "Учёт/йод", "faktura č. 5…pdf", "½ ceny", "100％ bavlna", "100٪", "\u3042", "日本語", "ﬁrma", "№5", "Straße", "x\u200dy", "a\u0301", "‼", "´x´", "\U0001f600\ufe0f",
    )),
]  # fmt: skip


def ask(target, method=b"GET", fields=b"", body=b""):
    length = b"Content-Length: %d\r\n" % len(body) if body or method == b"POST" else b""
    return method + b" " + target + b" HTTP/1.1\r\n" + H + fields + length + b"\r\n" + body


class Routes(Story):
    def publish(self, *routes, profile="http", kind=Web, knobs=None, **top):
        """One server behind all of them. A route is (path, whether it is locked, more keys)."""
        server = self.standin(kind, **(knobs or {}))
        settings = config(server, profile, **top)
        settings["clients"] = {"boss": {"api_key_sha256": hashlib.sha256(KEY.encode()).hexdigest()}}
        settings["routes"] = [
            {"path": path, "server": "upstream", **({"clients": ["boss"]} if locked else {"access": "anonymous"}), **(more[0] if more else {})}
            for path, locked, *more in routes
        ]
        settings["lockout"] = "off"
        return server, self.start(settings)

    def assert_passes(self, server, edge, target, seen=None, **request):
        seen = target if seen is None else seen
        reply = edge.ask(ask(target, **request))
        self.assertEqual(reply.status, 200, (target, reply))
        line = server.requests[-1].head.split(b"\r\n")[0]
        self.assertEqual(line, request.get("method", b"GET") + b" " + seen + b" HTTP/1.1")

    def assert_stopped(self, server, edge, target, statuses=(400, 401), **request):
        before = server.heads
        reply = edge.ask(ask(target, **request))
        self.assertIn(reply.status, statuses, (target, reply))
        self.assertIsNotNone(reply.get("Proxy-Status"), target)
        self.assertEqual(server.heads, before, target)

    def test_a_lock_is_passed_by_no_spelling(self):
        server, edge = self.publish(("/", False), ("/admin", True))
        for target in ADMIN + CLIMBING + PLAIN:
            self.assert_stopped(server, edge, target)
        for target in PLAIN:
            self.assert_passes(server, edge, target, fields=b"X-Edge-Key: " + KEY.encode() + b"\r\n")
        for target in OTHERS:
            self.assert_passes(server, edge, target)
        self.assert_stopped(server, edge, ENDLESS, statuses=(400,))

    def test_nor_by_many_at_once(self):
        server, edge = self.publish(("/", False), ("/administration", True))
        letters = (
            lambda c: c, lambda c: c.upper(), lambda c: "%%%02x" % ord(c), lambda c: "%%25%02X" % ord(c.upper()), lambda c: "%%25u00%02x" % ord(c),
            lambda c: quote(chr(ord(c) + 0xFEE0)), lambda c: "%%%02X%%%02X" % (0xC0 | ord(c) >> 6, 0x80 | ord(c) & 0x3F), lambda c: c + "%CC%81", lambda c: c + "%E2%80%8B", lambda c: "%FF" + c,
        )  # fmt: skip
        before = ("/", "//", "/;a=b/", "/%20/", "/(S(x))/", "/+", "/%3Bx/")
        behind = ("", ".", "%20", "+", ";x", "%3bx", "::$DATA", ":x", "%3Fx", "%23", "%2F", "/", "%5Cx", "/x", "%EF%BC%8E", "%C2%A0", "(S(x))", ".%20;y:z")
        choice = random.Random(9)
        for _ in range(300):
            name = "".join(choice.choice(letters)(c) if choice.random() < 0.3 else c for c in choice.choice(("administration", "admini~1", "admi~123", "ad3f9a~2")))
            target = choice.choice(before) + name + choice.choice(behind) + choice.choice(behind)
            before_it = server.heads
            reply = edge.ask(ask(target.encode()))
            self.assertIn(reply.status, (400, 401), target)
            self.assertEqual(server.heads, before_it, target)

    def test_nor_is_a_locked_root_entered_through_an_open_place(self):
        server, edge = self.publish(("/", True), ("/admin", False))
        for target in ADMIN + OTHERS:
            self.assert_stopped(server, edge, target)
        for target in PLAIN:
            self.assert_passes(server, edge, target)

    def test_long_names_have_short_ones(self):
        server, edge = self.publish(("/", False), ("/administration", True))
        for target in (b"/ADMINI~1", b"/admini~1/x", b"/ADMINI~2", b"/AD3F9A~1", b"/admini%7E1", b"//ADMINI~1", b"/ADMINI~1.", b"/ADMINI~1::$DATA"):
            self.assert_stopped(server, edge, target)
        self.assert_passes(server, edge, b"/admin~1")

    def test_letters_of_other_character_sets(self):
        server, edge = self.publish(("/", False), ("/účty", True), ("/почта", True))
        for target in (b"/%C3%BA%C4%8Dty", b"/%FA%E8ty/x", b"/%DA%C8TY", b"/%C3%9A%C4%8CTY", b"/\xfa\xe8ty", b"/\xc3\x9a\xc4\x8cTY/x", b"/%25FA%25E8ty", b"/u%CC%81c%CC%8Cty",
                       b"/%EF%EE%F7%F2%E0", b"/%CF%CE%D7%D2%C0", b"/\xef\xee\xf7\xf2\xe0", b"/%D0%9F%D0%9E%D0%A7%D0%A2%D0%90", b"/\xd0\xbf\xd0\xbe\xd1\x87\xd1\x82\xd0\xb0"):  # fmt: skip
            self.assert_stopped(server, edge, target)
        for target in (b"/ucty", b"/%E8", b"/pocta"):
            self.assert_passes(server, edge, target)

    def test_letters_without_their_marks(self):
        """Beyond ASCII, too: what is composed and what is not (a Mac's file names) is one name to many servers."""
        server, edge = self.publish(("/", False), ("/йод", True), ("/èté", True), ("/straße", True), ("/fi", True))
        for name in ("и\u0306од", "ЙОД", "e\u0300te\u0301", "\u00c8TE\u0301", "STRASSE", "straß\u00ade", "ﬁ", "ſtraße", "ｆi"):
            self.assert_stopped(server, edge, b"/" + quote(name).encode())
        for name in ("иод", "ete", "stras", "йо"):
            self.assert_passes(server, edge, b"/" + quote(name).encode())

    def test_where_all_readings_lead_to_the_same_rules_nothing_is_refused(self):
        server, edge = self.publish(("/", False), ("/admin", False, {"language": "cs"}))
        never = (b"/./", b"/..", b"..;", b"%2e%2e", b"%c0%a", b"/%2F", b"/%5C")  # refused for what they are
        for target in [*ADMIN, *PLAIN, *OTHERS]:
            if not any(each in target for each in never):
                self.assert_passes(server, edge, target)
        self.assert_passes(server, edge, ENDLESS)
        for target in CLIMBING:
            self.assert_stopped(server, edge, target, statuses=(400,))

    def test_another_server_operations_and_limits_are_other_rules(self):
        for more in ({"limits": {"requests": "5/s"}}, {"body_limit": "1KiB"}, {"class": "high"}, {"strip_prefix": True}, {"host_header": "client"}):
            server, edge = self.publish(("/", False), ("/admin", False, more))
            for target in (b"/ADMIN", b"//admin", b"/admin;x"):
                self.assert_stopped(server, edge, target, statuses=(400,))
            self.assert_passes(server, edge, b"/X%2F1")

    def test_a_prefix_that_is_taken_off(self):
        server, edge = self.publish(("/app", False, {"strip_prefix": True}), ("/old", False, {"rewrite_prefix": "/srv/new"}))
        self.assert_passes(server, edge, b"/app/X(Code='A%2F1')", b"/X(Code='A%2F1')")
        self.assert_passes(server, edge, b"/app/a%5Cb", b"/a%5Cb")
        self.assert_passes(server, edge, b"/old/\xd0\x91%2F", b"/srv/new/\xd0\x91%2F")
        for target in (b"/app%2Fx", b"/app/%2Fx", b"/app/..%2f..%2fx", b"/old%2f..%2fx", b"/old%5Cx", b"/app/(S(x))y"):
            self.assert_stopped(server, edge, target, statuses=(400, 404))

    def test_odd_paths_before_an_mserver(self):
        server, edge = self.publish(("/", False), profile="mserver", kind=MServer)
        login = b"STW-Authorization: Basic QDo=\r\nContent-Type: text/xml\r\n"
        for target in (b"//xml", b"/xml/", b"/XML", b"//Xml//"):
            edge.ask(ask(target, b"POST", login, text("stock-request.xml")))
            self.assertEqual(server.requests[-1].head.split(b"\r\n")[0], b"POST " + target + b" HTTP/1.1")
        for target in (b"/documents/Faktury%5C2024%2Ffv.pdf", b"/documents%2Ffaktura.pdf", b"//documents/faktura.pdf", b"/documents/\xf8e\x9aen\xed.pdf"):
            edge.ask(ask(target, fields=login))
            self.assertEqual(server.requests[-1].head.split(b"\r\n")[0], b"GET " + target + b" HTTP/1.1")
        for target in (b"/xml.", b"/xml;x", b"/xml%20", b"/documents/..%5Cxml", b"/documents/%5C%5Chost%5Cshare", b"/documents/C%3A%5C..", b"/xml::$DATA"):
            self.assert_stopped(server, edge, target, statuses=(400, 404), method=b"POST")

    def test_operations_hold_for_every_spelling_of_xml(self):
        server, edge = self.publish(("/", False, {"operations": ["read"]}), profile="mserver", kind=MServer)
        body = b'<dat:dataPack xmlns:dat="d" xmlns:o="o" id="1" ico="1"><dat:dataPackItem id="1"><o:order/></dat:dataPackItem></dat:dataPack>'
        for target in (b"/xml", b"//xml", b"/xml/", b"/XML//", b"/x%6dl", b"/%2Fxml", b"/xml%2F"):
            self.assert_stopped(server, edge, target, statuses=(400, 403), method=b"POST", body=body)

    def test_the_lan_name_is_masked_in_every_spelling_of_status(self):
        server, edge = self.publish(("/", False), profile="mserver", kind=MServer, knobs={"loose": True})
        for target in (b"/status", b"//status", b"/status/", b"/%73tatus", b"/STATUS"):
            reply = edge.ask(ask(target))
            self.assertEqual(reply.status, 200, target)
            self.assertIn(b"<server>https://localhost", reply.body, target)

    def test_no_spelling_of_status_proves_a_password(self):
        wrong = b"STW-Authorization: Basic " + base64.b64encode(b"host:wrong") + b"\r\n"
        for target in (b"/%73tatus", b"/status/", b"//status", b"/status?x"):
            server = self.standin(MServer, loose=True)
            edge = self.start(config(server, "mserver", lockout={"failures": 3, "within": "1h", "ban": "1h"}))
            for _ in range(3):
                edge.ask(ask(b"/xml", b"POST", wrong, b"<x/>"))
                self.assertEqual(edge.ask(ask(target, b"POST", wrong)).status // 100, 2 if server.heads < 5 else 4, target)
            self.assert_refused(edge.ask(ask(b"/xml", b"POST", wrong, b"<x/>")), 429, "locked_out")

    def test_locks_on_an_mservers_places(self):
        server, edge = self.publish(("/", False), ("/documents", True), profile="mserver", kind=MServer)
        for target in (b"/documents/faktura.pdf", b"//documents/faktura.pdf", b"/DOCUMENTS/faktura.pdf", b"/documents%2Ffaktura.pdf", b"/documents;x/faktura.pdf", b"/DOCUME~1/faktura.pdf", b"/documents./faktura.pdf"):
            self.assert_stopped(server, edge, target)

    def test_swagger_stays_hidden_in_every_spelling(self):
        server, edge = self.publish(("/", False), profile="mobile_smarts")
        for target in (b"/swagger", b"/MobileSMARTS%2Fswagger/x", b"/%2573wagger", b"/a%5Cswagger", b"/SWAGGE~1", b"/%EF%BD%93wagger", b"/x;y/swagger.json", b"//Swagger", b"/(S(x))/swagger"):
            self.assert_stopped(server, edge, target, statuses=(400, 404))
        self.assert_passes(server, edge, b"/MobileSMARTS/api/v1/Tables/Lot('A%2F1')")

    def test_routes_that_cannot_be_told_apart_are_a_warning(self):
        server, edge = self.publish(("/shop", False), ("/Shop", True))
        edge.said.wait(r"warning.*`/shop` and `/Shop`")
        for target in (b"/shop", b"/Shop/x"):
            self.assert_stopped(server, edge, target, statuses=(400,))

    def test_raw_bytes_are_logged_and_redirected_safely(self):
        listen = [{"name": "lan", "address": "127.0.0.1:0", "tls": "off"}, {"name": "port80", "address": "127.0.0.1:0", "redirect": "https"}]
        server, edge = self.publish(("/", False), listen=listen)
        target = b"/\xc1\xe0\x85\xff\xe2\x80\xae\xc2\x9b31m?\xd0\x91=\\\xa0"
        reply = edge.ask(ask(target), "lan")
        self.assertEqual(reply.status, 200)
        self.assertEqual(server.requests[-1].head.split(b"\r\n")[0], b"GET " + target + b" HTTP/1.1")
        line = edge.access_log(1)[0]
        self.assertTrue(line["path"].startswith("/\u00c1"), line)
        raw = edge.log.lines[0]
        for unsafe in ("\u202e", "\u009b", "\udcc1", "\udcff"):
            self.assertNotIn(unsafe, raw)
        with edge.connect("port80", tls=False) as client:
            client.send(ask(b"/\xe1?a=\\\xff"))
            moved = client.reply()
        self.assertEqual(moved.status, 308)
        self.assertTrue(moved.get("Location").endswith("/%E1?a=%5C%FF"), moved)


if __name__ == "__main__":
    unittest.main()
