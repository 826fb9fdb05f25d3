"""A branch: a program that only speaks plain HTTP, a ledgergate beside it that shows a certificate, and the edge of the company."""

import datetime
import pathlib
import shutil
import subprocess
import tempfile
import threading

from authority import Authority
from harness import Story, certificates, config, pair, program, scratch
from mserver import MServer
from texts import text

# What the vendor prints (docs/vendors.md, mServer), with its lengths corrected.
BODY = text("stock-request.xml")
REQUEST = (b"POST http://localhost:444/xml HTTP/1.1\r\nUser-Agent: User-Agent: STORMWARE HTTP client. http://www.stormware.cz\r\n"
           b"STW-Authorization: Basic QDo=\r\nContent-Type: text/xml\r\nAccept-Encoding: gzip, deflate\r\nHost: http://localhost:444\r\n"
           b"Content-Length: %d\r\nPragma: no-cache\r\nConnection: Keep-Alive\r\n\r\n" % len(BODY)) + BODY
DOOR = "127.0.0.1:0"
HOUR = datetime.timedelta(hours=1)


def now():
    return datetime.datetime.now(datetime.timezone.utc)


class Company(Story):
    def company(self, ca, crl=None, certificate="optional", concurrency=1):
        server = self.standin(MServer)
        listener = {"name": "internet", "address": "127.0.0.1:0", "certificates": [pair("server-ecdsa"), pair("server-rsa")],
                    "client_ca": str(ca), "client_certificate": certificate} | ({"client_crl": str(crl)} if crl else {})
        clients = {"till": {"certificate": {"san": ["till.branch.internal", "till.branch.test"]}}}
        settings = config(server, "mserver", listen=[listener], clients=clients, route={"clients": ["till"]}, server={"concurrency": concurrency})
        del settings["routes"][0]["access"]
        return server, self.start(settings)

    def branch(self, edge, certificate, *more):
        arguments = ["--listen", DOOR, "--to", f"mserver=https://localhost:{edge.ports['internet']}", "--upstream-ca", str(certificates() / "ca.pem")]
        if certificate:
            arguments += ["--client-cert", str(certificate)]
        return self.start(None, arguments=[*arguments, *more])

    def ask(self, branch, request=REQUEST):
        with branch.connect(DOOR, tls=False) as client:
            client.send(request)
            return client.reply()

    def own_authority(self):
        ca = pathlib.Path(tempfile.mkdtemp(dir=scratch(), prefix="ca-")) / "ca"
        for command in (["init-ca"], ["issue", "till"]):
            subprocess.run([program(), "cert", *command, "--dir", ca], check=True, capture_output=True, timeout=120)
        return ca


class Branch(Company):
    def test_the_vendors_request_goes_all_the_way(self):
        ca = self.own_authority()
        server, edge = self.company(ca / "ca.pem", ca / "crl.pem", certificate="required")
        branch = self.branch(edge, ca / "private/till.pem")
        reply = self.ask(branch)
        self.assertEqual(reply.status, 200)
        self.assertIn(b"responsePack", reply.body)
        request = server.requests[0]
        self.assertEqual(request.body, BODY)
        self.assertEqual(request.get("STW-Authorization"), b"Basic QDo=")
        self.assertEqual(request.get("X-Client-Name"), b"till")
        self.assertEqual(edge.access_log(1)[0]["client_name"], "till")
        self.assertEqual(self.ask(branch, b"GET /status HTTP/1.1\r\nHost: http://localhost:444\r\n\r\n").status, 200)

    def test_two_tills_of_one_branch_wait_at_the_edge_and_not_before(self):
        ca = self.own_authority()
        server, edge = self.company(ca / "ca.pem", concurrency=2)
        branch = self.branch(edge, ca / "private/till.pem")
        server.turn(hold=True)
        replies = []
        tills = [threading.Thread(target=lambda: replies.append(self.ask(branch).status)) for _ in range(2)]
        for till in tills:
            till.start()
        server.wait_for_requests(2)
        server.release()
        for till in tills:
            till.join()
        self.assertEqual(replies, [200, 200])

    def test_the_edges_refusal_arrives_as_it_is(self):
        ca = self.own_authority()
        server, edge = self.company(ca / "ca.pem")
        branch = self.branch(edge, None)
        reply = self.ask(branch)
        self.assertEqual(reply.status, 403)
        self.assertIn("certificate_required", reply.get("Proxy-Status"))
        self.assertIn(b"responsePack", reply.body)
        self.assertEqual(server.heads, 0)

    def refused(self, edge, branch, words):
        reply = self.ask(branch)
        self.assert_refused(reply, 502, "upstream_tls")
        self.assertIn(b"responsePack", reply.body)
        line = branch.access_log(1)[0]
        self.assertRegex(line["detail"], words)

    def test_an_expired_certificate_is_told_at_the_start_and_by_the_edge(self):
        authority = Authority()
        server, edge = self.company(authority.file)
        certificate, key = authority.issue("till", start=now() - 2 * HOUR, end=now() - HOUR)
        branch = self.branch(edge, certificate, "--client-key", str(key))
        branch.said.wait(r"till\.pem: the client certificate has expired on \d{4}-\d\d-\d\d")
        self.refused(edge, branch, "our client certificate has expired")
        edge.said.wait("the caller's certificate has expired")
        self.assertEqual(server.heads, 0)

    def test_a_revoked_one_and_one_of_another_ca(self):
        authority = Authority()
        certificate, key = authority.issue("till")
        server, edge = self.company(authority.file, authority.revoke("till"))
        self.refused(edge, self.branch(edge, certificate, "--client-key", str(key)), "our client certificate is revoked")
        certificate, key = Authority("Others").issue("till")
        self.refused(edge, self.branch(edge, certificate, "--client-key", str(key)), "does not know the CA of our client certificate")
        self.assertEqual(server.heads, 0)

    def test_the_edge_is_down_or_goes_down(self):
        authority = Authority()
        server, edge = self.company(authority.file)
        certificate, key = authority.issue("till")
        branch = self.branch(edge, certificate, "--client-key", str(key))
        self.assertEqual(self.ask(branch).status, 200)
        edge.stop()
        replies = [self.ask(branch) for _ in range(2)]
        self.assert_refused(replies[0], 502, "connect_refused")
        for reply in replies:
            self.assertIn(b"responsePack", reply.body)
            self.assertIn(b'state="error"', reply.body)
        self.assertEqual(server.heads, 1)

    def test_another_name_or_another_ca_than_the_companys_gets_nothing(self):
        """Somebody else who answers at the company's address: not a byte of the request is told."""
        authority = Authority()
        certificate, key = authority.issue("till")
        for pretender, words in (("wrong-name", "name"), ("other-server", "trust|issuer|CA|self")):
            server = self.standin(MServer, tls=(str(certificates() / f"{pretender}.pem"), str(certificates() / f"{pretender}.key")))
            branch = self.start(None, arguments=["--listen", DOOR, "--to", f"mserver=https://localhost:{server.port}", "--upstream-ca", str(certificates() / "ca.pem"),
                                                 "--client-cert", str(certificate), "--client-key", str(key)])
            reply = self.ask(branch)
            self.assert_refused(reply, 502, "upstream_certificate")
            self.assertIn(b"responsePack", reply.body)
            self.assertRegex(branch.access_log(1)[0]["detail"], words)
            self.assertEqual(server.heads, 0)

    def test_a_certificate_that_will_end_soon_is_told(self):
        authority = Authority()
        server, edge = self.company(authority.file)
        certificate, key = authority.issue("till", end=now() + 72 * HOUR)
        branch = self.branch(edge, certificate, "--client-key", str(key))
        branch.said.wait(r"the client certificate ends on \d{4}-\d\d-\d\d")
        self.assertEqual(self.ask(branch).status, 200)

    def test_revoked_while_the_branch_is_at_work(self):
        authority = Authority()
        certificate, key = authority.issue("till")
        server, edge = self.company(authority.file, authority.revoke())
        branch = self.branch(edge, certificate, "--client-key", str(key))
        self.assertEqual(self.ask(branch).status, 200)
        authority.revoke("till")
        edge.said.wait("a changed revocation list is in use")
        reply = self.ask(branch)
        self.assert_refused(reply, 502, "upstream_tls")
        self.assertEqual(server.heads, 1)


class OtherPrograms(Company):
    """As certs/README.md has them."""

    def test_curl(self):
        ca = self.own_authority()
        server, edge = self.company(ca / "ca.pem", certificate="required")
        done = subprocess.run(["curl", "-sS", "--cacert", certificates() / "ca.pem", "--cert", ca / "private/till.pem", f"https://localhost:{edge.ports['internet']}/status"],
                              capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"<mserver", done.stdout)
        self.assertEqual(edge.access_log(1)[0]["client_name"], "till")

    def test_php_streams(self):
        if not shutil.which("php"):
            self.skipTest("php is not installed")
        ca = self.own_authority()
        server, edge = self.company(ca / "ca.pem", certificate="required")
        options = {"local_cert": str(ca / "private/till.pem"), "cafile": str(certificates() / "ca.pem"), "peer_name": "localhost"}
        listed = ", ".join(f"'{key}' => '{value}'" for key, value in options.items())
        done = subprocess.run(["php", "-r", f"""
            $context = stream_context_create(['ssl' => [{listed}]]);
            $socket = stream_socket_client('ssl://localhost:{edge.ports['internet']}', $code, $why, 30, STREAM_CLIENT_CONNECT, $context);
            fwrite($socket, "GET /status HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n");
            echo stream_get_contents($socket);"""], capture_output=True, timeout=60, check=False)
        self.assertIn(b"<mserver", done.stdout, done.stderr)
        self.assertEqual(edge.access_log(1)[0]["client_name"], "till")


class Files(Story):
    def fails(self, words, *arguments):
        done = subprocess.run([program(), "run", "--listen", DOOR, "--to", "mserver=https://localhost:1", *map(str, arguments)],
                              capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, words)

    def test_half_a_pair(self):
        authority = Authority()
        certificate, key = authority.issue("till")
        self.fails("holds no private key: put it into the same file, or name its own", "--client-cert", certificate)
        self.fails("can't be read as a PEM certificate", "--client-cert", key)
        other = authority.issue("other")[1]
        self.fails("is not the key of", "--client-cert", certificate, "--client-key", other)

    def test_a_key_that_everybody_may_read(self):
        certificate, key = Authority().issue("till")
        key.chmod(0o604)
        self.fails("everybody on this machine may read this private key", "--client-cert", certificate, "--client-key", key)

    def test_a_key_under_a_password_asks_nobody(self):
        authority = Authority()
        certificate, key = authority.issue("till")
        authority.run("pkcs8", "-topk8", "-in", key, "-passout", "pass:secret", "-out", "locked.key")
        self.fails("protected by a password", "--client-cert", certificate, "--client-key", authority.directory / "locked.key")
