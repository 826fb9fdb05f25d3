"""Real clients: curl for every endpoint, and the vendor's own PHP sample."""

import gzip
import json
import shutil
import subprocess
import unittest

from harness import HERE, Story, certificates, config

from apicomprem import ApiComPrem
from mserver import MServer, stock_reply
from shop import Shop
from texts import text

LOGIN = "STW-Authorization: Basic QDo="


class Curl(Story):
    def setUp(self):
        if not shutil.which("curl"):
            self.skipTest("curl is not installed")

    def curl(self, edge, path, *arguments, name="localhost"):
        """Status, head and body as curl got them."""
        url = f"https://{name}:{edge.ports['internet']}{path}"
        head = edge.directory / "head"
        command = ["curl", "--silent", "--show-error", "--cacert", certificates() / "ca.pem", "--dump-header", head]
        command += ["--resolve", f"{name}:{edge.ports['internet']}:127.0.0.1", "--max-time", "60", "--noproxy", "*"]
        done = subprocess.run([*command, *arguments, url], capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = head.read_bytes().removesuffix(b"\r\n\r\n").split(b"\r\n\r\n")[-1] + b"\r\n"  # behind a 100 Continue
        return int(lines.split()[1]), lines, done.stdout

    def test_status(self):
        _, edge = self.front(MServer, "mserver")
        status, head, body = self.curl(edge, "/status", name="ucto.ledger.test")
        self.assertEqual(status, 200)
        self.assertIn(b"Content-Type: text/xml;\r\n", head)
        self.assertIn(b"<status>idle</status>", body)
        self.assertNotIn(b"C0508P", body, "the LAN name of the server is shown to the internet")
        self.assertIn(b"<server>https://ucto.ledger.test:%d</server>" % edge.ports["internet"], body)

    def test_company_detail_needs_the_password(self):
        _, edge = self.front(MServer, "mserver", route={"mask_server_name": False})
        self.assertEqual(self.curl(edge, "/status?companyDetail")[0], 401)
        self.assertEqual(self.curl(edge, "/status?companyDetail", "-H", LOGIN)[2], text("company-detail.xml"))

    def test_xml(self):
        server, edge = self.front(MServer, "mserver")
        request = HERE.parent / "standins" / "texts" / "stock-request.xml"
        status, _, body = self.curl(edge, "/xml", "-H", LOGIN, "-H", "Content-Type: text/xml", "--data-binary", f"@{request}")
        self.assertEqual((status, body), (200, stock_reply()))
        self.assertEqual(server.requests[0].body, text("stock-request.xml"))

    def test_xml_that_curl_asks_permission_for(self):
        """curl sends Expect: 100-continue with a body beyond 1 MiB."""
        server, edge = self.front(MServer, "mserver")
        body = b'<dat:dataPack id="1">' + b" " * (3 << 20)
        (edge.directory / "body").write_bytes(body)
        status, _, _ = self.curl(edge, "/xml", "-H", LOGIN, "--data-binary", f"@{edge.directory / 'body'}")
        self.assertEqual(status, 200)
        self.assertEqual(server.requests[0].body, body)

    def test_compressed_both_ways(self):
        server, edge = self.front(MServer, "mserver", knobs={"compress": True})
        (edge.directory / "body").write_bytes(gzip.compress(text("stock-request.xml")))
        arguments = ["-H", LOGIN, "-H", "Content-Encoding: gzip", "--compressed", "--data-binary", f"@{edge.directory / 'body'}"]
        status, head, body = self.curl(edge, "/xml", *arguments)
        self.assertEqual((status, body), (200, stock_reply()))
        self.assertIn(b"Content-Encoding: gzip", head)
        self.assertEqual(gzip.decompress(server.requests[0].body), text("stock-request.xml"))

    def test_document(self):
        server, edge = self.front(MServer, "mserver")
        status, head, body = self.curl(edge, "/documents/obr%E1zky/%9Eidle.jpg", "-H", LOGIN)
        self.assertEqual((status, body), (200, server.files["obrázky/židle.jpg"][1]))
        self.assertIn(b"Content-Type: image/jpeg\r\n", head)
        self.assertEqual(server.requests[0].target, b"/documents/obr%E1zky/%9Eidle.jpg")

    def test_document_not_modified(self):
        _, edge = self.front(MServer, "mserver")
        since = "If-Modified-Since: Wed, 19 Jun 2019 07:28:00"
        status, _, body = self.curl(edge, "/documents/obrazky/zidle.jpg", "-H", LOGIN, "-H", since)
        self.assertEqual((status, body), (304, b""))

    def test_document_head(self):
        _, edge = self.front(MServer, "mserver")
        status, head, _ = self.curl(edge, "/documents/obrazky/zidle.jpg", "-H", LOGIN, "--head")
        self.assertEqual(status, 200)
        self.assertIn(b"Content-Length: 12431\r\n", head)

    def test_the_servers_own_refusals(self):
        _, edge = self.front(MServer, "mserver")
        self.assertEqual(self.curl(edge, "/documents/nothing.pdf", "-H", LOGIN)[0], 404)
        self.assertEqual(self.curl(edge, "/documents/faktura.pdf")[0], 401)
        self.assertEqual(self.curl(edge, "/documents/faktura.pdf", "-H", "STW-Authorization: Basic aG9zdDpob3N0")[0], 403)

    def test_premier(self):
        _, edge = self.front(ApiComPrem, "apicomprem")
        unit = "ID-UJ: c8175fe2-5aba-460e-a492-5da487105394"
        json_type = "Content-Type: application/json; charset=utf-8"
        arguments = ["-u", "gras:gr17", "-H", unit, "-H", json_type, "--data-binary", text("info-command.json").decode()]
        status, _, body = self.curl(edge, "/api/comm", *arguments)
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(body)["CommandIn"], "INFO")
        arguments[-1] = '{"command":{"inComm":"NO_SUCH"}}'
        self.assertEqual(json.loads(self.curl(edge, "/api/comm", *arguments)[2])["Result"], "ERR")

    def test_shop(self):
        server, edge = self.front(Shop, "eshop", knobs={"require_auth": True}, route={"listeners": ["internet"]})
        status, _, body = self.curl(edge, "/adresy.php", "-u", "muzatko@stormware.cz:vanoce", "--data-binary", "<x/>")
        self.assertEqual((status, body), (200, text("shop-addresses-reply.xml")))
        self.assertEqual(server.requests[0].method, "POST")

    def test_a_client_that_offers_http_2_gets_http_1(self):
        _, edge = self.front(MServer, "mserver")
        _, head, _ = self.curl(edge, "/status", "--http2")
        self.assertTrue(head.startswith(b"HTTP/1.1 200"), head)


SELECT = {"operations": ["select"]}


class PhpSample(Story):
    # It sends raw SQL, which is off unless the route names it.
    def run_sample(self, edge, unit="3ce17312-8dbd-49a0-94d3-2e01b65e4173"):
        if not shutil.which("php"):
            self.skipTest("php-cli is not installed")
        sample = (HERE / "php" / "sample.php").read_text(encoding="utf-8")
        for old, new in (
            ("'dev.premier.cz'", "'localhost'"),
            ("$port = 12375;", f"$port = {edge.ports['internet']};"),
            ("3ce17312-8dbd-49a0-94d3-2e01b65e4173", unit),
        ):
            self.assertEqual(sample.count(old), 1, old)
            sample = sample.replace(old, new)
        (edge.directory / "sample.php").write_text(sample, encoding="utf-8")
        command = ["php", "-n", "-d", "error_reporting=E_ALL", "-d", f"openssl.cafile={certificates() / 'ca.pem'}"]
        done = subprocess.run([*command, edge.directory / "sample.php"], capture_output=True, timeout=60, check=False)
        self.assertEqual(done.stderr, b"")
        return done.stdout.decode()

    def test_the_sample_prints_its_rows(self):
        server, edge = self.front(ApiComPrem, "apicomprem", route=SELECT)
        said = self.run_sample(edge)
        self.assertIn("Status: OK<br>", said)
        self.assertIn("CommandIn: select top 10 * from partnery<br>", said)
        self.assertIn('"NAZEV": "Tesla"', said)
        self.assertNotIn("Warning:", said)
        self.assertEqual(server.requests[0].body, text("select-command.json"))

    def test_the_sample_can_read_a_reply_that_was_chunked(self):
        _, edge = self.front(ApiComPrem, "apicomprem", knobs={"fault": "chunked"}, route=SELECT)
        self.assertIn("Status: OK<br>", self.run_sample(edge))

    def test_the_sample_shows_the_servers_error(self):
        _, edge = self.front(ApiComPrem, "apicomprem", route=SELECT)
        self.assertIn("Status: ERR<br>", self.run_sample(edge, unit="00000000-0000-0000-0000-000000000000"))

    def test_the_sample_gets_a_status_when_the_server_is_off(self):
        server = ApiComPrem()
        url = server.url
        server.stop()
        self.assertEqual(self.run_sample(self.start(config(url, "apicomprem", route=SELECT))).strip(), "502")


if __name__ == "__main__":
    unittest.main()
