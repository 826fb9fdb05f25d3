"""Certificates, CAs and revocation lists that can be used and will not be believed: said in plain words by `check`, at the start and by a
reload."""

import datetime
import json
import re
import subprocess
import unittest

from authority import Authority
from harness import config, program
from test_cert_cli import Cli
from test_certificates import HOUR, Guarded, now

CA = "basicConstraints = critical, CA:true\nkeyUsage = critical, keyCertSign, cRLSign\nsubjectKeyIdentifier = hash\n"


class Doubts(Guarded):
    def setUp(self):
        self.root = Authority("Root")
        self.middle = Authority("Middle", self.root)
        self.folder = self.root.directory

    def issue(self, authority, curve="P-256", **options):
        """(chain without the intermediate, key)"""
        certificate, key = authority.issue("edge", san="DNS:ucto.example.cz", usage="serverAuth", **options)
        if curve != "P-256":
            authority.run("genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-out", "edge.key")
            authority.run("req", "-new", "-key", "edge.key", "-subj", "/CN=edge", "-out", "edge.request")
            authority.sign("edge.request", "edge.leaf", "subjectAltName = DNS:ucto.example.cz")
        return (authority.directory / "edge.leaf").read_text(), key

    def again(self, extensions=CA, **dates):
        """The intermediate, signed anew."""
        self.root.sign(self.middle.directory / "request", self.middle.file, extensions, **dates)
        return self.middle.file.read_text()

    def serving(self, chain, key, hosts=("ucto.example.cz",), **keys):
        file = self.folder / "chain.pem"
        file.write_text(chain)
        settings = config("http://127.0.0.1:1", listen=[{"name": "internet", "address": "127.0.0.1:0", "certificates": [{"chain": str(file), "key": str(key)}], **keys}])
        route = settings["routes"][0]
        settings["routes"] = [{**{k: v for k, v in route.items() if k != "host"}, **({"host": host} if host else {})} for host in hosts]
        return settings

    def check(self, settings):
        path = self.folder / "checked.yaml"
        path.write_text(json.dumps(settings))
        done = subprocess.run([program(), "check", "-c", path], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [line for line in done.stderr.splitlines() if "warning" in line and "spool directory" not in line]

    def says(self, settings, *words):
        """One warning for each of these, and no other; by each who reads the settings."""
        said = self.check(settings)
        self.assertEqual(len(said), len(words), said)
        for each in words:
            self.assertTrue(any(re.search(each, line) for line in said), (each, said))
        return said

    def test_a_good_chain_is_no_matter(self):
        leaf, key = self.issue(self.middle)
        self.says(self.serving(leaf + self.middle.file.read_text(), key))
        self.says(self.serving(leaf + self.middle.file.read_text() + self.root.file.read_text(), key))
        self.says(self.serving(leaf + self.middle.file.read_text(), key, hosts=["*.example.cz"]))
        self.says(self.serving(leaf + self.middle.file.read_text(), key, hosts=[""]))

    def test_at_the_start_and_by_a_reload_as_by_check(self):
        leaf, key = self.issue(self.middle)
        settings = self.serving(leaf, key)
        said = self.says(settings, "without the intermediate")
        words = said[0].split("warning: ")[1]
        edge = self.start(settings)
        edge.said.wait(re.escape(words))
        mark = len(edge.said.lines)
        self.assertIn("reloaded", edge.reload())
        edge.said.wait(re.escape(words), mark)

    def test_a_chain_without_its_intermediate(self):
        leaf, key = self.issue(self.middle)
        self.says(self.serving(leaf, key), r"holds the certificate alone, without the intermediate certificate of its CA \(CN=Middle\).*fullchain")
        self.says(self.serving(leaf + self.root.file.read_text(), key), "certificate 2 of the chain did not issue certificate 1")
        leaf, key = self.issue(self.root)
        self.says(self.serving(leaf, key, client_ca=str(self.root.file)))

    def test_an_intermediate_out_of_its_dates(self):
        leaf, key = self.issue(self.middle)
        old = self.again(start=now() - 2 * HOUR, end=now() - HOUR)
        self.says(self.serving(leaf + old, key), r"certificate 2 of the chain \(CN=Middle\) expired on")
        early = self.again(start=now() + HOUR, end=now() + 2 * HOUR)
        self.says(self.serving(leaf + early, key), r"certificate 2 of the chain \(CN=Middle\) is not valid before")

    def test_an_intermediate_of_another_purpose(self):
        leaf, key = self.issue(self.middle)
        mail = self.again(CA + "extendedKeyUsage = emailProtection\n")
        self.says(self.serving(leaf + mail, key), r"certificate 2 of the chain \(CN=Middle\) may not issue for this purpose")
        person = self.again("basicConstraints = critical, CA:false\nsubjectKeyIdentifier = hash\n")
        self.says(self.serving(leaf + person, key), r"certificate 2 of the chain \(CN=Middle\) is not a CA's")

    def test_a_certificate_for_no_routes_host(self):
        leaf, key = self.issue(self.middle)
        chain = leaf + self.middle.file.read_text()
        self.says(self.serving(chain, key, hosts=["other.example.cz"]),
                  "no certificate is for other.example.cz, the host of a route: its callers get that for ucto.example.cz",
                  "chain.pem: this certificate is for ucto.example.cz: no route here has such a host")
        self.says(self.serving(chain, key, hosts=["other.example.cz", "ucto.example.cz"]), "no certificate is for other.example.cz")

    def test_a_key_that_no_client_takes(self):
        leaf, key = self.issue(self.middle, "secp256k1")
        self.says(self.serving(leaf + self.middle.file.read_text(), key), "the key is on the curve secp256k1, which no browser")

    def test_a_ca_of_callers_out_of_its_dates(self):
        leaf, key = self.issue(self.middle)
        chain = leaf + self.middle.file.read_text()
        self.again(start=now() - 2 * HOUR, end=now() - HOUR)
        self.says(self.serving(chain, key, client_ca=str(self.middle.file)), "this CA expired on .*nobody is let in by it")

    def test_a_list_that_is_not_valid_yet(self):
        leaf, key = self.issue(self.middle)
        chain = leaf + self.middle.file.read_text()
        crl = self.root.revoke(until=now() + datetime.timedelta(days=3))  # it begins a day before its end
        settings = self.serving(chain, key, client_ca=str(self.root.file), client_crl=str(crl))
        self.says(settings, "this revocation list is not valid before .*Is the clock of this machine right")
        edge = self.open(listen=[self.listener(client_ca=str(self.root.file), client_crl=str(crl))])[1]
        edge.said.wait("this revocation list is not valid before")
        self.fails(edge, self.root.issue("till"), "client_crl is not valid yet")
        mark = len(edge.said.lines)
        self.root.revoke()
        edge.said.wait("a changed revocation list is in use", mark)


class Clock(Cli):
    def future(self):
        """The tool's list, as it would be had the clock been ahead by a year: of the same number, and signed by its CA."""
        place = self.place / "openssl"
        place.mkdir()
        (place / "index").touch()
        (place / "number").write_text("01\n")
        (place / "config").write_text("[ca]\ndefault_ca = x\n[x]\ndatabase = index\ncrlnumber = number\ndefault_md = sha256\n")
        date = (now() + datetime.timedelta(days=365)).strftime("%Y%m%d%H%M%SZ")
        later = (now() + datetime.timedelta(days=4000)).strftime("%Y%m%d%H%M%SZ")
        subprocess.run(["openssl", "ca", "-gencrl", "-config", "config", "-cert", self.ca / "ca.pem", "-keyfile", self.ca / "private/ca.key", "-crl_lastupdate", date,
                        "-crl_nextupdate", later, "-out", self.ca / "crl.pem"], cwd=place, check=True, capture_output=True)

    def test_the_tool_tells_of_a_list_that_is_not_valid_yet_and_makes_it_anew(self):
        self.cert("init-ca")
        self.cert("issue", "till")
        self.future()
        self.bad("crl.pem is not valid before .*no branch is let in by it. Is the clock of this machine right", "cert", "list", "--dir", self.ca)
        self.cert("issue", "warehouse")
        self.assertEqual(sorted(name for name, _ in self.records().values()), ["till", "warehouse"], "and `list` is content")
        said = subprocess.run(["openssl", "crl", "-in", self.ca / "crl.pem", "-noout", "-text"], check=True, capture_output=True, text=True).stdout
        self.assertRegex(said, r"CRL Number:\s+2")
        self.assertIn("made the revocation list anew", (self.ca / "audit.log").read_text())
        subprocess.run(["openssl", "verify", "-crl_check", "-CRLfile", self.ca / "crl.pem", "-CAfile", self.ca / "ca.pem", self.ca / "private/till.pem"], check=True, capture_output=True)

    def test_a_servers_file_has_its_ca(self):
        self.cert("init-ca")
        self.cert("server", "ucto.example.cz")
        file = self.ca / "private/server-ucto.example.cz.pem"
        settings = config("http://127.0.0.1:1", listen=[{"name": "internet", "address": "127.0.0.1:0", "certificates": [{"chain": str(file), "key": str(file)}]}])
        (self.place / "x.yaml").write_text(json.dumps(settings))
        self.good("check", "-c", self.place / "x.yaml")
        said = subprocess.run([program(), "check", "-c", self.place / "x.yaml"], capture_output=True, text=True, check=True).stderr
        self.assertNotIn("intermediate", said)


if __name__ == "__main__":
    unittest.main()
