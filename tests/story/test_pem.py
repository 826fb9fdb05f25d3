"""PEM files that hold more than one block: all of it counts, or the file is refused and what was in force stays."""

import base64
import json
import ssl
import subprocess

from authority import Authority
from harness import program
from test_certificates import ASK, Guarded


def glued(*texts):
    """Blocks in one line, as `cat` makes of files that do not end with a line break."""
    return "".join(text.rstrip("\n") for text in texts)


def without_line(text, number):
    lines = text.splitlines(keepends=True)
    return "".join(lines[:number] + lines[number + 1 :])


def damaged(text, number=4):
    """One letter of a line is another."""
    lines = text.splitlines(keepends=True)
    lines[number] = ("B" if lines[number][0] != "B" else "C") + lines[number][1:]
    return "".join(lines)


def half(text):
    return text[: len(text) // 2]


def der(text):
    return base64.b64decode("".join(line for line in text.splitlines() if not line.startswith("-")))


# How a file of two blocks goes wrong, and what is said. The first block is whole wherever it can be.
WAYS = {
    "glued": (lambda a, b: glued(a, b) + "\n", "stand in one line"),
    "second damaged": (lambda a, b: a + without_line(b, 3), "damaged|come out even"),
    "second changed in one letter": (lambda a, b: a + damaged(b), "damaged|not signed"),
    "second half copied": (lambda a, b: a + half(b), "no -----END line"),
    "second without its beginning": (lambda a, b: a + b.split("\n", 1)[1], "lost"),
    "first half copied": (lambda a, b: half(a) + "\n" + b, "no -----END line before the next"),
    "first without its end": (lambda a, b: a.rsplit("-----END", 1)[0] + b, "no -----END line before the next"),
    "a sign too little": (lambda a, b: a + b.replace("-----BEGIN", "----BEGIN"), "nearly a -----BEGIN"),
    "a mark of another program": (lambda a, b: a + "\ufeff" + b, "nearly a -----BEGIN"),
    "of OpenSSL's own kind": (lambda a, b: a + b.replace(" CERTIFICATE-", " TRUSTED CERTIFICATE-").replace("X509 CRL-", "CRL-"), "plain one|does not belong"),
    "empty": (lambda a, b: "", "is empty"),
    "DER": (lambda a, b: der(a), "in DER form, not PEM; convert it: openssl"),
}
GOOD = {
    "text between": lambda a, b: "Bag Attributes\n    localKeyID: 01\nsubject=CN = x\n" + a + "\nissuer=CN = y\n" + b,
    "CRLF": lambda a, b: (a + b).replace("\n", "\r\n"),
    "byte order mark": lambda a, b: "\ufeff" + a + b,
    "spaces behind lines": lambda a, b: (a + b).replace("\n", "  \n"),
}


def write(path, made):
    new = path.with_suffix(".new")
    new.write_bytes(made if isinstance(made, bytes) else made.encode())
    new.chmod(0o600)
    new.rename(path)


class Pem(Guarded):
    def setUp(self):
        self.authority = Authority()  # not the class's: this one revokes
        self.till = self.authority.issue("till")
        self.other = Authority("Other")
        self.brno = self.other.issue("brno")
        self.cas = self.other.directory / "both.pem"
        self.lists = self.other.directory / "lists.pem"
        self.first, self.second = self.authority.file.read_text(), self.other.file.read_text()
        self.first_list, self.second_list = self.authority.revoke().read_text(), self.other.revoke().read_text()
        write(self.cas, self.first + self.second)
        write(self.lists, self.first_list + self.second_list)

    def guarded(self, **keys):
        clients = {"till": {"certificate": {"san": "till.branch.test"}}, "brno": {"certificate": {"san": "brno.branch.test"}}}
        return self.settings(clients, listen=[self.listener(**{"client_ca": str(self.cas), "client_crl": str(self.lists), **keys})], workers=1)[1]

    def check(self, settings):
        path = self.other.directory / "checked.yaml"
        path.write_text(json.dumps(settings))
        return subprocess.run([program(), "check", "-c", path], capture_output=True, text=True, timeout=60, check=False)

    def refuses(self, settings, words, file):
        done = self.check(settings)
        self.assertEqual(done.returncode, 2, done.stderr)
        said = [line for line in (done.stdout + done.stderr).splitlines() if str(file) in line]
        self.assertEqual(len(said), 1, done.stderr)
        self.assertRegex(said[0], words)

    def test_check_refuses_what_can_not_be_read_whole(self):
        leaf, middle = self.chain()
        key = self.other.directory / "leaf.key"
        chain = self.other.directory / "chain.pem"
        write(chain, leaf + middle)
        settings = self.guarded(certificates=[{"chain": str(chain), "key": str(key)}])
        self.assertEqual(self.check(settings).returncode, 0, self.check(settings).stderr)
        for file, blocks in ((self.cas, (self.first, self.second)), (self.lists, (self.first_list, self.second_list)), (chain, (leaf, middle))):
            was = file.read_bytes()
            for name, make in GOOD.items():
                with self.subTest(name, file=file.name):
                    write(file, make(*blocks))
                    done = self.check(settings)
                    self.assertEqual(done.returncode, 0, done.stderr)
            for name, (make, words) in WAYS.items():
                if file == chain and name == "second changed in one letter":
                    continue  # only its issuer, which is not there, could tell
                with self.subTest(name, file=file.name):
                    write(file, make(*blocks))
                    self.refuses(settings, words, file)
            write(file, was)

    def chain(self):
        middle = Authority("Middle", self.other)
        middle.issue("edge", san="DNS:localhost", usage="serverAuth")
        (self.other.directory / "leaf.key").write_text((middle.directory / "edge.key").read_text())
        (self.other.directory / "leaf.key").chmod(0o600)
        return (middle.directory / "edge.leaf").read_text(), middle.file.read_text()

    def test_a_server_s_ca_and_the_certificate_that_is_shown_to_it(self):
        ca = self.other.directory / "server-ca.pem"
        certificate, key = self.other.issue("edge")
        own = self.other.directory / "own.pem"
        settings = self.guarded()
        url = next(iter(settings["servers"].values()))["url"].replace("http:", "https:")
        tls = {"ca": str(ca), "client_certificate": {"chain": str(own), "key": str(own)}}
        settings["servers"]["web"] = {"url": url, "profile": "http", "tls": tls}
        settings["routes"][0]["server"] = "web"
        both = certificate.read_text(), key.read_text()
        write(own, "".join(both))
        write(ca, self.first + self.second)
        self.assertEqual(self.check(settings).returncode, 0, self.check(settings).stderr)
        for name, (make, words) in WAYS.items():
            with self.subTest(name, file="ca"):
                write(ca, make(self.first, self.second))
                self.refuses(settings, words, ca)
        write(ca, self.first)
        for name, text, words in (("glued", glued(*both), "stand in one line"), ("no key", both[0], "no private key"), ("no certificate", both[1], "PEM certificate"),
                                  ("two keys", "".join(both) + both[1], "second private key"), ("damaged", both[0] + without_line(both[1], 2), "damaged|come out even")):
            with self.subTest(name, file="own"):
                write(own, text)
                self.refuses(settings, words, own)

    def test_a_reload_keeps_what_was_in_force(self):
        edge = self.start(self.guarded())
        for make, words in WAYS.values():
            write(self.cas, make(self.first, self.second))
            mark = len(edge.said.lines)
            self.assertIn("reload refused", edge.reload())
            self.assertRegex("\n".join(edge.said.lines[mark:]), words)
            for certificate in (self.till, self.brno):
                self.assertEqual(edge.ask(ASK, certificate=certificate).status, 200)
        write(self.cas, self.second + self.first)
        self.assertIn("reloaded", edge.reload())
        self.assertEqual(edge.ask(ASK, certificate=self.brno).status, 200)

    def test_a_list_that_is_not_whole_revokes_and_forgives_nothing(self):
        edge = self.start(self.guarded())
        for certificate in (self.till, self.brno):
            self.assertEqual(edge.ask(ASK, certificate=certificate).status, 200)
        self.second_list = self.other.revoke("brno").read_text()
        write(self.lists, self.first_list + self.second_list)
        edge.said.wait("a changed revocation list is in use")
        self.is_out(edge, self.brno)
        blocks = [self.first_list, self.second_list]
        for make, words in WAYS.values():
            blocks.reverse()
            mark = len(edge.said.lines)
            write(self.lists, make(*blocks))
            edge.said.wait("a changed revocation list can't be used; the one before stays", mark)
            self.assertRegex("\n".join(edge.said.lines[mark:]), words)
            self.is_out(edge, self.brno)
            self.assertEqual(edge.ask(ASK, certificate=self.till).status, 200)
        mark = len(edge.said.lines)
        write(self.lists, self.second_list + self.authority.revoke("till").read_text())
        edge.said.wait("a changed revocation list is in use", mark)
        self.is_out(edge, self.till)
        self.is_out(edge, self.brno)

    def is_out(self, edge, certificate):
        self.fails(edge, certificate, "is revoked", minimum=ssl.TLSVersion.TLSv1_3)
