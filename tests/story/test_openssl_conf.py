"""The system's openssl.cnf: what it asks for beyond what the edge does holds, and a refusal for its sake says why."""

import json
import os
import ssl
import subprocess
import tempfile
import unittest

from harness import Lines, Story, certificates, config, free_port, pair, program, scratch

from web import Web

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class System(Story):
    def system(self, *lines):
        with tempfile.NamedTemporaryFile("w", dir=scratch(), suffix=".cnf", delete=False) as file:
            file.write("\n".join(["openssl_conf = init", "[init]", "ssl_conf = modules", "[modules]", "system_default = all", "[all]", *lines, ""]))
        return {"OPENSSL_CONF": file.name}

    def settings(self, name):
        return config(self.standin(Web), listen=[{"name": "internet", "address": "127.0.0.1:0", "certificates": [pair(name)]}])

    def test_a_least_version_of_the_system_holds(self):
        edge = self.start(self.settings("server-ecdsa"), environment=self.system("MinProtocol = TLSv1.3"))
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            edge.ask(ASK, maximum=ssl.TLSVersion.TLSv1_2)
        edge.said.wait("the caller offers no TLS 1.3, and the system's openssl.cnf allows nothing older")
        self.assertNotIn("no TLS version from 1.2 on", edge.said.text)
        self.assertEqual(edge.ask(ASK, minimum=ssl.TLSVersion.TLSv1_3).status, 200)

    def shake(self, edge, *options):
        """What is negotiated with a caller of these options; "": nothing."""
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{edge.ports['internet']}", *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
        return done.stdout if done.returncode == 0 and "Cipher is (NONE)" not in done.stdout else ""

    def test_what_the_system_allows_is_all_that_is_negotiated(self):
        edge = self.start(self.settings("server-ecdsa"), environment=self.system("Ciphersuites = TLS_AES_256_GCM_SHA384"))
        self.assertEqual(self.shake(edge, "-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256"), "")
        self.assertIn("TLS_AES_256_GCM_SHA384", self.shake(edge, "-tls1_3"))
        self.assertIn("ECDHE-ECDSA-AES128-GCM-SHA256", self.shake(edge, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"))
        for key in ("Groups", "Curves"):
            edge = self.start(self.settings("server-ecdsa"), environment=self.system(f"{key} = P-384"))
            for version in ("-tls1_2", "-tls1_3"):
                self.assertEqual(self.shake(edge, version, "-groups", "X25519"), "")
                self.assertEqual(self.shake(edge, version, "-groups", "P-256"), "")
                self.assertIn("384", self.shake(edge, version, "-groups", "X25519:P-256:P-384"))
        edge = self.start(self.settings("server-ecdsa"), environment=self.system("CipherString = ECDHE-ECDSA-AES256-GCM-SHA384:AES256-SHA"))
        self.assertEqual(self.shake(edge, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"), "")
        self.assertIn("ECDHE-ECDSA-AES256-GCM-SHA384", self.shake(edge, "-tls1_2"))
        self.assertNotEqual(self.shake(edge, "-tls1_3"), "")

    def test_where_it_allows_none_of_the_edges_ciphers_tls_1_2_is_not_spoken(self):
        edge = self.start(self.settings("server-ecdsa"), environment=self.system("CipherString = ECDHE-ECDSA-AES128-SHA"))
        self.assertEqual(self.shake(edge, "-tls1_2"), "")
        edge.said.wait("the caller offers no TLS 1.3, and the system's openssl.cnf allows nothing older")
        self.assertNotEqual(self.shake(edge, "-tls1_3"), "")

    def test_it_can_not_be_less_than_the_edges_own(self):
        edge = self.start(self.settings("server-ecdsa"), environment=self.system("MinProtocol = TLSv1", "CipherString = DEFAULT@SECLEVEL=0"))
        self.assertEqual(edge.ask(ASK, maximum=ssl.TLSVersion.TLSv1_2).status, 200)
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{edge.ports['internet']}", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"],
                              capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
        self.assertNotEqual(done.returncode, 0, done.stdout)

    def server(self, version):
        """One that speaks only this version, and settings for an edge before it."""
        server = self.standin(Web, tls=(certificates() / "server-ecdsa.pem", certificates() / "server-ecdsa.key"))
        server.tls.minimum_version = server.tls.maximum_version = version
        return config(server, server={"tls": {"ca": str(certificates() / "ca.pem"), "name": "localhost"}})

    def test_a_least_version_of_the_system_holds_towards_servers(self):
        system = self.system("MinProtocol = TLSv1.3")
        self.assert_refused(self.start(self.server(ssl.TLSVersion.TLSv1_2), environment=system).ask(ASK, "lan"), 502, "tls_protocol_error")
        self.assertEqual(self.start(self.server(ssl.TLSVersion.TLSv1_3), environment=system).ask(ASK, "lan").status, 200)

    def test_a_greatest_version_of_the_system_holds_towards_servers(self):
        system = self.system("MaxProtocol = TLSv1.2")
        self.assert_refused(self.start(self.server(ssl.TLSVersion.TLSv1_3), environment=system).ask(ASK, "lan"), 502, "tls_protocol_error")
        self.assertEqual(self.start(self.server(ssl.TLSVersion.TLSv1_2), environment=system).ask(ASK, "lan").status, 200)

    def test_towards_servers_it_can_not_be_less_than_the_edges_own(self):
        system = self.system("MinProtocol = TLSv1", "CipherString = DEFAULT@SECLEVEL=0")
        self.assertEqual(self.start(self.server(ssl.TLSVersion.TLSv1_2), environment=system).ask(ASK, "lan").status, 200)
        old = self.server(ssl.TLSVersion.TLSv1_2)
        port, identity = free_port(), certificates() / "server-ecdsa"
        command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0", "-www"]
        command += ["-cert", f"{identity}.pem", "-cert_chain", f"{identity}.pem", "-key", f"{identity}.key"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ | system)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        Lines(server.stdout).wait("ACCEPT")
        old["servers"]["upstream"]["url"] = f"https://127.0.0.1:{port}"
        self.assert_refused(self.start(old, environment=system).ask(ASK, "lan"), 502, "tls_protocol_error")
        # It is the edge that does not want to: others come in.
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"],
                              capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
        self.assertIn("TLSv1.1", done.stdout)

    def test_a_refusal_for_a_security_level_says_why(self):
        path = scratch() / "level.yaml"
        path.write_text(json.dumps(self.settings("server-rsa")))
        done = subprocess.run([program(), "check", "-c", path], capture_output=True, text=True, timeout=60, check=False,
                              env=os.environ | self.system("CipherString = DEFAULT@SECLEVEL=3"))
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("OpenSSL refuses this certificate: ee key too small", done.stderr)


if __name__ == "__main__":
    unittest.main()
