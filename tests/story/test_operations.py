"""What a body asks decides: whether it may, and which server gets it. What a reply says stands in the log."""

import gzip
import hashlib
import json
import secrets
import xml.etree.ElementTree as ET
import zlib

from harness import Story, config

from apicomprem import ApiComPrem
from mserver import MServer, stock_reply
from raw import Raw
from shop import Shop
from texts import text
from web import Web

H = b"Host: localhost\r\n"
LOGIN = b"STW-Authorization: Basic QDo=\r\n"
UNIT = b"ID-UJ: c8175fe2-5aba-460e-a492-5da487105394\r\n"
INFO = b'{"command":{"inComm":"INFO"}}'
SELECT = text("select-command.json")
EXPORTS = {"operations": ["listStock*"]}


def xml(body, extra=b""):
    return b"POST /xml HTTP/1.1\r\n" + H + LOGIN + b"Content-Type: text/xml\r\n" + extra + b"Content-Length: %d\r\n\r\n" % len(body) + body


def command(body, extra=UNIT):
    return b"POST /api/comm HTTP/1.1\r\n" + H + extra + b"Content-Length: %d\r\n\r\n" % len(body) + body


def pack(*names, ico="25313142"):
    """A dataPack with an item for each name."""
    items = "".join(
        f'<dat:dataPackItem id="{n}" version="2.0"><ord:{name} version="2.0"/></dat:dataPackItem>' for n, name in enumerate(names)
    )
    return (
        '<?xml version="1.0" encoding="Windows-1250"?>\n<dat:dataPack xmlns:dat="http://www.stormware.cz/schema/version_2/data.xsd" '
        f'xmlns:ord="http://www.stormware.cz/schema/version_2/order.xsd" id="P1" {f"ico={chr(34)}{ico}{chr(34)} " if ico else ""}'
        f'application="Žlutý kůň" version="2.0" note="">{items}</dat:dataPack>'
    ).encode("cp1250")


class OfMserver(Story):
    def test_what_is_allowed_goes_through_byte_for_byte(self):
        server, edge = self.front(MServer, "mserver", route=EXPORTS)
        body = text("stock-request.xml")
        reply = edge.ask(xml(body))
        self.assertEqual((reply.status, reply.body), (200, stock_reply()))
        self.assertEqual(server.requests[0].body, body)
        (line,) = edge.access_log(1)
        self.assertEqual((line["operation"], line["unit"], line["outcome"]), ("listStockRequest", "25313142", "ok"))
        self.assertEqual(line["items_ok"], 1)

    def test_what_is_not_allowed_never_reaches_the_server(self):
        server, edge = self.front(MServer, "mserver", route=EXPORTS)
        reply = edge.ask(xml(pack("order", "order", "invoice")))
        self.assert_refused(reply, 403, "operation_denied")
        said = ET.fromstring(reply.body)
        self.assertEqual((said.get("state"), said.get("id"), said.get("ico")), ("error", "P1", "25313142"))
        self.assertEqual(server.heads, 0)
        (line,) = edge.access_log(1)
        self.assertEqual((line["operation"], line["cause"]), ("order,invoice", "operation_denied"))
        self.assertNotIn("outcome", line)

    def test_one_operation_that_is_not_allowed_refuses_the_whole(self):
        server, edge = self.front(MServer, "mserver", route={"operations": ["order"]})
        self.assert_refused(edge.ask(xml(pack("order", "invoice"))), 403, "operation_denied")
        self.assertEqual(edge.ask(xml(pack("order", "order"))).status, 200)
        self.assertEqual(len(server.requests), 1)

    def test_groups_tell_exports_from_all_else(self):
        for group, export, order in (("read", 200, 403), ("write", 403, 200)):
            with self.subTest(group=group):
                _, edge = self.front(MServer, "mserver", route={"operations": [group]})
                self.assertEqual(edge.ask(xml(text("stock-request.xml"))).status, export)
                self.assertEqual(edge.ask(xml(pack("order"))).status, order)

    def test_compressed_bodies_are_read_and_go_on_as_they_came(self):
        server, edge = self.front(MServer, "mserver", route=EXPORTS)
        body, order = text("stock-request.xml"), pack("order")
        for coding, squeeze in ((b"gzip", gzip.compress), (b"deflate", zlib.compress)):
            with self.subTest(coding=coding):
                field = b"Content-Encoding: " + coding + b"\r\n"
                packed = squeeze(body)
                self.assertEqual(edge.ask(xml(packed, field)).body, stock_reply())
                self.assertEqual(server.requests[-1].body, packed)
                self.assert_refused(edge.ask(xml(squeeze(order), field)), 403, "operation_denied")
        two = gzip.compress(body) + gzip.compress(order)
        self.assert_refused(edge.ask(xml(two, b"Content-Encoding: gzip\r\n")), 400, "body_unreadable")
        bomb = gzip.compress(b"<a>" + bytes(20 << 20))
        self.assert_refused(edge.ask(xml(bomb, b"Content-Encoding: gzip\r\n")), 400, "body_unreadable")
        self.assertEqual(len(server.requests), 2)

    def test_a_coding_that_is_not_known_is_415(self):
        server, edge = self.front(MServer, "mserver", route=EXPORTS)
        for coding in (b"br", b"gzip, gzip"):
            reply = edge.ask(xml(text("stock-request.xml"), b"Content-Encoding: " + coding + b"\r\n"))
            self.assert_refused(reply, 415, "unsupported_coding")
            self.assertEqual(reply.get("Accept-Encoding"), "gzip, deflate")
        self.assertEqual(server.heads, 0)

    def test_what_could_be_read_in_two_ways_is_refused(self):
        server, edge = self.front(MServer, "mserver", route=EXPORTS)
        good = text("stock-request.xml")
        bodies = {
            "not XML": b"hello",
            "nothing": b"",
            "two roots": good + good,
            "cut": good[:-20],
            "a document type": good.replace(b"?>\n", b'?>\n<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n', 1),
            "two children": good.replace(b"<lStk:listStockRequest", b"<lStk:listStockRequest/><lStk:listStockRequest", 1),
            "another root": good.replace(b"dat:dataPack ", b"dat:other ", 1).replace(b"/dat:dataPack>", b"/dat:other>", 1),
        }
        for what, body in bodies.items():
            with self.subTest(what):
                self.assert_refused(edge.ask(xml(body)), 400, "body_unreadable")
        self.assert_refused(edge.ask(xml(good, b"Content-Type: text/xml; charset=utf-16\r\n")), 400, "body_unreadable")
        self.assert_refused(edge.ask(xml(good, b"Content-Encoding: gzip\r\n")), 400, "body_unreadable")
        self.assertEqual(server.heads, 0)

    def test_a_content_type_that_reads_in_two_ways_is_refused(self):
        server, edge = self.front(MServer, "mserver", route=EXPORTS)
        body = text("stock-request.xml")

        def ask(*fields):
            head = b"POST /xml HTTP/1.1\r\n" + H + LOGIN + b"".join(field + b"\r\n" for field in fields)
            return edge.ask(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)

        for good in (b"Content-Type: text/xml;", b"Content-Type: text/xml; charset=Windows-1250", b'Content-Type: text/xml; x="a;b"; charset="windows-1250"',
                     b"Content-Type:", b"X-A: charset=utf-7", b"Content-Encoding: identity"):
            with self.subTest(good):
                self.assertEqual(ask(good).status, 200)
        took = server.heads
        kind = b"Content-Type: text/xml"
        for bad in ([kind + b"; charset=utf-8; charset=utf-7"], [kind + b'; x="; charset=utf-7"'], [kind + b"; charset*=utf-8''utf-7"], [kind + b"; charset*0=utf-; charset*1=7"],
                    [kind + b"; charset = utf-8"], [kind + b"; charset=utf-7"], [b"Content-Type: xml"], [kind, kind], [kind, b"content-type: text/xml; charset=utf-7"],
                    [b"Content_Type: text/xml"], [kind, b"Content_Type: text/xml; charset=utf-7"], [kind, b"Content.Type: text/xml; charset=utf-7"],
                    [b"Content_Encoding: gzip"], [b"Content-Encoding: identity", b"Content-Encoding: identity"], [b"Content-Encoding: gzip", b"Content_Encoding: identity"]):
            with self.subTest(bad):
                self.assert_refused(ask(*bad), 400, "body_unreadable")
        self.assert_refused(ask(b"Content-Encoding: identity, identity"), 415, "unsupported_coding")
        self.assertEqual(server.heads, took)

    def test_how_a_body_reads_is_no_matter_where_no_rule_depends_on_it(self):
        server, edge = self.front(MServer, "mserver")
        body = text("stock-request.xml")
        head = b"POST /xml HTTP/1.1\r\n" + H + LOGIN + b"Content-Type: xml; charset = a\r\nContent_Type: b\r\n"
        self.assertEqual(edge.ask(head + b"Content-Length: %d\r\n\r\n" % len(body) + body).status, 200)

    def test_a_body_in_small_chunks_is_read_as_one(self):
        server, edge = self.front(MServer, "mserver", route={**EXPORTS, "spool": "off"})
        head = b"POST /xml HTTP/1.1\r\n" + H + LOGIN + b"Transfer-Encoding: chunked\r\n\r\n"
        for body, status in ((text("stock-request.xml"), 200), (pack("order"), 403)):
            with edge.connect() as client:
                client.send(head + b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n")
                self.assertEqual(client.reply().status, status)
        self.assertEqual([request.body for request in server.requests], [text("stock-request.xml")])

    STATUS = (b"?companyDetail", b"?companydetail", b"?COMPANYDETAIL=1", b"?%63ompanyDetail", b"?a&companyDetail", b"?a=b&companyDetail=", b"?%2563ompanyDetail",
              b"?company%00Detail", b"?%EF%BD%83ompanyDetail", b"?%")

    def get(self, edge, path, method=b"GET", body=b""):
        length = b"Content-Length: %d\r\n" % len(body) if method == b"POST" else b""
        return edge.ask(method + b" " + path + b" HTTP/1.1\r\n" + H + LOGIN + length + b"\r\n" + body, method=method.decode())

    def test_a_list_forbids_what_the_head_asks_and_it_does_not_name(self):
        for operations in (["order"], ["read", "write"], ["*"], ["doc*", "company*"], ["listStock*", "documents"], ["company_detail"]):
            server, edge = self.front(MServer, "mserver", route={"operations": operations})
            files = 200 if "documents" in operations else 403
            company = 200 if "company_detail" in operations else 403
            for path in (b"/documents/faktura.pdf", b"/DOCUMENTS/faktura.pdf", b"/documents/obr%E1zky/%9Eidle.jpg"):
                for method in (b"GET", b"HEAD"):
                    with self.subTest(operations=operations, path=path, method=method):
                        reply = self.get(edge, path, method)
                        self.assertIn(reply.status, (200, 404) if files == 200 else (403,))
                        if files == 403:
                            self.assert_refused(reply, 403, "operation_denied")
            for query in self.STATUS:
                for method in (b"GET", b"POST"):
                    with self.subTest(operations=operations, query=query, method=method):
                        reply = self.get(edge, b"/status" + query, method)
                        self.assertEqual(reply.status, company)
            with self.subTest(operations=operations, asks="by the body"):
                self.assertEqual(self.get(edge, b"/status", b"POST", b"companyDetail").status, company)
            # Whether the server is there is anybody's to ask, with what keeps caches away, too.
            for query in (b"", b"?", b"?_=17", b"?format=xml"):
                for method in (b"GET", b"POST"):
                    self.assertEqual(self.get(edge, b"/status" + query, method).status, 200)
            if files == company == 403:
                self.assertFalse([request for request in server.requests if request.path.lower().startswith(b"/documents") or b"ompany" in request.target])

    def test_the_log_names_them_where_there_are_rules(self):
        _, edge = self.front(MServer, "mserver", route={"operations": ["documents"]}, workers=1)
        self.assertEqual(self.get(edge, b"/documents/faktura.pdf").status, 200)
        self.assertEqual(self.get(edge, b"/status?companyDetail").status, 403)
        self.assertEqual(self.get(edge, b"/status").status, 200)
        files, company, bare = edge.access_log(3)
        self.assertEqual((files["operation"], company["operation"]), ("documents", "company_detail"))
        self.assertEqual({"operation", "outcome"} & set(bare), set())
        self.assertNotIn("outcome", files)

    def test_without_a_list_they_pass(self):
        _, edge = self.front(MServer, "mserver")
        self.assertEqual(self.get(edge, b"/documents/faktura.pdf").status, 200)
        for query in self.STATUS:
            self.assertEqual(self.get(edge, b"/status" + query).status, 200)

    def test_without_a_rule_the_body_is_the_servers_to_read(self):
        server, edge = self.front(MServer, "mserver")
        self.assertEqual(edge.ask(xml(b"hello")).status, 200)
        self.assertEqual(server.requests[0].body, b"hello")
        (line,) = edge.access_log(1)
        self.assertEqual(line["outcome"], "error")
        self.assertNotIn("operation", line)


class OfClients(Story):
    def test_a_clients_rules_and_the_routes_must_both_allow(self):
        keys = {name: secrets.token_urlsafe(32) for name in ("eshop", "till")}
        server = self.standin(MServer)
        settings = config(server, "mserver", route={"clients": list(keys), "operations": ["read", "order"]})
        del settings["routes"][0]["access"]
        settings["clients"] = {name: {"api_key_sha256": hashlib.sha256(key.encode()).hexdigest()} for name, key in keys.items()}
        settings["clients"]["eshop"]["operations"] = ["listStock*", "invoice"]
        edge = self.start(settings)
        asked = {"export": text("stock-request.xml"), "order": pack("order"), "invoice": pack("invoice")}
        allowed = {"eshop": {"export"}, "till": {"export", "order"}}
        for name, key in keys.items():
            for what, body in asked.items():
                with self.subTest(client=name, asks=what):
                    reply = edge.ask(xml(body, b"X-Edge-Key: " + key.encode() + b"\r\n"))
                    self.assertEqual(reply.status, 200 if what in allowed[name] else 403)
        self.assertEqual(len(server.requests), 3)

    def test_a_clients_list_forbids_files_and_the_company_too(self):
        key = secrets.token_urlsafe(32)
        server = self.standin(MServer)
        settings = config(server, "mserver", route={"clients": ["eshop", "desk"], "operations": ["order", "documents", "company_detail"]})
        del settings["routes"][0]["access"]
        settings["clients"] = {"eshop": {"api_key_sha256": hashlib.sha256(key.encode()).hexdigest(), "operations": ["order"]}, "desk": {"from": ["127.0.0.1"]}}
        edge = self.start(settings)
        for path in (b"/documents/faktura.pdf", b"/status?companyDetail"):
            ask = b"GET " + path + b" HTTP/1.1\r\n" + H + LOGIN
            self.assert_refused(edge.ask(ask + b"X-Edge-Key: " + key.encode() + b"\r\n\r\n"), 403, "operation_denied")
            self.assertEqual(edge.ask(ask + b"\r\n").status, 200)

    def test_rules_of_a_client_alone_are_enough_to_have_bodies_read(self):
        key = secrets.token_urlsafe(32)
        server = self.standin(MServer)
        settings = config(server, "mserver", route={"clients": ["eshop"]})
        del settings["routes"][0]["access"]
        settings["clients"] = {"eshop": {"api_key_sha256": hashlib.sha256(key.encode()).hexdigest(), "operations": ["order"]}}
        edge = self.start(settings)
        field = b"X-Edge-Key: " + key.encode() + b"\r\n"
        self.assert_refused(edge.ask(xml(b"hello", field)), 400, "body_unreadable")
        self.assert_refused(edge.ask(xml(pack("invoice"), field)), 403, "operation_denied")
        self.assertEqual(edge.ask(xml(pack("order"), field)).status, 200)
        self.assertEqual(len(server.requests), 1)


class OfApicomprem(Story):
    def test_raw_sql_is_off_unless_it_is_named(self):
        for operations in (None, ["*"], ["read", "write"], ["sel*"]):
            with self.subTest(operations=operations):
                server, edge = self.front(ApiComPrem, "apicomprem", route={"operations": operations} if operations else None)
                for body in (SELECT, SELECT.replace(b"select", b"SELECT", 1), INFO[:-1] + b"," + SELECT[1:]):
                    reply = edge.ask(command(body))
                    self.assert_refused(reply, 403, "operation_denied")
                    self.assertEqual(json.loads(reply.body)["Result"], "ERR")
                self.assertEqual(server.heads, 0)
        server, edge = self.front(ApiComPrem, "apicomprem", route={"operations": ["select"]})
        self.assertEqual(json.loads(edge.ask(command(SELECT)).body)["Result"], "OK")
        self.assert_refused(edge.ask(command(INFO)), 403, "operation_denied")
        self.assertEqual([request.body for request in server.requests], [SELECT])

    def test_commands_are_named_in_the_log_with_their_outcome(self):
        _, edge = self.front(ApiComPrem, "apicomprem", workers=1)  # one worker's lines come in order
        self.assertEqual(edge.ask(command(INFO, UNIT.upper())).status, 200)
        self.assertEqual(edge.ask(command(b'{"command":{"inComm":"NO_SUCH"}}')).status, 200)
        first, second = edge.access_log(2)
        self.assertEqual((first["operation"], first["unit"], first["outcome"]), ("INFO", "c8175fe2-5aba-460e-a492-5da487105394", "ok"))
        self.assertEqual((second["operation"], second["outcome"]), ("NO_SUCH", "error"))

    def test_groups_go_by_the_lists_of_commands(self):
        commands = {"commands": {"out": ["NO_*"], "in": ["PLATBY_ADD"]}}
        asked = {"INFO": "read", "NO_SUCH": "read", "PARTNERI_ADD": "write", "platby_add": "write", "SKLAD": None}
        for group in ("read", "write"):
            _, edge = self.front(ApiComPrem, "apicomprem", server=commands, route={"operations": [group]})
            for name, its_group in asked.items():
                with self.subTest(group=group, name=name):
                    status = edge.ask(command(b'{"command":{"inComm":"%s"}}' % name.encode())).status
                    self.assertEqual(status, 200 if group == its_group else 403)

    def test_what_could_be_read_in_two_ways_is_refused(self):
        server, edge = self.front(ApiComPrem, "apicomprem")
        bodies = {
            "nothing": b"",
            "not JSON": b"INFO",
            "a second command": b'{"command":{"inComm":"INFO"},"Command":{"inComm":"PARTNERI_ADD"}}',
            "a comment": b'{/**/"command":{"inComm":"INFO"}}',
            "single quotes": b"{'command':{'inComm':'INFO'}}",
            "an unknown name": b'{"command":{"inComm":"INFO"},"sql":"x"}',
            "a percent sign": b'{"command":{"inComm":"%49NFO"}}',
            "an encoded quote": b'{"command":{"inComm":"INFO"},"Data":{"a":"%22},%22select%22:%22x"}}',
            "two documents": INFO + INFO,
            "UTF-16": INFO.decode().encode("utf-16"),
        }
        for what, body in bodies.items():
            with self.subTest(what):
                self.assert_refused(edge.ask(command(body)), 400, "body_unreadable")
        self.assert_refused(edge.ask(command(INFO, UNIT + UNIT)), 400, "bad_request")
        self.assertEqual(edge.ask(command(b"\xef\xbb\xbf" + INFO + b"\r\n\r\n")).status, 200)
        self.assertEqual(len(server.requests), 1)


class Units(Story):
    def two(self, kind, profile, units, **route):
        first, second = self.standin(kind), self.standin(kind)
        settings = config(first, profile, route={"units": {units[0]: "upstream", units[1]: "other"}, **route}, workers=1)
        settings["servers"]["other"] = {"profile": profile, "url": second.url}
        return first, second, self.start(settings)

    def test_the_ico_of_a_pack_chooses_its_server(self):
        first, second, edge = self.two(MServer, "mserver", ("25313142", "00012345"))
        self.assertEqual(edge.ask(xml(pack("order", ico="00012345"))).status, 200)
        self.assertEqual((len(first.requests), len(second.requests)), (0, 1))
        self.assertEqual(edge.ask(xml(pack("order"))).status, 200)
        self.assertEqual((len(first.requests), len(second.requests)), (1, 1))
        self.assertEqual(edge.ask(b"GET /documents/faktura.pdf HTTP/1.1\r\n" + H + LOGIN + b"\r\n").status, 200)
        self.assertEqual((len(first.requests), len(second.requests)), (2, 1))
        lines = edge.access_log(3)
        self.assertEqual([line["server"] for line in lines], ["other", "upstream", "upstream"])
        self.assertEqual([line.get("unit") for line in lines], ["00012345", "25313142", None])

    def test_a_pack_of_no_known_unit_goes_nowhere(self):
        first, second, edge = self.two(MServer, "mserver", ("25313142", "00012345"))
        for ico in ("12345", "2531314", "253131420", "", " ", "*"):
            with self.subTest(ico=ico):
                self.assert_refused(edge.ask(xml(pack("order", ico=ico))), 404, "unit_unknown")
        self.assertEqual((first.heads, second.heads), (0, 0))

    def test_rules_hold_for_every_unit(self):
        first, second, edge = self.two(MServer, "mserver", ("25313142", "00012345"), operations=["read"])
        for ico in ("25313142", "00012345"):
            self.assert_refused(edge.ask(xml(pack("order", ico=ico))), 403, "operation_denied")
        self.assertEqual((first.heads, second.heads), (0, 0))


class Outcomes(Story):
    def test_a_shops_answer_is_told(self):
        _, edge = self.front(Shop, "eshop", route={"listeners": ["internet"]}, workers=1)
        self.assertEqual(edge.ask(b"POST /export.php HTTP/1.1\r\n" + H + b"Content-Length: 4\r\n\r\n<x/>").status, 200)
        self.assertEqual(edge.ask(b"POST /adresy.php HTTP/1.1\r\n" + H + b"Content-Length: 4\r\n\r\n<x/>").status, 200)
        first, second = edge.access_log(2)
        self.assertEqual(first["outcome"], "ok")
        self.assertEqual(second["outcome"], "unknown", "an import's answer does not say it")

    def test_the_states_of_items_are_counted(self):
        raw = self.standin(Raw)
        edge = self.start(config(raw, "mserver"))
        items = b"".join(b'<rsp:responsePackItem id="%d" state="%s"/>' % (n, state) for n, state in enumerate([b"ok", b"error", b"ok"]))
        body = b'<rsp:responsePack xmlns:rsp="urn:x" state="error">' + items + b"</rsp:responsePack>"
        for packed, field in ((body, b""), (gzip.compress(body), b"Content-Encoding: gzip\r\n")):
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n" + field + b"Content-Length: %d\r\n\r\n" % len(packed)
            raw.turn(answer=head + packed)
            self.assertEqual(edge.ask(xml(pack("order"))).body, packed)
        for line in edge.access_log(2):
            self.assertEqual((line["outcome"], line["items_ok"], line["items_error"]), ("error", 2, 1))
            self.assertNotIn("items_partial", line)

    def test_of_a_large_reply_the_beginning_is_looked_at(self):
        raw = self.standin(Raw)
        edge = self.start(config(raw, "mserver"))
        body = b'<r:responsePack xmlns:r="urn:x" state="ok"><r:responsePackItem state="ok">' + b" " * (3 << 20)
        body += b"</r:responsePackItem><r:responsePackItem state='error'/></r:responsePack>"
        raw.turn(answer=b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        self.assertEqual(edge.ask(xml(pack("order"))).body, body)
        (line,) = edge.access_log(1)
        self.assertEqual((line["outcome"], line["items_ok"], line["items_partial"]), ("ok", 1, True))
        self.assertNotIn("items_error", line)

    def test_other_servers_have_none(self):
        _, edge = self.front(Web)
        self.assertEqual(edge.ask(b"GET / HTTP/1.1\r\n" + H + b"\r\n").status, 200)
        self.assertNotIn("outcome", edge.access_log(1)[0])
