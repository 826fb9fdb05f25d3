"""Each failure in the form that the caller's program parses, in its encoding and language: parsed here as such a program would."""

import html.parser
import json
import select
import shutil
import subprocess
import unittest
import urllib.parse
import xml.etree.ElementTree as ET

from harness import PATIENCE, Story, certificates, config, free_port

from apicomprem import ApiComPrem
from mserver import MServer
from shop import Shop
from texts import text
from web import Web

H = b"Host: localhost\r\n"
RESPONSE = "{http://www.stormware.cz/schema/version_2/response.xsd}responsePack"
SHOP_RESPONSE = "{http://www.stormware.cz/schema/response.xsd}responsePack"
SOAP11 = "{http://schemas.xmlsoap.org/soap/envelope/}"
SOAP12 = "{http://www.w3.org/2003/05/soap-envelope}"
BROWSER = b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n"
NODE = b"Accept: application/json, text/plain, */*\r\nUser-Agent: axios/1.7.2\r\n"
HANGING = {"timeouts": {"reply": "1s"}}


def post(path=b"/xml", extra=b"", body=b"<x/>"):
    return b"POST " + path + b" HTTP/1.1\r\n" + H + extra + b"Content-Length: %d\r\n\r\n" % len(body) + body


def get(path=b"/", extra=b""):
    return b"GET " + path + b" HTTP/1.1\r\n" + H + extra + b"\r\n"


class NativeErrors(Story):
    def down(self, profile, language=None, **route):
        """An edge before a server that is switched off, and that is tried each time."""
        route |= {"language": language} if language else {}
        return self.start(config(f"http://127.0.0.1:{free_port()}", profile, route=route, server={"health": "off"}))

    def refusal(self, edge, request, status, cause, forwarded="no", language="en", media=None, **options):
        reply = edge.ask(request, **options)
        self.assert_refused(reply, status, cause, forwarded)
        self.assertEqual(reply.get("Content-Language"), language)
        self.assertEqual(reply.get("Content-Type"), media)
        self.assertEqual(reply.get("Content-Length"), None if options.get("method") == "HEAD" else str(len(reply.body)))
        self.assertLessEqual(len(reply.body), 4096)
        return reply


class Pohoda(NativeErrors):
    MEDIA = "text/xml; charset=Windows-1250"

    def test_a_till_reads_in_czech_that_the_server_is_down(self):
        edge = self.down("mserver", "cs")
        reply = self.refusal(edge, post(), 502, "connect_refused", language="cs", media=self.MEDIA)
        self.assertTrue(reply.body.startswith(b'<?xml version="1.0" encoding="Windows-1250"?>\n'), reply.body)
        pack = ET.fromstring(reply.body)
        self.assertEqual((pack.tag, pack.get("state"), pack.get("version")), (RESPONSE, "error", "2.0"))
        self.assertEqual(
            pack.get("note"),
            "Server odmítl spojení. Požadavek nebyl předán dál: lze ho bez obav poslat znovu. "
            f"Pokud potíže trvají, předejte tuto zprávu správci. Požadavek {reply.get('X-Request-ID')}",
        )
        self.assertIn(pack.get("note").encode("cp1250"), reply.body)

    def test_in_doubt_is_said_with_the_time_that_was_waited(self):
        server, edge = self.front(MServer, "mserver", knobs={"fault": "hang"}, server=HANGING, route={"language": "cs"})
        # What the caller asks for goes before the route's language.
        request = post(extra=b"Accept-Language: sk-SK, cs;q=0.9, en;q=0.8\r\n")
        pack = ET.fromstring(self.refusal(edge, request, 504, "reply_timeout", "maybe", "sk", self.MEDIA).body)
        self.assertTrue(pack.get("note").startswith("Server neodpovedal včas (1 s). Požiadavka mohla byť vykonaná: "), pack.attrib)
        self.assertEqual([request.path for request in server.requests if request.path != b"/status"], [b"/xml"], "not sent twice")

    def test_the_note_comes_in_the_encoding_of_the_request(self):
        edge = self.down("mserver", "cs")
        for charset, codec, media in (
            (b"utf-8", "utf-8", "text/xml; charset=utf-8"),
            (b'"ISO-8859-2"', "iso8859_2", "text/xml; charset=ISO-8859-2"),
            (b"utf-16", "utf-16", "text/xml; charset=UTF-16"),
            (b"windows-1250", "cp1250", self.MEDIA),
            (b"koi8-r", "cp1250", self.MEDIA),
        ):
            with self.subTest(charset):
                request = post(extra=b"Content-Type: text/xml; charset=" + charset + b"\r\n")
                body = self.refusal(edge, request, 502, "connect_refused", language="cs", media=media).body
                self.assertIn("Server odmítl spojení.", body.decode(codec))
                self.assertIn("Požadavek", ET.fromstring(body).get("note"))

    def test_what_the_edge_itself_refuses_looks_the_same(self):
        _, edge = self.front(MServer, "mserver")
        reply = self.refusal(edge, get(b"/xml"), 405, "method_not_allowed", media=self.MEDIA)
        self.assertEqual(reply.get("Allow"), "POST")
        self.assertEqual(ET.fromstring(reply.body).get("state"), "error")
        reply = self.refusal(edge, get(b"/nothing"), 404, "no_route", media=self.MEDIA)
        self.assertEqual(ET.fromstring(reply.body).get("state"), "error")

    def test_no_room_in_the_line_keeps_its_retry_after(self):
        server, edge = self.front(MServer, "mserver", knobs={"fault": "hang"}, server={"queue": {"depth": 1, "depth_per_client": 1}})
        with edge.connect("lan") as first, edge.connect("lan") as second, edge.connect("lan") as third:
            first.send(post())
            server.wait("the first request", lambda: len(server.requests) == 1)
            second.send(post())
            third.send(post())
            # One of these two waits in line, the other hears something.
            ready, _, _ = select.select([second.sock, third.sock], [], [], PATIENCE)
            refused = (second if second.sock in ready else third).reply()
        self.assert_refused(refused, 503, "queue_full")
        self.assertTrue(refused.get("Retry-After").isdigit())
        self.assertIn("not forwarded: it is safe to send it again", ET.fromstring(refused.body).get("note"))

    def test_head_gets_the_head_alone(self):
        edge = self.down("mserver", "cs")
        request = b"HEAD /documents/a.pdf HTTP/1.1\r\n" + H + b"\r\n"
        reply = self.refusal(edge, request, 502, "connect_refused", language="cs", media=self.MEDIA, method="HEAD")
        self.assertEqual(reply.body, b"")

    def test_pohoda_hears_of_a_shop_that_is_down(self):
        edge = self.down("eshop", listeners=["lan"])
        request = post(b"/adresy.php", b"Content-Type: text/xml\r\n")
        reply = self.refusal(edge, request, 502, "connect_refused", media=self.MEDIA, listener="lan")
        pack = ET.fromstring(reply.body)
        self.assertEqual((pack.tag, pack.get("state")), (SHOP_RESPONSE, "error"))
        self.assertIn(reply.get("X-Request-ID"), pack.get("note"))

    def test_pohoda_hears_of_a_shop_that_answers_with_a_page(self):
        _, edge = self.front(Shop, "eshop", knobs={"html_error": True}, route={"language": "cs", "listeners": ["lan"]})
        reply = self.refusal(edge, post(b"/export.php"), 502, "reply_wrong_type", "maybe", "cs", self.MEDIA, listener="lan")
        pack = ET.fromstring(reply.body)
        self.assertEqual((pack.tag, pack.get("state")), (SHOP_RESPONSE, "error"))
        self.assertIn("Server odpověděl něčím jiným než text/xml. Požadavek mohl být proveden", pack.get("note"))


class Premier(NativeErrors):
    MEDIA = "application/json; charset=utf-8"

    def test_a_command_that_may_have_been_carried_out(self):
        _, edge = self.front(ApiComPrem, "apicomprem", knobs={"fault": "hang"}, server=HANGING, route={"language": "sk"})
        unit = b"ID-UJ: c8175fe2-5aba-460e-a492-5da487105394\r\n"
        request = post(b"/api/comm", unit, text("info-command.json"))
        reply = self.refusal(edge, request, 504, "reply_timeout", "maybe", "sk", self.MEDIA)
        said = json.loads(reply.body)
        self.assertEqual(said["Result"], "ERR")
        self.assertNotIn("Data", said)
        self.assertEqual([error["number"] for error in said["Error"]], [98504])
        self.assertIn("Požiadavka mohla byť vykonaná", said["Error"][0]["desc"])
        self.assertIn(reply.get("X-Request-ID"), said["Error"][0]["desc"])
        self.assertIsInstance(said["CommandIn"], str)

    def test_a_command_that_never_left(self):
        edge = self.down("apicomprem")
        reply = self.refusal(edge, post(b"/api/comm", body=text("info-command.json")), 502, "connect_refused", media=self.MEDIA)
        self.assertEqual(json.loads(reply.body)["Error"][0]["number"], 97502)

    def test_a_php_program_shows_the_error(self):
        # The vendor's own sample gives up on any status but 200 (test_clients.py); this one reads on, with the sample's own calls.
        if not shutil.which("php"):
            self.skipTest("php-cli is not installed")
        edge = self.down("apicomprem", "cs")
        program = """
            $command = '{"command":{"inComm":"INFO"}}';
            $http = ['method' => 'POST', 'header' => 'Content-Type: application/json', 'content' => $command, 'ignore_errors' => true];
            $tls = ['cafile' => $argv[2]];
            $jsonobj = json_decode(file_get_contents($argv[1], false, stream_context_create(['http' => $http, 'ssl' => $tls])));
            echo $jsonobj->Result, '|', $jsonobj->CommandIn, '|', $jsonobj->Error[0]->number, '|', $jsonobj->Error[0]->desc;
        """
        url = f"https://localhost:{edge.ports['internet']}/api/comm"
        done = subprocess.run(["php", "-n", "-r", program, url, certificates() / "ca.pem"], capture_output=True, timeout=60, check=True)
        self.assertRegex(done.stdout.decode(), r"^ERR\|INFO\|97502\|Server odmítl spojení\. Požadavek nebyl předán dál: ")


class OneC(NativeErrors):
    def test_a_web_service_gets_a_fault_of_its_soap_version(self):
        edge = self.down("onec", "cs")
        extra = b'Content-Type: text/xml; charset=utf-8\r\nSOAPAction: "urn:x#Do"\r\n'
        call = post(b"/base/ws/Exchange.1cws", extra)
        reply = self.refusal(edge, call, 502, "connect_refused", language="cs", media="text/xml; charset=utf-8")
        fault = ET.fromstring(reply.body).find(f"{SOAP11}Body/{SOAP11}Fault")
        self.assertEqual(fault.findtext("faultcode"), "soap:Server")
        self.assertTrue(fault.findtext("faultstring").startswith("Server odmítl spojení."))
        detail = {"cause": "connect_refused", "forwarded": "no", "request": reply.get("X-Request-ID")}
        self.assertEqual(fault.find("detail")[0].attrib, detail)

        extra = b"Content-Type: application/soap+xml; charset=utf-8\r\n"
        media = "application/soap+xml; charset=utf-8"
        reply = self.refusal(edge, post(b"/base/ws/Exchange.1cws", extra), 502, "connect_refused", language="cs", media=media)
        fault = ET.fromstring(reply.body).find(f"{SOAP12}Body/{SOAP12}Fault")
        self.assertEqual(fault.findtext(f"{SOAP12}Code/{SOAP12}Value"), "env:Receiver")
        words = fault.find(f"{SOAP12}Reason/{SOAP12}Text")
        self.assertEqual(words.get("{http://www.w3.org/XML/1998/namespace}lang"), "cs")
        self.assertIn(reply.get("X-Request-ID"), words.text)

    def test_odata_and_http_services(self):
        edge = self.down("onec", "cs")
        odata = "/base/odata/standard.odata/" + urllib.parse.quote("Catalog_Товары") + "(guid'0')"
        for path in (odata.encode(), b"/base/odata/standard.odata/Catalog_X?$format=json"):
            reply = self.refusal(edge, get(path), 502, "connect_refused", language="cs", media="application/json; charset=utf-8")
            error = json.loads(reply.body)["odata.error"]
            self.assertEqual((error["code"], error["message"]["lang"]), ("connect_refused", "cs"))
            self.assertIn(reply.get("X-Request-ID"), error["message"]["value"])
        reply = self.refusal(edge, get(b"/base/hs/orders/1"), 502, "connect_refused", language="cs", media="application/problem+json")
        self.assertEqual(json.loads(reply.body)["cause"], "connect_refused")

    def test_the_path_is_the_one_that_the_server_sees(self):
        edge = self.down("onec", path="/ucto", rewrite_prefix="/base/ws")
        reply = edge.ask(post(b"/ucto/Exchange.1cws"))
        self.assertEqual(reply.get("Content-Type"), "text/xml; charset=utf-8")


class Rest(NativeErrors):
    def test_mobile_smarts(self):
        edge = self.down("mobile_smarts")
        path = b"/MobileSMARTS/api/v1/Tables/Lot('1')"
        reply = self.refusal(edge, get(path), 502, "connect_refused", media="application/json; charset=utf-8")
        error = json.loads(reply.body)["error"]
        self.assertEqual(error["code"], "connect_refused")
        self.assertIn(reply.get("X-Request-ID"), error["message"])


class Page(html.parser.HTMLParser):
    def __init__(self, body):
        super().__init__()
        self.tags, self.words = [], ""
        self.feed(body.decode())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, attrs))

    def handle_data(self, data):
        self.words += data


class AnythingElse(NativeErrors):
    def test_a_program_that_asks_for_json_gets_a_problem(self):
        _, edge = self.front(Web, knobs={"fault": "garbage"})
        reply = self.refusal(edge, post(b"/echo", NODE), 502, "reply_unparsable", "maybe", media="application/problem+json")
        problem = json.loads(reply.body)
        self.assertIn("check before sending it again", problem.pop("detail"))
        self.assertEqual(
            problem,
            {
                "type": "about:blank",
                "title": "Bad Gateway",
                "status": 502,
                "cause": "reply_unparsable",
                "forwarded": "maybe",
                "request_id": reply.get("X-Request-ID"),
            },
        )

    def test_node_reads_the_problem(self):
        if not shutil.which("node"):
            self.skipTest("node is not installed")
        edge = self.down("http", "sk")
        program = """
            fetch(process.argv[1], {method: 'POST', body: '{}', headers: {Accept: 'application/json'}})
              .then(async reply => console.log(reply.status, (await reply.json()).detail))
        """
        url = f"https://localhost:{edge.ports['internet']}/api"
        environment = {"NODE_EXTRA_CA_CERTS": str(certificates() / "ca.pem"), "PATH": "/usr/bin:/bin"}
        done = subprocess.run(["node", "-e", program, url], capture_output=True, timeout=60, check=True, env=environment)
        self.assertTrue(done.stdout.decode().startswith("502 Server odmietol spojenie. "), done)

    def test_a_browser_gets_a_page(self):
        edge = self.down("http")
        request = get(extra=BROWSER + b"Accept-Language: cs-CZ,cs;q=0.9,en;q=0.8\r\n")
        reply = self.refusal(edge, request, 502, "connect_refused", language="cs", media="text/html; charset=utf-8")
        page = Page(reply.body)
        self.assertIn(("html", [("lang", "cs")]), page.tags)
        self.assertIn("Server odmítl spojení.", page.words)
        self.assertIn(reply.get("X-Request-ID"), page.words)

    def test_anybody_else_gets_plain_words(self):
        edge = self.down("http")
        java = b"Accept: text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2\r\n"  # not as RFC 9110 has it
        for extra in (b"", b"Accept: */*\r\n", b"Accept: image/png\r\n", java):
            reply = self.refusal(edge, get(extra=extra), 502, "connect_refused", media="text/plain; charset=utf-8")
            self.assertTrue(reply.body.startswith(b"The server refused the connection.\n"), reply.body)
            self.assertTrue(reply.body.endswith(b"\nRequest " + reply.get("X-Request-ID").encode() + b"\n"), reply.body)

    def test_where_no_route_is_known_accept_still_chooses(self):
        _, edge = self.front(MServer, "mserver", route={"path": "/xml"})
        elsewhere = get(b"/elsewhere", NODE + b"Accept-Language: sk\r\n")
        reply = self.refusal(edge, elsewhere, 404, "no_route", language="sk", media="application/problem+json")
        self.assertEqual(json.loads(reply.body)["status"], 404)
        reply = self.refusal(edge, get(b"/xml/../../a", BROWSER), 400, "bad_target", media="text/html; charset=utf-8")
        reply = self.refusal(edge, b"GET /xml HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "bad_host", media="text/plain; charset=utf-8")


if __name__ == "__main__":
    unittest.main()
